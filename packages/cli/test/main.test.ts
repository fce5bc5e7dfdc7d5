import { Writable } from "node:stream";
import { describe, expect, test } from "vitest";
import { cli } from "./support.js";

/** A pipe whose reader has gone. */
class ClosedPipe extends Writable {
  override _write(_chunk: Buffer, _encoding: string, done: (error: Error) => void): void {
    done(Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));
  }
}

describe("verdigris", () => {
  test("--version prints the package's", async () => {
    expect(await cli(["--version"])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
  });

  test("--help names every command", async () => {
    const { code, stdout } = await cli(["--help"]);
    expect(code).toBe(0);
    for (const name of ["keygen", "mark", "score", "survive", "report", "profiles"])
      expect(stdout).toContain(`  ${name}`);
  });

  test("help of a command tells its exit codes", async () => {
    expect((await cli(["score", "--help"])).stdout).toContain(
      "0 detected, 1 not detected, 2 usage or input, 3 too short",
    );
  });

  test.each([[[]], [["scroe"]], [["--colour"]], [["profiles"]], [["profiles", "show"]]])(
    "usage errors exit with 2: %j",
    async (args) => {
      const { code, stdout, stderr } = await cli(args);
      expect(code).toBe(2);
      expect(stdout).toBe("");
      expect(stderr).not.toBe("");
    },
  );

  test("a reader that goes away is no error to talk about", async () => {
    const { code, stderr } = await cli(["profiles", "schema"], { stdout: new ClosedPipe() });
    expect(code).toBe(141);
    expect(stderr).toBe("");
  });

  test("nobody listening to standard error changes nothing", async () => {
    expect((await cli(["keygen"], { stderr: new ClosedPipe() })).code).toBe(0);
    expect((await cli(["--help"], { stdout: new ClosedPipe() })).code).toBe(0);
  });
});
