import * as z from "zod";
import { BLOCK_CODES, type BlockCode, blockCode } from "../block-codes.js";
import { createSeeder } from "../contexts.js";
import { constantWords, growing } from "../growing.js";
import { type Key, keyWords, requireOwnKey } from "../keys.js";
import type { Columns, Kernel, Seed } from "../prf/kernel.js";
import type { Profile } from "../profile.js";
import type { ScoredCoins } from "../coins.js";
import type { Coins, PayloadReadings, Scheme, SeedArrays, Tokens } from "../types.js";
import { checkRoom, checkSpan, checkStep } from "./checks.js";
import type { SchemeDefinition } from "./scheme-definition.js";

const parameters = z.strictObject({
  gamma: z
    .number()
    .gt(0)
    .lte(0.5)
    .refine((gamma) => Number.isInteger(gamma * 256), "expected k/256 with k in 1…128")
    .describe("Fraction of each of the two green lists; k/256, at most 1/2."),
  delta: z.number().min(0).max(50).describe("Bias on green logits, nats, before temperature."),
  code: z
    .enum(BLOCK_CODES)
    .describe("Error-correcting code of the payload: bch-n-k carries k bits."),
  payload: z.int().min(0).describe("What the mark carries: below 2^k."),
});

/**
 * Our green list with a payload (position allocation: Yoo et al. 2024). The context decides by keyed hash which bit of the
 * payload's code word a position carries, and the bit which of two disjoint lists is green: value bytes [0, 256γ) for 0,
 * [256(1 − γ), 256) for 1. Under one payload it is a green list like any other; null law Bernoulli(γ).
 */
export const greenListPayload: SchemeDefinition = {
  name: "green-list-payload",
  summary: "Green list that carries a payload: each context one bit of an error-correcting code",
  origin: "Verdigris",
  prfs: ["chacha8-v1"],
  maxH: 8,
  parameters,
  check(profile) {
    const { code, payload } = parameters.parse(profile.parameters);
    const { k } = blockCode(code);
    if (payload >= 2 ** k) return `payload must be below 2^${k} for ${code}, got ${payload}`;
    return profile.seeding === "min" && profile.h === 0
      ? "seeding min needs h from 1 to 8, got 0"
      : null;
  },
  bind(profile: Profile, key: Key, kernel: Kernel): Scheme {
    requireOwnKey(key);
    const given = parameters.parse(profile.parameters);
    const purpose = `green-list-payload ${profile.id} ${profile.version}`;
    const wordsFor = (part: string): Uint32Array => keyWords(key.subkey(`${purpose} ${part}`, 32));
    const seeder = createSeeder(kernel, wordsFor("context"), profile.seeding, profile.h);
    const keys = { row: wordsFor("row"), allocation: wordsFor("allocation") };
    const lists = codedLists(kernel, keys, given);
    const everyId = seeder.perCandidate
      ? Uint32Array.from({ length: profile.V }, (_, i) => i)
      : null;
    const scratchFor = growing((n) => ({ ...seedsOf(n), score: new Float64Array(n) }));

    function reweightCandidates(context: Tokens, logits: Float32Array, ids: Uint32Array): void {
      const n = ids.length;
      const scratch = scratchFor(n);
      seeder.candidates(context, ids, scratch);
      lists.scores({ ...scratch, token: ids, n }, scratch.score);
      for (let i = 0; i < n; i++) if (scratch.score[i] === 1) logits[i] += lists.bias;
    }

    return {
      profile,
      h: profile.h,
      law: { kind: "bernoulli", p: given.gamma },
      stage: "raw-logits",
      coin: "seed-and-token",
      ...seeder.sharing,
      extraSeedWords: 0,
      weaknesses: [],
      payload: { code: lists.code, p: given.gamma, read: lists.read },
      reweight(context: Tokens, logits: Float32Array, ids?: Uint32Array): void {
        checkStep(profile, context, { logits, ids });
        const candidates = ids ?? everyId;
        if (candidates !== null) return reweightCandidates(context, logits, candidates);
        lists.biasRow(seeder.one(context), logits);
      },
      seeds(tokens: Tokens, from: number, out: SeedArrays): void {
        checkSpan(profile, tokens, { from, out });
        seeder.batch(tokens, from, out);
      },
      scores: lists.scores,
    };
  },
};

/** The lists of one payload: per seed a code bit, per bit one of two lists. */
interface CodedLists {
  readonly code: BlockCode;
  /** What is added to a logit: 32 bit as logits are, and every path must round alike. */
  readonly bias: number;
  read(coins: Coins, out: PayloadReadings): void;
  /** 1 where a coin is on the list that the payload's code word says. */
  scores(coins: Coins, out: Float64Array): void;
  /** Biases a whole row by the list of one seed. (V) */
  biasRow(seed: Seed, logits: Float32Array): void;
}

function codedLists(
  kernel: Kernel,
  keys: { readonly row: Uint32Array; readonly allocation: Uint32Array },
  given: z.infer<typeof parameters>,
): CodedLists {
  const code = blockCode(given.code);
  const word = code.encode(given.payload);
  const [gamma256, bias] = [given.gamma * 256, Math.fround(given.delta)];
  const allocate = allocation(kernel, keys.allocation, code.n);
  const biasUpper = upperBias(kernel, { key: keys.row, from256: 256 - gamma256, bias });

  function read(coins: Coins, { index, zero, one }: PayloadReadings): void {
    checkRoom(Math.min(index.length, zero.length, one.length), coins.n);
    allocate(coins, coins.n, index);
    kernel.green(keys.row, coins, gamma256, zero);
    kernel.green(keys.row, coins, 256 - gamma256, one);
    for (let i = 0; i < coins.n; i++) one[i] = 1 - one[i];
  }

  return {
    code,
    bias,
    read,
    scores(coins, out) {
      checkRoom(out.length, coins.n);
      const own = roomFor(coins.n);
      allocate(coins, coins.n, own.index);
      for (const bit of [0, 1]) {
        const n = gather(coins, own, (index) => word[index] === bit);
        kernel.green(keys.row, { ...own, n }, bit === 0 ? gamma256 : 256 - gamma256, own.score);
        for (let i = 0; i < n; i++) out[own.place[i]] = own.score[i] ^ bit;
      }
    },
    biasRow(seed, logits) {
      const at = { seedLo: Uint32Array.of(seed.lo), seedHi: Uint32Array.of(seed.hi) };
      const index = new Uint32Array(1);
      allocate(at, 1, index);
      if (word[index[0]] === 1) biasUpper(seed, logits);
      else kernel.biasRow(keys.row, seed, gamma256, bias, logits);
    },
  };
}

/** Biases the tokens whose value bytes are `from256` or more. */
function upperBias(
  kernel: Kernel,
  list: { readonly key: Uint32Array; readonly from256: number; readonly bias: number },
): (seed: Seed, logits: Float32Array) => void {
  let [kept, lower] = [new Float32Array(0), new Float32Array(0)];
  return (seed, logits) => {
    // The row may lie in the kernel's memory, which the next call overwrites.
    if (kept.length !== logits.length) [kept, lower] = [logits.slice(), logits.slice()];
    kept.set(logits);
    lower.fill(0);
    kernel.biasRow(list.key, seed, list.from256, 1, lower);
    for (let i = 0; i < logits.length; i++) {
      logits[i] = lower[i] === 0 ? kept[i] + list.bias : kept[i];
    }
  };
}

/** Shared by all keys, as the room below: thousands of keys may be bound at once. */
const zerosFor = constantWords(0);

/** Which of n code bits each seed carries: word 0 of hash(seed), scaled. */
function allocation(
  kernel: Kernel,
  key: Uint32Array,
  n: number,
): (seeds: SeedArrays, count: number, index: Uint32Array) => void {
  return (seeds, count, index) => {
    const zeros = zerosFor(count);
    const input: Columns = [
      seeds.seedLo.subarray(0, count),
      seeds.seedHi.subarray(0, count),
      zeros,
      zeros,
    ];
    kernel.hash(key, input, count, [index]);
    for (let i = 0; i < count; i++) index[i] = Math.floor((index[i] * n) / 2 ** 32);
  };
}

/** Coins of one list, and where they come from. (n) */
interface Room extends ScoredCoins {
  readonly index: Uint32Array;
  readonly place: Uint32Array;
}

const roomFor = growing((n): Room => {
  const words = (): Uint32Array => new Uint32Array(n);
  const score = new Float64Array(n);
  return { ...seedsOf(n), token: words(), score, index: words(), place: words(), n };
});

/** Copies the coins whose `index` the word has `bit` at to the front of the room; their number. */
function gather(
  coins: Coins,
  { index, place, ...to }: Room,
  isWanted: (index: number) => boolean,
): number {
  let n = 0;
  for (let i = 0; i < coins.n; i++) {
    if (!isWanted(index[i])) continue;
    to.seedLo[n] = coins.seedLo[i];
    to.seedHi[n] = coins.seedHi[i];
    to.token[n] = coins.token[i];
    place[n++] = i;
  }
  return n;
}

function seedsOf(n: number): SeedArrays {
  return { seedLo: new Uint32Array(n), seedHi: new Uint32Array(n) };
}
