import * as z from "zod";
import { integerKey, peerKey } from "../key-forms.js";
import type { Key } from "../keys.js";
import { perTokenListScheme, putSeed } from "../per-token-list-scheme.js";
import { toUnsigned, word64 } from "../primitives/int64.js";
import { jenkins } from "../primitives/jenkins.js";
import { type SbwSeed, sbwBelow, sbwBits, sbwSeed } from "../primitives/sbw.js";
import type { Profile } from "../profile.js";
import { type KeyedSeed, SELF_ANCHORED, keylessSeeds, seedWeaknesses } from "../seed-weaknesses.js";
import type { Scheme, SeedArrays } from "../types.js";
import type { SchemeDefinition } from "./scheme-definition.js";

const parameters = z.strictObject({
  gamma: z.number().gt(0).lt(1).describe("Green fraction, rounded down to a multiple of 2^-31."),
  delta: z.number().min(0).max(50).describe("Bias on green logits, nats, before truncation."),
});

/** vLLM refuses 2^63 and above, although it announces 64 bits. */
const keyForm = integerKey({ min: 0n, max: 2n ** 63n - 1n });

/**
 * vLLM's own copy of sbw (repository snapshot caaac7c, not in a release), as its generator marks. With `left` seeding
 * vLLM's detector hashes the tokens and its generator does not, so that it does not find its own text; this does.
 */
export const vllmSbw: SchemeDefinition = {
  name: "vllm-sbw",
  summary: "vLLM's copy of sbw's green list",
  origin: "vLLM, repository snapshot caaac7c",
  prfs: ["philox4x32-10-sbw-v1"],
  maxH: 64,
  parameters,
  check({ seeding, h }) {
    if (seeding === "min") return "seeding must be left or self, got min";
    return seeding === "left" && h === 0 ? "h must be from 1 to 64 with left seeding, got 0" : null;
  },
  bind(profile: Profile, key: Key): Scheme {
    const { gamma, delta } = parameters.parse(profile.parameters);
    const selfSalt = profile.seeding === "self";
    const prf = selfSalt ? "anchored_minhash_prf" : "additive_prf";
    const secret = peerKey(keyForm, key);
    const seedUnder = (of: bigint): SbwSeed => sbwSeed(prf, of, (value) => jenkins(value.lo));
    const seed = seedUnder(secret);
    const width = selfSalt ? profile.h + 1 : profile.h;
    const out = word64();
    const isGreen = (seeds: SeedArrays, at: number, token: number): boolean =>
      sbwBelow(sbwBits({ lo: seeds.seedLo[at], hi: seeds.seedHi[at] }, token), gamma);
    const keyed: KeyedSeed = {
      key: secret,
      width,
      selfSalt,
      seedUnder: (of) => (window) => {
        seedUnder(of)(window, { start: 0, end: width }, out);
        return toUnsigned(out);
      },
    };
    return perTokenListScheme({
      ...keylessSeeds(keyed),
      profile,
      delta,
      p: Math.trunc(gamma * 0x7fff_ffff) / 2 ** 31,
      selfSalt,
      stage: "raw-logits",
      weaknesses: [
        ...seedWeaknesses(keyed),
        selfSalt
          ? SELF_ANCHORED
          : {
              name: "generator-detector-mismatch",
              message: "vLLM's own detector seeds otherwise than its generator and finds nothing",
            },
      ],
      seed(tokens, end, place): void {
        seed(tokens, { start: end - width, end }, out);
        putSeed(place, out);
      },
      isBiased: isGreen,
      isGreen,
    });
  },
};
