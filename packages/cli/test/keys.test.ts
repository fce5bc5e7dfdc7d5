import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { Key } from "@verdigris/core";
import { describe, expect, test } from "vitest";
import { readTenantsFile } from "../src/serve/tenants-file.js";
import {
  KEY,
  KEY_HEX,
  Sink,
  TOKENIZER,
  chunks,
  cli,
  file,
  inFolder,
  keyPath,
  profilePath,
} from "./support.js";

const digest = (text: string): string => createHash("sha256").update(text).digest("hex");
const at = ["--registry", "sqlite:keys.db", "--provider", "us", "--master-file", keyPath];
const add = (name: string, ...more: readonly string[]): readonly string[] => {
  const what = ["--group", "resellers", "--profile", "test-h2", "--api-key-sha256", digest(name)];
  return ["keys", "add", name, ...what, ...at, ...more];
};

describe("verdigris keys", () => {
  test("registers tenants at their level, and says what a single account's key cannot do", async () => {
    const shared = await cli(add("one"));
    expect(shared).toMatchObject({ code: 0, stdout: "" });
    const groupKey = KEY.derive({ provider: "us", group: "resellers", epoch: "1" });
    expect(shared.stderr).toContain(`marked with the group's key ${groupKey.id}, epoch 1`);
    const own = await cli(add("two", "--level", "tenant"));
    expect(own.stderr).toContain("of n equal accounts each has 1/n of the evidence");
    const again = await cli(add("one"));
    expect(again).toMatchObject({ code: 2 });
    expect(again.stderr).toContain("expected a new name and API key");
  });

  test("plans the next epoch once, and lists how each stands", async () => {
    const rotate = ["keys", "rotate", "group:resellers", "--after", "1", ...at];
    const planned = await cli([...rotate, "--starts", "2999-01-01T00:00:00Z"]);
    expect(planned.stderr).toContain("starts 2999-01-01T00:00:00.000Z");
    const second = await cli([...rotate, "--starts", "2999-02-01T00:00:00Z"]);
    expect(second.stderr).toContain("it was there already");
    const { stdout } = await cli(["keys", "list", "--format", "json", ...at]);
    const { tenants, epochs } = JSON.parse(stdout);
    expect(tenants.map(({ name }: { name: string }) => name)).toEqual(["one", "two"]);
    expect(
      epochs.map(({ scope, number, state }: Record<string, unknown>) => [scope, number, state]),
    ).toEqual([
      ["group:resellers", 1, "active"],
      ["group:resellers", 2, "pending"],
      ["tenant:resellers/two", 1, "active"],
    ]);
    expect((await cli(["keys", "list", ...at])).stdout).toContain("epoch 2  pending");
  });

  test("hands out an epoch's key in a file, and revokes it", async () => {
    const out = ["--out", "handed.txt"];
    const handed = await cli(["keys", "export", "tenant:resellers/two", "1", ...out, ...at]);
    expect(handed.code).toBe(0);
    const path = { provider: "us", group: "resellers", tenant: "two", epoch: "1" };
    const written = readFileSync(inFolder("handed.txt"), "utf8");
    expect(Key.fromText(written).id).toBe(KEY.derive(path).id);
    expect(statSync(inFolder("handed.txt")).mode & 0o777).toBe(0o600);
    expect((await cli(["keys", "revoke", "tenant:resellers/two", "1", ...at])).code).toBe(0);
    expect((await cli(["keys", "list", ...at])).stdout).toContain("epoch 1  revoked");
    expect((await cli(["keys", "revoke", "tenant:resellers/two", "1", ...at])).code).toBe(2);
  });

  test("a master key comes sealed, from the environment or from a program", async () => {
    const passphrase = file("passphrase.txt", "correct horse battery\n");
    const sealed = ["--key-file", keyPath, "--out", "sealed.json", "--passphrase-file", passphrase];
    expect(await cli(["keys", "seal", ...sealed])).toMatchObject({ code: 0, stdout: "" });
    expect(readFileSync(inFolder("sealed.json"), "utf8")).not.toContain(KEY_HEX);
    const list = ["keys", "list", "--registry", "sqlite:keys.db", "--provider", "us"];
    const opened = ["--master-file", "sealed.json", "--passphrase-file", passphrase];
    expect((await cli([...list, ...opened])).code).toBe(0);
    const wrong = file("wrong.txt", "correct horse batterx\n");
    const refused = await cli([
      ...list,
      "--master-file",
      "sealed.json",
      "--passphrase-file",
      wrong,
    ]);
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(refused.stderr).toContain("expected its own passphrase");
    const program = file("key-manager.sh", `#!/bin/sh\ncat '${keyPath}'\n`, 0o700);
    expect((await cli([...list, "--master-command", program])).code).toBe(0);
  });

  test.each([
    ["no registry", ["keys", "list", "--provider", "us"], "registry: expected an address"],
    ["no master key", ["keys", "list", ...at.slice(0, 4)], "VERDIGRIS_MASTER_KEY is not set"],
    [
      "another address",
      ["keys", "list", "--registry", "mysql://secret@x", ...at.slice(2)],
      "expected sqlite:FILE",
    ],
    [
      "another provider",
      ["keys", "list", ...at.slice(0, 2), "--provider", "them", ...at.slice(4)],
      "registry: expected us",
    ],
    [
      "a scope that is none",
      ["keys", "rotate", "acme", "--after", "1", ...at],
      "Expected provider, group:",
    ],
    [
      "a time that is none",
      ["keys", "rotate", "provider", "--after", "1", "--starts", "soon", ...at],
      "Expected a time",
    ],
    [
      "an epoch that is not there",
      ["keys", "export", "provider", "1", "--out", "x", ...at],
      "epoch: expected one of 0",
    ],
    [
      "a digest that is none",
      ["keys", "add", "x", "--group", "g", "--profile", "p", "--api-key-sha256", "sk-x", ...at],
      "apiKeySha256: expected 64",
    ],
  ])("%s", async (_, args, message) => {
    const { code, stdout, stderr } = await cli(args);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain("secret");
  });
});

describe("a tenants file that names the registry", () => {
  const io = {
    stdin: chunks(),
    stdout: new Sink(),
    stderr: new Sink(),
    env: {},
    cwd: inFolder(""),
    openModel: () => Promise.reject(new Error("this test opens no model")),
    stopped: () => Promise.resolve(),
  };
  const registry = { url: "sqlite:served.db", provider: "us", master: { file: keyPath } };
  const detection = {
    tokenizer: TOKENIZER,
    clients: [{ name: "press", apiKeySha256: digest("sk-press") }],
  };
  const ask = new Request("http://gateway/", { headers: { authorization: "Bearer served" } });

  test("serves whom the registry knows, with the key in force, and tests for all begun epochs", async () => {
    const where = [...at.slice(2), "--registry", "sqlite:served.db"];
    const add = ["keys", "add", "served", "--group", "resellers", "--profile", "test-h2"];
    expect((await cli([...add, "--api-key-sha256", digest("served"), ...where])).code).toBe(0);
    const path = file(
      "tenants.json",
      JSON.stringify({ registry: { ...registry, profiles: [profilePath] }, detection }),
    );
    const served = await readTenantsFile(io, path);
    const tenant = await served.resolveTenant(ask);
    const first = KEY.derive({ provider: "us", group: "resellers", epoch: "1" });
    expect([tenant?.name, tenant?.key.id]).toEqual(["served", first.id]);
    const marks = served.detection?.marks;
    if (typeof marks !== "function") throw new TypeError("expected marks that change");
    expect((await marks()).map(({ key }) => key.id)).toEqual([first.id]);
  });

  test.each([
    [
      "another master key",
      { registry: { ...registry, master: { env: "NONE" } } },
      "NONE is not set",
    ],
    ["a key in the file", { registry: { ...registry, master: KEY_HEX } }, "master"],
    ["no provider", { registry: { ...registry, provider: "" } }, "provider"],
  ])("%s", async (_, given, message) => {
    const value = { registry: { profiles: [profilePath], ...given.registry } };
    const failed = readTenantsFile(io, file("bad-tenants.json", JSON.stringify(value)));
    await expect(failed).rejects.toThrow(message);
    await expect(failed).rejects.not.toThrow(KEY_HEX.slice(0, 16));
  });
});
