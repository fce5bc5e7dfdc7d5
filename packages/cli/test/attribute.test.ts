import { describe, expect, test } from "vitest";
import { KEY, KEY_HEX, TOKENIZER, cli, file, keyPath, profilePath, text } from "./support.js";

const ids = Array.from({ length: 50 }, (_, i) => `acct-${i}`);
const tenants = file("tenants.txt", `# ids\n${ids.join("\n")}\n`);
const grouped = file("grouped.txt", ids.map((id, i) => `group-${i % 5}\t${id}`).join("\n"));

const tenantKey = KEY.derive({ provider: "test-h2", tenant: "acct-7" });
const groupKey = KEY.derive({ provider: "acme", group: "group-2", epoch: "2026-10" });
const marked = file("by-tenant.txt", await text("marked", 300, { key: tenantKey }));
const pooled = file("by-group.txt", await text("pooled", 300, { key: groupKey }));
const unmarked = file("by-nobody.txt", await text("unmarked", 300, { key: null }));

const COMMON = ["--profile", profilePath, "--master-key-file", keyPath, "--tokenizer", TOKENIZER];
const attribute = (...args: readonly string[]): ReturnType<typeof cli> =>
  cli(["attribute", ...args, ...COMMON]);

describe("verdigris attribute", () => {
  test("names the tenant whose key marked the text: exit 0", async () => {
    const { code, stdout, stderr } = await attribute(marked, "--tenants", tenants);
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^Accused: tenant acct-7 \(alpha = 0.001 for all 51 keys together\)\./);
    expect(stdout).toContain(`tenant acct-7, key ${tenantKey.id}`);
    expect(stdout).toContain("only the keys of groups and of the provider");
    expect(stdout).not.toContain(KEY_HEX);
    expect(code).toBe(0);
  });

  test("tries group keys and epochs besides", async () => {
    const epochs = ["--epoch", "2026-09", "--epoch", "2026-10"];
    const path = ["--tenants", grouped, "--provider", "acme", ...epochs];
    const { code, stdout } = await attribute(pooled, ...path, "--format", "json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      verdict: "accused",
      keys: 2 * (1 + 5 + 50),
      accused: [{ level: "group", name: "group-2 in 2026-10", keyId: groupKey.id }],
      triage: [{ name: "group-2 in 2026-10" }],
    });
  });

  test("names nobody for an unmarked text: exit 1", async () => {
    const { code, stdout } = await attribute(unmarked, "--tenants", tenants);
    expect(stdout).toMatch(/^None: the text leads to none of the 51 keys/);
    expect(code).toBe(1);
  });

  test("refuses a text too short to tell: exit 3", async () => {
    const brief = file("brief.txt", "Too short to tell.");
    const { code, stdout } = await attribute(brief, "--tenants", tenants);
    expect(stdout).toMatch(/^Refused: with \d+ coins and 51 keys a tenant/);
    expect(code).toBe(3);
  });

  test("refuses an empty list of tenants: exit 2", async () => {
    const { code, stderr } = await attribute(marked, "--tenants", file("none.txt", "# none\n"));
    expect(stderr).toBe("error: --tenants: expected at least one line, got none\n");
    expect(code).toBe(2);
  });
});
