import { readFileSync, statSync } from "node:fs";
import { parseProfile } from "@verdigris/core";
import { describe, expect, test } from "vitest";
import { TOKENIZER, cli, file, inFolder } from "./support.js";

let made = 0;

/** Runs `profiles import` on a configuration; the new profile, its key, and how it ended. */
async function imported(
  kind: string,
  config: object,
): Promise<{ code: number; stderr: string; name: string }> {
  // Numbers too large for a double are written as they are, without quotes.
  const json = JSON.stringify(config).replaceAll(/"big:(-?\d+)"/g, "$1");
  const name = `${kind}-${made++}`;
  const { code, stderr } = await cli([
    "profiles",
    "import",
    file(`${name}.json`, json),
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
    [
      "vllm",
      { key: "big:18446744073709551615" },
      "vllm-gumbel",
      { alpha: null },
      "18446744073709551615",
    ],
    [
      "vllm",
      {
        algorithm: "dual_key_gumbel",
        key: 42,
        prf: "philox",
        deduplicate_contexts: "all",
        deduplicate_contexts_max_history: null,
        allow_target_only_watermarking: false,
      },
      "vllm-gumbel",
      { alpha: 0.1 },
      "42",
    ],
    [
      "sglang",
      { key: "ff", key_b: null, context_window: null, default_enabled: true, enforce_all: false },
      "sglang-gumbel",
      { mixingProbability: null },
      "ff",
    ],
    [
      "synthid",
      {
        ...SYNTHID,
        keys: ["big:9007199254740993", 1],
        context_history_size: 1024,
        debug_mode: false,
      },
      "synthid",
      { depth: 2, leaves: 2, statistic: "mean", tableSize: 65_536, tableSeed: 0 },
      "9007199254740993,1",
    ],
    [
      "markllm",
      {
        algorithm_name: "SynthID",
        ngram_len: 5,
        keys: [654, 400],
        sampling_table_size: 65_536,
        sampling_table_seed: 0,
        watermark_mode: "distortionary",
        num_leaves: 3,
        context_history_size: 1024,
        detector_type: "weighted_mean",
        threshold: 0.52,
      },
      "synthid",
      { depth: 2, leaves: 3, statistic: "weighted-mean", tableSize: 65_536, tableSeed: 0 },
      "654,400",
    ],
    [
      "sglang",
      { key: "0x2a", key_b: "ff" },
      "sglang-gumbel",
      { mixingProbability: 0.5 },
      "0x2a,ff",
    ],
    [
      "lm",
      { seeding_scheme: "ff-anchored_minhash_prf-4-True-987654321" },
      "lm-watermarking",
      {
        gamma: 0.25,
        delta: 2,
        prf: "anchored_minhash_prf",
        selectGreenTokens: true,
        tailRule: "fixed_compute",
      },
      "987654321",
    ],
    [
      "sbw",
      { seeding_scheme: "gpu-minhash", hash_key: "-7", gamma: 0.25 },
      "sbw",
      {
        gamma: 0.25,
        delta: 2,
        prf: "minhash_prf",
        hash: "jenkins",
        fused: false,
        candidates: null,
      },
      "-7",
    ],
    [
      "sbw",
      { seeding_scheme: "gpu-selfhash" },
      "sbw",
      {
        gamma: 0.5,
        delta: 2,
        prf: "anchored_minhash_prf",
        hash: "jenkins",
        fused: false,
        candidates: 40,
      },
      "15485863",
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

  test("has no key for marks whose configuration holds none", async () => {
    const dip = {
      algorithm_name: "DIP",
      gamma: 0.5,
      alpha: 0.45,
      key: 42,
      prefix_length: 5,
      z_threshold: 1.513,
      ignore_history_generation: 0,
      ignore_history_detection: 0,
    };
    const { code, name } = await imported("markllm", dip);
    expect(code).toBe(0);
    const profile = parseProfile(JSON.parse(readFileSync(inFolder(`${name}.profile`), "utf8")));
    expect([profile.scheme, profile.h]).toEqual(["dip", 5]);
    expect(() => statSync(inFolder(`${name}.key`))).toThrow(/ENOENT/);
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
    ["vllm", { key: "big:18446744073709551616" }, /key: expected a whole number from 0 to 18446/],
    [
      "lm",
      { seeding_scheme: "ff-sum-2-True" },
      /seeding_scheme: .*simple_1.*, got "ff-sum-2-True"/,
    ],
    ["sglang", { key: "xyz" }, /config\.key: .*1 to 16 hex digits, got something else/],
    ["sglang", { key: "ff", context_window: 65 }, /config\.context_window: .*<=64, got 65/],
    ["markllm", { algorithm_name: "SIR" }, /config\.algorithm_name: .*, got "SIR"/],
  ])("refuses %s %j by field, range and what came", async (kind, config, message) => {
    const { code, stderr, name } = await imported(kind, config);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
    expect(() => statSync(inFolder(`${name}.profile`))).toThrow(/ENOENT/);
  });
});
