/** Mistakes that people make, one line each: what was expected, where, and what came. No stack, exit code 2. */
import { mkdirSync } from "node:fs";
import { openLlama } from "@verdigris/watermark/node-llama-cpp";
import { describe, expect, test } from "vitest";
import { TOKENIZER, cli, file, inFolder, keyPath, profilePath } from "./support.js";

mkdirSync(inFolder("a-folder"));
file("cut.json", '{"a":');
file("list.json", "[]");
file("some.txt", "some text of a person");
file("word.key", "swordfish");
file("no-records.jsonl", "nonsense\n");
file("half.jsonl", '{"text":"x"}\n');
file("budgets-2.json", '{"version":2}');
file(
  "lost-study.json",
  '{"kind":"study","name":"x","material":{"manifest":"gone.json","human":["x"]}}',
);
/** A study with some fields of its own. */
function studyFile(name: string, change: object): void {
  const material = { manifest: "list.json", human: ["some.txt"] };
  file(name, JSON.stringify({ kind: "study", name: "x", material, ...change }));
}
studyFile("typo-study.json", { default: { tokns: 1000 } });
studyFile("no-field-study.json", { vary: { "mark.width": [3] } });
studyFile("heads-study.json", { default: { student: { kind: "neural", width: 10 } } });
studyFile("lost-human.json", {
  material: { manifest: "list.json", human: ["some.txt", "gone.txt"] },
});
file("half-kind.json", '{"kind":"studi"}');

const mark = ["--profile", profilePath, "--key-file", keyPath, "--tokenizer", TOKENIZER];
const profile = ["--profile", profilePath, "--tokenizer", TOKENIZER];

/** Arguments, and what is said. */
const MISTAKES: readonly (readonly [line: string, args: readonly string[], says: RegExp])[] = [
  ["scroe", [], /^error: unknown command 'scroe'\n\(Did you mean score\?\)\n$/],
  ["keygen extra", [], /too many arguments/],
  ["mark hello --model gone.gguf", mark.slice(0, 4), /model: no file \S*gone\.gguf/],
  ["serve --model gone.gguf", [], /expected either --tenants FILE or --profile FILE/],
  ["serve --model gone.gguf --tenants cut.json", [], /cut\.json is not JSON/],
  [
    "gateway --upstream nonsense --tenants list.json",
    [],
    /--upstream: expected an http or https address, got nonsense/,
  ],
  [
    "gateway --upstream http://127.0.0.1:1 --tenants list.json",
    [],
    /list\.json: expected object, got \[\]/,
  ],
  ["dataset --tokens 100 --out d --marked gone.jsonl", profile, /gone\.jsonl does not exist/],
  [
    "dataset --tokens 100 --out d --marked half.jsonl",
    profile,
    /half\.jsonl:1: expected a field `prompt`, got none/,
  ],
  ["dataset --tokens 100 --out d --rho 2", profile, /--rho.*got "2"/],
  ["audit --texts some.txt --student gone.jsonl", mark, /gone\.jsonl does not exist/],
  ["audit --texts some.txt --student no-records.jsonl", mark, /no-records\.jsonl:1: is not JSON/],
  ["audit --texts some.txt --student ftp://x", mark, /--student: expected .* got "ftp:/],
  ["survive --config a-folder", [], /a-folder cannot be read: it is a directory/],
  ["survive --config list.json", [], /list\.json: config: expected object, got \[\]/],
  [
    "survive --config typo-study.json",
    [],
    /typo-study\.json: study\.default: expected no fields but mark, .*, got "tokns"/,
  ],
  [
    "survive --config no-field-study.json",
    [],
    /no-field-study\.json: study\.default \(mark\.width = 3\)\.mark: .* h, .*, got "width"/,
  ],
  [
    "survive --config heads-study.json",
    [],
    /study\.default\.student\.width: expected a multiple of heads .*, got 10/,
  ],
  ["survive --config lost-human.json", [], /material\.human\.1: \S+gone\.txt does not exist/],
  [
    "survive --config half-kind.json",
    [],
    /half-kind\.json: kind: expected "study", or none .*got "studi"/,
  ],
  [
    "survive --config lost-study.json",
    [],
    /lost-study\.json: material\.manifest: \S+gone\.json does not exist/,
  ],
  [
    "survive --config lost-study.json --check budgets-2.json",
    [],
    /budgets-2\.json: budgets\.version: .*1, got 2/,
  ],
  ["survive --config lost-study.json --shard 3/2", [], /--shard <i\/n>.* such as 1\/4, got "3\/2"/],
  ["survive merge a-folder", [], /a-folder\/shard\.json does not exist/],
  ["forecast --log some.txt --students list.json", mark, /list\.json: students: .*got \[\]/],
  [
    "forecast --sketch some.txt --audit some.txt --excess .1",
    profile,
    /some\.txt: sketch: not a serving sketch/,
  ],
  ["forecast --log some.txt --tokens 5,3", mark, /--tokens.*Expected rising numbers, got "5,3"/],
  [
    "score some.txt --weights leverage --serving-log some.txt",
    mark,
    /some\.txt: sketch: not a serving sketch/,
  ],
  ["sketch some.txt --out a-folder", profile, /a-folder: cannot be written: EISDIR/],
  ["report list.json", [], /list\.json is not a report of/],
  ["profiles list --dir gone", [], /--dir: \S*gone is not a directory/],
  [
    "profiles import list.json --kind hf --V 9 --id x --out y.json",
    ["--tokenizer", TOKENIZER],
    /expected object, got \[\]/,
  ],
  ["schema nonsense", [], /Allowed choices are profile, .*experiment, study/],
  [
    "identify some.txt --profiles a-folder --keys word.key",
    [],
    /--profiles: expected profiles \(\*\.json\) in \S*a-folder, got none/,
  ],
  ["attribute some.txt --master-key-file gone --tenants some.txt", profile, /gone does not exist/],
  [
    "examine payload some.txt",
    mark,
    /--profile: expected a mark with a parameter payload, got green-list/,
  ],
];

/** What was said, without a guess at what was meant. */
function linesOf(stderr: string): readonly string[] {
  return stderr.split("\n").filter((line) => line !== "" && !line.startsWith("(Did you mean"));
}

describe("a mistake", () => {
  test.each(MISTAKES)("%s", async (line, args, says) => {
    const io = { openModel: openLlama };
    const { code, stdout, stderr } = await cli([...line.split(" "), ...args], io);
    expect(stderr).toMatch(says);
    expect(linesOf(stderr)).toEqual([expect.stringMatching(/^error: /)]);
    expect(stdout).toBe("");
    expect(code).toBe(2);
  });

  test("canary: the stack of an error that nobody foresaw is seen", async () => {
    const openModel = (): Promise<never> => Promise.reject(new Error("unforeseen"));
    const { stderr } = await cli(["mark", "hello", "--model", "m.gguf", ...mark.slice(0, 4)], {
      openModel,
    });
    expect(linesOf(stderr).length).toBeGreaterThan(1);
    expect(stderr).toMatch(/unforeseen\n {4}at /);
  });
});

describe("help", () => {
  test("has no default that says nothing, and the choices of what it asks for", async () => {
    for (const command of ["score", "dataset", "identify", "conformance"]) {
      const { code, stdout } = await cli([command, "--help"]);
      expect(code).toBe(0);
      expect(stdout).not.toMatch(/default:\s+(false|\[\])/);
    }
    expect((await cli(["score", "--help"])).stdout).toMatch(/\(default:\s+0\.001\)/);
    expect((await cli(["schema", "--help"])).stdout).toContain('"experiment", "study"');
  });
});
