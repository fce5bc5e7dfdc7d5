import {
  type SbwScheme,
  type SeedingScheme,
  parseSbwScheme,
  parseSeedingScheme,
} from "@verdigris/core/primitives";
import * as z from "zod";
import { type Imported, type Importer, readConfig, wholeNumber } from "./importer.js";

/** A scheme's string, read by `parse`. */
function schemeString<T>(parse: (text: string) => T | null, expected: string): z.ZodType<T> {
  return z.string().transform((text, context): T => {
    const parsed = parse(text);
    if (parsed !== null) return parsed;
    context.addIssue(`expected ${expected}`);
    return z.NEVER;
  });
}

const lmConfig = z.strictObject({
  seeding_scheme: schemeString<SeedingScheme>(
    parseSeedingScheme,
    "simple_1, lefthash, algorithm-3, selfhash, minhash, skipgram or ff-<prf>-<width>-<True|False>[-<key>]",
  ),
  gamma: z.number().gt(0).lt(1).default(0.25),
  delta: z.number().default(2),
  select_green_tokens: z.boolean().default(true),
});

/** lm-watermarking's arguments, `seeding_scheme` as the string that it takes. */
export const lmWatermarking: Importer = {
  kind: "lm",
  summary: "lm-watermarking's arguments: seeding_scheme, gamma, delta, select_green_tokens",
  read(config): Imported {
    const given = readConfig(lmConfig, config);
    const { prf, width, selfSalt, key } = given.seeding_scheme;
    return {
      scheme: "lm-watermarking",
      prf: "torch-mt19937-v1",
      h: selfSalt ? width - 1 : width,
      seeding: selfSalt ? "self" : "left",
      parameters: {
        gamma: given.gamma,
        delta: given.delta,
        prf,
        selectGreenTokens: given.select_green_tokens,
        tailRule: "fixed_compute",
      },
      key: String(key),
    };
  },
};

/** By its name alone a self-salted scheme on a GPU tries 40 candidates. */
function namedSbwScheme(text: string): SbwScheme | null {
  const scheme = parseSbwScheme(text);
  const isDefault =
    scheme?.gpu === true && scheme.selfSalt && !/-(?:\d+|fullvocab)(?:-cudagraphs)?$/.test(text);
  return isDefault ? { ...scheme, candidates: 40 } : scheme;
}

const sbwConfig = z.strictObject({
  seeding_scheme: schemeString<SbwScheme>(
    namedSbwScheme,
    "a scheme of sbw 1.0.0, such as gpu-selfhash or ff-<prf>-<width>-<True|False>",
  ),
  gamma: z.number().gt(0).lt(1).default(0.5),
  delta: z.number().default(2),
  hash_key: wholeNumber.default(15_485_863),
});

/** sbw's arguments. */
export const sbw: Importer = {
  kind: "sbw",
  summary: "sbw's arguments: seeding_scheme, gamma, delta, hash_key",
  read(config): Imported {
    const given = readConfig(sbwConfig, config);
    const { prf, width, selfSalt, gpu, hash, fused, candidates } = given.seeding_scheme;
    return {
      scheme: "sbw",
      prf: gpu ? "philox4x32-10-sbw-v1" : "torch-mt19937-v1",
      h: selfSalt ? width - 1 : width,
      seeding: selfSalt ? "self" : "left",
      parameters: { gamma: given.gamma, delta: given.delta, prf, hash, fused, candidates },
      key: String(given.hash_key),
    };
  },
};
