import * as z from "zod";
import { createSeeder } from "../contexts.js";
import { type Key, keyWords, requireOwnKey } from "../keys.js";
import type { Kernel } from "../prf/kernel.js";
import type { Profile } from "../profile.js";
import type { Coins, Scheme, SeedArrays, Tokens } from "../types.js";
import { checkRoom, checkSpan, checkStep } from "./checks.js";
import type { SchemeDefinition } from "./scheme-definition.js";

const parameters = z.strictObject({});
const TWO_32 = 2 ** 32;

/**
 * The Gumbel mark (Aaronson 2022): the next token is argmax of logit + Gumbel noise, where the noise is the
 * PRF's. Averaged over keys the text has the model's own distribution. Detection sums −ln(1 − u).
 *
 * u = word / 2^32 rounded down, so a score is stochastically at most Exp(1) (and equal at its atoms): the
 * gamma tail never understates p. Embedding uses the mid-point, which has the same order.
 */
export const gumbel: SchemeDefinition = {
  name: "gumbel",
  summary: "Gumbel: picks the token by keyed Gumbel noise; unbiased over keys",
  origin: "Verdigris",
  prfs: ["chacha8-v1"],
  maxH: 8,
  parameters,
  check: (profile) => {
    if (profile.seeding === "self")
      return "seeding of the Gumbel mark must be left or min, got self";
    return profile.h === 0 ? "h of the Gumbel mark must be from 1 to 8, got 0" : null;
  },
  bind(profile: Profile, key: Key, kernel: Kernel): Scheme {
    requireOwnKey(key);
    const purpose = `gumbel ${profile.id} ${profile.version}`;
    const contextKey = keyWords(key.subkey(`${purpose} context`, 32));
    const rowKey = keyWords(key.subkey(`${purpose} row`, 32));
    const seeder = createSeeder(kernel, contextKey, profile.seeding, profile.h);
    let words = new Uint32Array(0);
    let seeds: SeedArrays | null = null;

    function loadWords(context: Tokens, n: number, ids: Uint32Array | undefined): void {
      if (words.length !== n) words = new Uint32Array(n);
      if (ids === undefined) return kernel.wordRow(rowKey, seeder.one(context), words);
      seeds ??= { seedLo: new Uint32Array(profile.V), seedHi: new Uint32Array(profile.V) };
      seeder.candidates(context, ids, seeds);
      kernel.words(rowKey, { ...seeds, token: ids, n }, words);
    }

    return {
      profile,
      h: profile.h,
      law: { kind: "exponential" },
      stage: "warped-logits",
      coin: "seed-and-token",
      ...seeder.sharing,
      extraSeedWords: 0,
      weaknesses: [],
      reweight(context: Tokens, logits: Float32Array, ids?: Uint32Array): void {
        checkStep(profile, context, { logits, ids });
        loadWords(context, logits.length, ids);
        let best = -Infinity;
        let pick = 0;
        for (let i = 0; i < logits.length; i++) {
          const noisy = logits[i] - Math.log(-Math.log((words[i] + 0.5) / TWO_32));
          if (noisy > best) {
            best = noisy;
            pick = i;
          }
        }
        logits.fill(-Infinity);
        logits[pick] = 0;
      },
      seeds(tokens: Tokens, from: number, out: SeedArrays): void {
        checkSpan(profile, tokens, { from, out });
        seeder.batch(tokens, from, out);
      },
      scores(coins: Coins, out: Float64Array): void {
        checkRoom(out.length, coins.n);
        if (words.length < coins.n) words = new Uint32Array(coins.n);
        kernel.words(rowKey, coins, words);
        for (let i = 0; i < coins.n; i++) out[i] = -Math.log1p(-words[i] / TWO_32);
      },
    };
  },
};
