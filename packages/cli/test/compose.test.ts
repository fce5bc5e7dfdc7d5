/** The guide's compose file. Docker runs nowhere here: it is parsed, and what it starts is held against the command. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { cli, file } from "./support.js";

const path = fileURLToPath(new URL("../../docs/guide/compose.yaml", import.meta.url));
const compose = parse(readFileSync(path, "utf8")) as {
  readonly services: Readonly<
    Record<
      string,
      {
        readonly image: string;
        readonly command?: string;
        readonly volumes: readonly string[];
        readonly secrets?: readonly string[];
        readonly depends_on?: Readonly<Record<string, unknown>>;
      }
    >
  >;
  readonly volumes: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, unknown>>;
};

test("names only what it defines", () => {
  for (const service of Object.values(compose.services)) {
    for (const volume of service.volumes.map((one) => one.split(":")[0])) {
      if (!volume.startsWith(".")) expect(Object.keys(compose.volumes)).toContain(volume);
    }
    for (const secret of service.secrets ?? [])
      expect(Object.keys(compose.secrets)).toContain(secret);
    for (const other of Object.keys(service.depends_on ?? {}))
      expect(Object.keys(compose.services)).toContain(other);
    expect(service.image).toMatch(/^[a-z]+:\d+/);
  }
});

test("starts the gateway with options that it has", async () => {
  const words = compose.services["gateway"].command?.split(/\s+/) ?? [];
  const args = words.slice(words.indexOf("gateway"));
  const tenants = file("not-tenants.json", "{}");
  const known = args.map((word) => (word === "/config/tenants.json" ? tenants : word));
  // It gets as far as the file, which says nothing.
  const { code, stderr } = await cli(known);
  expect([code, stderr]).toEqual([2, expect.stringContaining("not-tenants.json.tenants")]);
  expect((await cli([...known, "--no-such-option"])).stderr).toContain("unknown option");
});

test("the gateway's upstream must be an address", async () => {
  const { code, stderr } = await cli(["gateway", "--upstream", "ftp://x", "--tenants", "t.json"]);
  expect([code, stderr]).toEqual([
    2,
    "error: --upstream: expected an http or https address, got ftp://x\n",
  ]);
});
