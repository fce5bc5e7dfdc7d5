import { type Scheme, createKernel } from "@verdigris/core";
import { TEXTSEAL_WIDTH, textSealHash, word64 } from "@verdigris/core/primitives";
import { textSealDetect, textSealUniform } from "@verdigris/detector/peers";
import * as z from "zod";
import { idList, integer, real } from "../comparison.js";
import { bindMark } from "../profiles.js";
import { type VectorFamily, section } from "../section.js";
import { textSealGenerators } from "./textseal-generators.js";

const ids = z.array(z.int());

const constants = section(
  z.object({
    M: integer,
    primes: z.array(integer).length(TEXTSEAL_WIDTH),
    P2: integer,
    P3: integer,
    P4: integer,
    mixing_prime: integer,
    shift: integer,
  }),
  (record, compare) => {
    const { M, primes, P2, P3, P4, mixing_prime: mixer, shift } = record;
    const window = word64();
    const key = 123_456_789n;
    const hash = textSealHash(key);
    primes.forEach((prime, place) => {
      const tokens = new Uint32Array(primes.length);
      const [id, token] = [1000 + place, 40_000 + 7 * place];
      tokens[place] = id;
      hash.window(tokens, { start: 0, end: tokens.length }, window);
      const sum = (prime * BigInt(id) + P2 * BigInt(token) + P3 * key) * P4 * mixer;
      const mixed = BigInt.asIntN(64, sum) ^ (BigInt.asIntN(64, sum) >> shift);
      const level = ((mixed % M) + M) % M;
      compare.equal(`hash with primes[${place}]`, hash.level(window, token), level);
    });
  },
);

const hashes = section(
  z.object({
    window: ids,
    tokens: ids,
    secret_key: integer,
    hash: ids,
    uniform_f32: z.array(z.number()),
    binary: z.record(z.string(), ids),
  }),
  (record, compare) => {
    const hash = textSealHash(record.secret_key);
    const window = word64();
    const tokens = Uint32Array.from(record.window);
    hash.window(tokens, { start: 0, end: tokens.length }, window);
    const levels = record.tokens.map((token) => hash.level(window, token));
    compare.equal("hash", levels, record.hash);
    const uniform = textSealUniform(record.secret_key, tokens.length);
    const u = record.tokens.map((token) => uniform(tokens, tokens.length, token));
    compare.equal("uniform_f32", u, Array.from(record.uniform_f32, Math.fround));
    for (const [gamma, flags] of Object.entries(record.binary)) {
      compare.equal(
        `binary.${gamma}`,
        u.map((value) => (value < Number(gamma) ? 1 : 0)),
        flags,
      );
    }
  },
);

const detectors = section(
  z.object({
    watermark_type: z.enum([
      "greenlist",
      "gumbelmax",
      "synthid",
      "synthid-weighted",
      "dipmark",
      "morphmark",
    ]),
    secret_key: integer,
    ngram: z.int(),
    gamma: z.number(),
    depth: z.int(),
    scoring_method: z.enum(["none", "v1", "v2"]),
    seen_windows: z.boolean(),
    input_ids: ids,
    n_scored: z.int(),
    mask: z.string(),
    score_sum: real,
    p_value: real,
  }),
  (record, compare) => {
    const found = textSealDetect(Uint32Array.from(record.input_ids), {
      mark: record.watermark_type,
      key: record.secret_key,
      h: record.ngram,
      gamma: record.gamma,
      depth: record.depth,
      scoring: record.scoring_method,
      seenWindows: record.seen_windows,
    });
    compare.equal("n_scored", found.scored, record.n_scored);
    compare.equal("mask", found.mask.subarray(-record.mask.length).join(""), record.mask);
    compare.close("score_sum", found.sum, record.score_sum, { relative: 2e-6 });
    compare.close("p_value", found.pValue, record.p_value, { relative: 1e-4, absolute: 1e-300 });
  },
);

/** Vectors of TextSeal 0.0.5: `textseal.json`. */
export function textSeal(): VectorFamily {
  const kernel = createKernel();

  const allNext = section(
    z.object({
      vocab_size: z.int(),
      secret_key: integer,
      ngram: z.int(),
      gamma: z.number(),
      window: ids,
      green: idList,
      uniform_first8: z.array(z.number()),
      uniform_sha256_f32le: z.string(),
    }),
    (record, compare) => {
      const { vocab_size: V, gamma } = record;
      const window = Uint32Array.from(record.window);
      const scheme: Scheme = bindMark(
        {
          scheme: "textseal-green-list",
          prf: "textseal-hash-v1",
          V,
          h: record.ngram,
          seeding: "left",
          parameters: { gamma, delta: 1 },
          key: String(record.secret_key),
        },
        kernel,
      );
      const row = new Float32Array(V);
      scheme.reweight(window, row);
      const green = Uint32Array.from([...row.keys()].filter((id) => row[id] > 0));
      compare.ids("green", green, record.green, { ordered: false });
      const uniform = textSealUniform(record.secret_key, record.ngram);
      const u = Float32Array.from({ length: V }, (_, id) => uniform(window, window.length, id));
      compare.equal("uniform_first8", u.slice(0, 8), Float32Array.from(record.uniform_first8));
      compare.digest("uniform_sha256_f32le", u, record.uniform_sha256_f32le);
    },
  );

  return {
    name: "textseal",
    about: [],
    sections: {
      constants,
      hash: hashes,
      all_next: allNext,
      detectors,
      generators: textSealGenerators,
    },
  };
}
