import { mkdirSync } from "node:fs";
import { parseProfile, profileJsonSchema, schemes } from "@verdigris/core";
import { beforeAll, describe, expect, test } from "vitest";
import { PROFILE, cli, file, inFolder, profilePath, profileWith } from "./support.js";

beforeAll(() => {
  mkdirSync(inFolder("marks"));
  file("marks/one.json", JSON.stringify(profileWith({ id: "one" })));
  file("marks/broken.json", JSON.stringify(profileWith({ h: 9 })));
  file("marks/package.json", '{"name": "not a profile"}');
  file("marks/notes.txt", "nor this");
});

describe("verdigris profiles", () => {
  test("list: schemes, and the profiles of a folder with what is wrong with them", async () => {
    const { code, stdout } = await cli(["profiles", "list", "--dir", "marks"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/ {2}green-list +Green list/);
    expect(stdout).toMatch(/ {2}gumbel +Gumbel/);
    expect(stdout).toContain("one  version 1, green-list, h = 2, V = 49152  (one.json)");
    expect(stdout).toMatch(/broken\.json: invalid: profile\.h: .*got 9/);
    expect(stdout).not.toContain("package.json");
  });

  test("list --format json: every scheme, and the profiles of a folder", async () => {
    const { stdout } = await cli(["profiles", "list", "--dir", "marks", "--format", "json"]);
    const listed = JSON.parse(stdout) as { schemes: { name: string }[]; profiles: object[] };
    expect(listed.schemes.map(({ name }) => name)).toEqual(schemes.map(({ name }) => name));
    expect(listed.profiles).toEqual([
      { file: "broken.json", problem: expect.stringMatching(/^profile\.h: .*got 9/) },
      { file: "one.json", id: "one", version: 1, scheme: "green-list", h: 2, V: 49_152 },
    ]);
  });

  test("list: a folder without profiles, and none at all", async () => {
    mkdirSync(inFolder("bare"));
    expect((await cli(["profiles", "list", "--dir", "bare"])).stdout).toMatch(/bare:\n {2}none\n$/);
    expect(await cli(["profiles", "list", "--dir", "nowhere"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("nowhere is not a directory"),
    });
  });

  test("show prints a profile that parses", async () => {
    const { code, stdout } = await cli(["profiles", "show", "test-h2"]);
    expect(code).toBe(0);
    expect(parseProfile(JSON.parse(stdout))).toEqual(PROFILE);
  });

  test("show names the ids there are", async () => {
    expect(await cli(["profiles", "show", "two", "--dir", "marks"])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/it has one\), got "two"/),
    });
  });

  test("validate: ok", async () => {
    expect(await cli(["profiles", "validate", profilePath])).toMatchObject({
      code: 0,
      stdout: "ok: test-h2, version 1\n",
    });
  });

  test("show prints a file", async () => {
    const { stdout } = await cli(["profiles", "show", "marks/one.json"]);
    expect(parseProfile(JSON.parse(stdout)).id).toBe("one");
  });

  test("validate: a directory, the good ones told and the others named", async () => {
    const { code, stdout, stderr } = await cli(["profiles", "validate", "marks", profilePath]);
    expect([code, stdout]).toEqual([2, "ok: one, version 1\nok: test-h2, version 1\n"]);
    expect(stderr).toMatch(/^error: \S*broken\.json is not a profile:\n {2}profile\.h: .*got 9/);
    mkdirSync(inFolder("empty"));
    expect((await cli(["profiles", "validate", "empty"])).stderr).toMatch(
      /file: expected profiles/,
    );
  });

  test("validate: every problem, each on its line", async () => {
    const parameters = { gamma: 1.5, delta: 2 };
    const path = file(
      "bad.json",
      JSON.stringify(profileWith({ h: -1, V: 0.5, seeding: "right", extra: 1, parameters })),
    );
    const { code, stderr } = await cli(["profiles", "validate", path]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: \S*bad\.json is not a profile:\n {2}profile/);
    expect(stderr).toMatch(/\n {2}profile\.parameters\.gamma: .*got 1\.5/);
    expect(stderr).toMatch(/profile\.h: .*got -1/);
    expect(stderr).toMatch(/profile\.V: .*got 0\.5/);
    expect(stderr).toMatch(/profile\.seeding: .*"left"\|"min"\|"self", got "right"/);
    expect(stderr).toMatch(/extra/);
  });

  test("schema prints the JSON Schema", async () => {
    const { stdout } = await cli(["profiles", "schema"]);
    expect(JSON.parse(stdout)).toEqual(JSON.parse(JSON.stringify(profileJsonSchema())));
  });
});
