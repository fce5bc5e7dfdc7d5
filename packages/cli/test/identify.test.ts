import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { parse } from "csv-parse/sync";
import { describe, expect, test } from "vitest";
import { jsonSchemas } from "../src/commands/schema.js";
import { identifySchema } from "../src/formats/schema.js";
import { KEY_HEX, TOKENIZER, cli, file, inFolder, profileWith, text } from "./support.js";

const profiles = inFolder("profiles");
mkdirSync(profiles);
const store = (name: string, profile: object): void =>
  writeFileSync(join(profiles, `${name}.json`), JSON.stringify(profile));
store("ours", profileWith());
store("gumbel", profileWith({ id: "gumbel", scheme: "gumbel", parameters: {} }));
store(
  "vllm",
  profileWith({
    id: "vllm",
    scheme: "vllm-gumbel",
    parameters: { alpha: null },
    prf: "philox4x32-10-v1",
  }),
);

const keys = file(
  "keys.txt",
  `# name and key\nacme ${KEY_HEX}\nother ${"ab".repeat(32)}\nvllm-user\t424242\n`,
);
const marked = file("suspect.txt", await text("marked", 300));
const unmarked = file("innocent.txt", await text("unmarked", 300, { key: null }));

const identify = (...args: readonly string[]): ReturnType<typeof cli> =>
  cli(["identify", ...args, "--profiles", profiles, "--tokenizer", TOKENIZER]);

describe("verdigris identify", () => {
  test("names the profile and key that mark a text: exit 0", async () => {
    const { code, stdout, stderr } = await identify(marked, "--keys", keys);
    expect(stderr).toBe("warning: 2 pairs skipped: the key is not of the profile's kind\n");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Found 1 of 7 marks/);
    expect(stdout).toMatch(/\n {2}detected .*test-h2, key acme\n/);
  });

  test("says none of an unmarked text: exit 1", async () => {
    const { code, stdout } = await identify(unmarked, "--keys", keys, "--format", "json");
    expect(code).toBe(1);
    const { tested, results } = JSON.parse(stdout) as {
      tested: number;
      results: { verdict: string; log10P: number; log10PAdjusted: number }[];
    };
    expect(tested).toBe(7);
    expect(results.map(({ verdict }) => verdict)).not.toContain("detected");
    for (const { log10P, log10PAdjusted } of results) {
      expect(log10PAdjusted).toBeGreaterThanOrEqual(log10P);
    }
  });

  test("prints JSON of the published schema, CSV and Markdown; --exit-zero", async () => {
    const formula = file("formula-keys.txt", `=1+1 ${KEY_HEX}\n`);
    const as = (format: string): ReturnType<typeof cli> =>
      identify(unmarked, "--keys", formula, "--exit-zero", "--format", format);
    const published = readFileSync(new URL("../identify.schema.json", import.meta.url), "utf8");
    expect(JSON.parse(published)).toEqual(jsonSchemas.identify());
    const { code, stdout } = await as("json");
    expect(code).toBe(0);
    const value = JSON.parse(stdout) as object;
    const validate = new Ajv2020().compile(JSON.parse(published) as object);
    expect(validate(value) ? [] : validate.errors).toEqual([]);
    expect(identifySchema.parse(value)).toEqual(value);
    expect(validate({ ...value, tested: -1 })).toBe(false);
    const rows: Record<string, string>[] = parse((await as("csv")).stdout, { columns: true });
    expect(rows).toHaveLength(3);
    expect(rows[0]).toMatchObject({ key: "'=1+1", verdict: "not-detected" });
    const table = (await as("md")).stdout.split("\n").filter((line) => line.startsWith("|"));
    expect(table).toHaveLength(2 + 3);
    for (const row of table) expect(row.split("|")).toHaveLength(5 + 2);
  });

  test("a text too short for all of them: exit 3", async () => {
    const short = file("short.txt", "Too short.");
    const { code } = await cli([
      "identify",
      short,
      "--profiles",
      ownOnly(),
      "--keys",
      keys,
      "--tokenizer",
      TOKENIZER,
    ]);
    expect(code).toBe(3);
  });

  test.each([
    [
      "a line without a key",
      "acme\n",
      /keys-.*:1: expected a name, a blank and a key, got one word/,
    ],
    ["no key that fits", "x notakey\n", /--keys: expected a key that fits a profile/],
  ])("%s: exit 2", async (name, content, message) => {
    const path = file(`keys-${name.length}.txt`, content);
    const { code, stderr } = await cli([
      "identify",
      marked,
      "--profiles",
      ownOnly(),
      "--keys",
      path,
      "--tokenizer",
      TOKENIZER,
    ]);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });

  test("a profile whose vocabulary the text exceeds is skipped with a note, the others are tested", async () => {
    const folder = inFolder("sizes");
    mkdirSync(folder);
    const put = (name: string, change: Readonly<Record<string, unknown>>): void =>
      writeFileSync(join(folder, `${name}.json`), JSON.stringify(profileWith(change)));
    put("ours", {});
    put("small", { id: "small", V: 300 });
    const args = ["--profiles", folder, "--keys", keys, "--tokenizer", TOKENIZER];
    const { code, stdout, stderr } = await cli(["identify", marked, ...args]);
    expect(stderr).toContain(
      "warning: profile small skipped: the text has tokens beyond its vocabulary\n",
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Found 1 of 2 marks[\s\S]*detected .*test-h2, key acme/);
    put("ours", { V: 200 });
    const none = await cli(["identify", marked, ...args]);
    expect(none.code).toBe(2);
    expect(none.stderr).toMatch(/tokens beyond the vocabulary of every profile/);
  });

  test("a folder without profiles: exit 2", async () => {
    const empty = inFolder("empty");
    mkdirSync(empty);
    const { code, stderr } = await cli(["identify", marked, "--profiles", empty, "--keys", keys]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/--profiles: expected profiles \(\*\.json\)/);
  });
});

/** A folder with a profile of our own scheme alone. */
function ownOnly(): string {
  const folder = inFolder("own");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "ours.json"), JSON.stringify(profileWith()));
  return folder;
}

describe("verdigris score --as-peer", () => {
  const hf = file(
    "hf.json",
    JSON.stringify(
      profileWith({
        scheme: "hf-green-list",
        parameters: { gamma: 0.25, delta: 2, contextWidth: 1 },
        prf: "torch-mt19937-v1",
        h: 1,
      }),
    ),
  );
  const key = file("hf-key.txt", "15485863\n");

  test("prints the project's own figures beside ours, and its mark's weaknesses", async () => {
    const args = ["score", unmarked, "--profile", hf, "--key-file", key, "--tokenizer", TOKENIZER];
    const { code, stdout, stderr } = await cli([...args, "--as-peer", "--decoys", "9"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/warning: key-modulo-2\^32: .*\nwarning: token-0: /);
    expect(stdout).toMatch(/as Hugging Face transformers 5\.23\.0 would print it:/);
    expect(stdout).toMatch(/\n {2}z_score +-?\d/);
  });

  test("is refused for our own schemes", async () => {
    const own = file("own.json", JSON.stringify(profileWith()));
    const ownKey = file("own-key.txt", KEY_HEX);
    const { code, stderr } = await cli([
      "score",
      unmarked,
      "--profile",
      own,
      "--key-file",
      ownKey,
      "--as-peer",
    ]);
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /--as-peer: expected a profile of another project's mark, got green-list/,
    );
  });
});
