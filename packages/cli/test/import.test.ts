import { readFileSync, statSync } from "node:fs";
import { parseProfile } from "@verdigris/core";
import { describe, expect, test } from "vitest";
import { TOKENIZER, cli, file, inFolder } from "./support.js";

/** Runs `profiles import` on a configuration; the new profile, its key, and how it ended. */
async function imported(
  kind: string,
  config: object,
): Promise<{ code: number; stderr: string; name: string }> {
  const name = `${kind}-${JSON.stringify(config).length}`;
  const { code, stderr } = await cli([
    "profiles",
    "import",
    file(`${name}.json`, JSON.stringify(config)),
    ...`--kind ${kind} --V 49152 --tokenizer ${TOKENIZER} --id imported`.split(" "),
    "--out",
    inFolder(`${name}.profile`),
    "--key-out",
    inFolder(`${name}.key`),
  ]);
  return { code, stderr, name };
}

const HF = { greenlist_ratio: 0.25, bias: 2.5, hashing_key: 15485863 };
const SYNTHID = { ngram_len: 5, keys: [654, 400, 836] };

describe("verdigris profiles import", () => {
  test.each<[string, object, string, object, string]>([
    ["hf", HF, "hf-green-list", { gamma: 0.25, delta: 2.5, contextWidth: 1 }, "15485863"],
    [
      "hf",
      { watermarking_config: { ...HF, seeding_scheme: "selfhash", context_width: 4 } },
      "hf-green-list",
      { gamma: 0.25, delta: 2.5, contextWidth: 4 },
      "15485863",
    ],
    [
      "synthid",
      SYNTHID,
      "synthid",
      { depth: 3, leaves: 2, statistic: "mean", tableSize: 65_536, tableSeed: 0 },
      "654,400,836",
    ],
    ["vllm", { algorithm: "gumbel", key: "42" }, "vllm-gumbel", { alpha: null }, "42"],
    [
      "sglang",
      { key: "0x2a", key_b: "ff" },
      "sglang-gumbel",
      { mixingProbability: 0.5 },
      "0x2a,ff",
    ],
    [
      "markllm",
      {
        algorithm_name: "KGW",
        gamma: 0.5,
        delta: 2,
        hash_key: 7,
        prefix_length: 1,
        z_threshold: 4,
      },
      "markllm-green-list",
      { gamma: 0.5, delta: 2, fScheme: "time" },
      "7",
    ],
    [
      "markllm",
      { algorithm_name: "Unigram", gamma: 0.5, delta: 2, hash_key: 7 },
      "unigram",
      { gamma: 0.5, delta: 2 },
      "7",
    ],
  ])("reads %s %j", async (kind, config, scheme, parameters, key) => {
    const { code, stderr, name } = await imported(kind, config);
    expect([code, stderr]).toEqual([0, ""]);
    const profile = parseProfile(JSON.parse(readFileSync(inFolder(`${name}.profile`), "utf8")));
    expect([profile.scheme, profile.parameters]).toEqual([scheme, parameters]);
    expect(readFileSync(inFolder(`${name}.key`), "utf8")).toBe(`${key}\n`);
    expect(statSync(inFolder(`${name}.key`)).mode & 0o777).toBe(0o600);
  });

  test.each<[string, object, RegExp]>([
    ["hf", { ...HF, greenlist_ratio: 1 }, /config\.greenlist_ratio: .*<1, got 1/],
    ["hf", { ...HF, new_field: true }, /config: .*new_field/],
    [
      "hf",
      { ...HF, seeding_scheme: "midhash" },
      /config\.seeding_scheme: .*lefthash.*, got "midhash"/,
    ],
    ["synthid", { ngram_len: 5 }, /config\.keys: .*, got nothing/],
    ["vllm", { algorithm: "sbw", key: 1 }, /config\.algorithm: .*gumbel.*, got "sbw"/],
    ["vllm", { algorithm: "gumbel", key: 1, prf: "hmac-v2" }, /config\.prf: .*, got "hmac-v2"/],
    ["sglang", { key: "xyz" }, /config\.key: .*1 to 16 hex digits, got "xyz"/],
    ["markllm", { algorithm_name: "SIR" }, /config\.algorithm_name: .*, got "SIR"/],
  ])("refuses %s %j by field, range and what came", async (kind, config, message) => {
    const { code, stderr, name } = await imported(kind, config);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
    expect(() => statSync(inFolder(`${name}.profile`))).toThrow(/ENOENT/);
  });
});
