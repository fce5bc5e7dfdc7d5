import * as z from "zod";
import { integerListKey, peerKey } from "../key-forms.js";
import type { Key } from "../keys.js";
import { word64 } from "../primitives/int64.js";
import { layerScore, layerWeights } from "../primitives/layers.js";
import { type SynthIdHash, type SynthIdPrf, synthIdPrf } from "../primitives/synthid.js";
import { createTournament } from "../primitives/tournament.js";
import type { Profile } from "../profile.js";
import type { Coins, Scheme, SeedArrays, Tokens, Weakness } from "../types.js";
import { checkRoom, checkSpan, checkStep } from "./checks.js";
import type { SchemeDefinition } from "./scheme-definition.js";

const parameters = z.strictObject({
  depth: z.int().min(1).max(32).describe("Layers of the tournament, one key each."),
  leaves: z
    .int()
    .min(2)
    .max(16)
    .describe("`num_leaves`: candidates a match; 2 keeps the model's law on average."),
  statistic: z
    .enum(["mean", "weighted-mean"])
    .describe("What a coin scores: its g-values' sum, or a sum that weighs early layers more."),
  tableSize: z
    .int()
    .min(2)
    .max(2 ** 20)
    .describe("`sampling_table_size`; without effect on the chain hash."),
  tableSeed: z.int().min(0).describe("`sampling_table_seed`; without effect on the chain hash."),
});

const TABLE = "synthid-table-v1";

/**
 * SynthID-Text: a tournament over keyed g-values. A coin is what the hash keeps of an n-gram: with a table of 65,536
 * entries that is 16 bits, so that at most as many coins exist per key. Peers start each answer with a context of
 * zeros and leave steps with a repeated context unmarked; here full windows are scored, each coin once.
 */
export const synthId: SchemeDefinition = {
  name: "synthid",
  summary: "SynthID-Text's tournament, both released hashes, two or more leaves",
  origin:
    "Hugging Face transformers 4.46–5.23 and synthid-text 0.2.1 (table), synthid-text addb4a15 (chain)",
  prfs: [TABLE, "synthid-chain-v1"],
  maxH: 64,
  parameters,
  check: ({ seeding }) =>
    seeding === "self" ? null : `seeding must be self (the token is hashed too), got ${seeding}`,
  bind(profile: Profile, key: Key): Scheme {
    const { depth, leaves, statistic, tableSize, tableSeed } = parameters.parse(profile.parameters);
    const keys = peerKey(
      integerListKey({ min: -(2n ** 63n), max: 2n ** 63n - 1n, length: depth }),
      key,
    );
    const hash: SynthIdHash =
      profile.prf === TABLE
        ? { kind: "table", size: tableSize, seed: BigInt(tableSeed) }
        : { kind: "chain" };
    const prf = synthIdPrf(keys, hash);
    const weights = layerWeights(depth, statistic);
    const score = prf.scorer(layerScore(weights));
    const play = createTournament({ depth, leaves });
    const { h } = profile;
    const state = word64();
    let words = new Uint32Array(0);

    return {
      profile,
      h,
      law: { kind: "bits", weights, p: Math.max(0.5, prf.shareOfOnes) },
      stage: "warped-logits",
      coin: "seed",
      // The chain starts from the keys; the table's hash meets them only after the tokens.
      coinsDependOnKey: profile.prf !== TABLE,
      extraSeedWords: 0,
      weaknesses: weaknessesOf(keys, prf),
      reweight(context: Tokens, logits: Float32Array, ids?: Uint32Array): void {
        checkStep(profile, context, { logits, ids });
        prf.state(context, { start: context.length - h, end: context.length }, state);
        if (words.length < logits.length) words = new Uint32Array(logits.length);
        prf.candidateWords(state, ids, words.subarray(0, logits.length));
        play(logits, words);
      },
      seeds(tokens: Tokens, from: number, out: SeedArrays): void {
        checkSpan(profile, tokens, { from, out });
        prf.states(tokens, { from, h }, out);
      },
      scores(coins: Coins, out: Float64Array): void {
        checkRoom(out.length, coins.n);
        score(coins, out);
      },
    };
  },
};

function weaknessesOf(keys: readonly bigint[], prf: SynthIdPrf): readonly Weakness[] {
  if (!Number.isFinite(prf.size)) return [];
  const bits = Math.log2(prf.size);
  const weaknesses: Weakness[] = [
    {
      name: `id-modulo-${prf.size}`,
      message: `only ${bits} bits of the state count: tokens whose ids are equal modulo ${prf.size} are one, and a key has ${prf.size} coins in all`,
    },
  ];
  const distinct = new Set(keys.map((key) => BigInt.asUintN(bits, key))).size;
  if (distinct < keys.length) {
    weaknesses.push({
      name: "equal-layers",
      message: `${keys.length - distinct} layer keys equal others modulo ${prf.size}: their g-values are the same, and p is too small`,
    });
  }
  return weaknesses;
}
