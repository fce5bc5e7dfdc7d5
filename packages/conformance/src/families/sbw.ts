import { type Scheme, createKernel } from "@verdigris/core";
import {
  HASH_TABLE_SEED,
  HASH_TABLE_SIZE,
  type SbwScheme,
  jenkins,
  parseSbwScheme,
  philox4x32,
  remainder,
  sbwBelow,
  sbwIsGreen,
  sbwSeed,
  sbwUniform,
  toSigned,
  word64,
} from "@verdigris/core/primitives";
import { sbwDetect } from "@verdigris/detector/peers";
import * as z from "zod";
import { integer, real, reals } from "../comparison.js";
import { biasedIds, bindMark } from "../profiles.js";
import { type VectorFamily, section } from "../section.js";

const ids = z.array(z.int());
const schemeName = z.string().transform((text, context): SbwScheme => {
  const parsed = parseSbwScheme(text);
  if (parsed !== null) return parsed;
  context.addIssue("expected a scheme name of sbw 1.0.0");
  return z.NEVER;
});
const NEAR = { relative: 1e-10, absolute: 1e-300 };

const jenkinsHash = section(z.object({ x: z.int(), h: z.int() }), ({ x, h }, compare) => {
  compare.equal("h", jenkins(x), h);
});

const philox = section(
  z.object({ seed: integer, tokens: ids, words: ids, u: z.array(z.number()) }),
  (record, compare) => {
    const seed = word64(record.seed);
    const words = record.tokens.map((token) => {
      const block = Uint32Array.of(Math.floor(token / 4), 0, 0, 0);
      philox4x32(block, seed.lo, seed.hi);
      return block[token & 3];
    });
    compare.equal("words", words, record.words);
    compare.equal(
      "u",
      words.map((word) => sbwUniform(word & 0x7fff_ffff)),
      record.u,
    );
  },
);

const floatEdges = section(
  z.object({
    x31: z.int(),
    u: z.number(),
    gamma: z.array(z.number()),
    green_detector: z.array(z.boolean()),
    green_generator: z.array(z.boolean()),
  }),
  ({ x31, gamma, ...record }, compare) => {
    compare.equal("u", sbwUniform(x31), record.u);
    compare.equal(
      "green_detector",
      gamma.map((g) => sbwIsGreen(x31, g)),
      record.green_detector,
    );
    compare.equal(
      "green_generator",
      gamma.map((g) => sbwBelow(x31, g)),
      record.green_generator,
    );
  },
);

const mark = z.object({
  scheme: schemeName,
  hash_key: integer,
  gamma: z.number(),
  vocab_size: z.int(),
});

/** Vectors of sbw and vllm-sbw 1.0.0: `sbw.json`. */
export function sbw(): VectorFamily {
  const kernel = createKernel();
  const table = kernel.torch.permutation(HASH_TABLE_SEED, HASH_TABLE_SIZE);

  function bind(
    record: z.infer<typeof mark>,
    options: { delta?: number; candidates?: number } = {},
  ): Scheme {
    const { prf, width, selfSalt, gpu, hash, fused, candidates } = record.scheme;
    return bindMark(
      {
        scheme: "sbw",
        prf: gpu ? "philox4x32-10-sbw-v1" : "torch-mt19937-v1",
        V: record.vocab_size,
        h: selfSalt ? width - 1 : width,
        seeding: selfSalt ? "self" : "left",
        parameters: {
          gamma: record.gamma,
          delta: options.delta ?? 2,
          prf,
          hash,
          fused,
          candidates: options.candidates ?? candidates,
        },
        key: String(record.hash_key),
      },
      kernel,
    );
  }

  /** Ids that get the bias after a context. */
  function green(scheme: Scheme, context: readonly number[], logits: Float32Array): Uint32Array {
    const after = logits.slice();
    scheme.reweight(Uint32Array.from(context), after);
    return biasedIds(logits, after);
  }

  const tableHash = section(z.object({ x: z.int(), h: z.int() }), ({ x, h }, compare) => {
    compare.equal("h", table[remainder(word64(x), HASH_TABLE_SIZE)] + 1, h);
  });

  const seeds = section(
    z.object({
      scheme: schemeName,
      prf: z.string(),
      context_width: z.int(),
      self_salt: z.boolean(),
      hash: z.string(),
      hash_key: integer,
      context: ids,
      seed: integer,
    }),
    ({ scheme, ...record }, compare) => {
      const { prf, width, selfSalt, hash } = scheme;
      const read = { prf, context_width: width, self_salt: selfSalt, hash };
      const { context_width, self_salt } = record;
      compare.equal("scheme", read, {
        prf: record.prf,
        context_width,
        self_salt,
        hash: record.hash,
      });
      const seed = sbwSeed(prf, record.hash_key, (value) =>
        hash === "jenkins" ? jenkins(value.lo) : table[remainder(value, HASH_TABLE_SIZE)] + 1,
      );
      const out = word64();
      const tokens = Uint32Array.from(record.context);
      seed(tokens, { start: tokens.length - width, end: tokens.length }, out);
      compare.equal("seed", toSigned(out), record.seed);
    },
  );

  const greenLists = section(
    mark.extend({
      context: ids,
      green: ids,
      logits: reals.optional(),
      num_candidates: z.int().optional(),
    }),
    (record, compare) => {
      const { logits, num_candidates: candidates } = record;
      const row = Float32Array.from(logits ?? { length: record.vocab_size }, (x) => x ?? 0);
      const scheme = bind(record, candidates === undefined ? {} : { candidates });
      compare.part("green", green(scheme, record.context, row), record.green);
    },
  );

  const detect = section(
    mark.extend({
      bos_token_id: z.int().nullable(),
      ignore_repeated_ngrams: z.boolean(),
      z_threshold: z.number(),
      tokens: ids,
      error: z.string().optional(),
      num_tokens_scored: z.int().optional(),
      num_green_tokens: z.int().optional(),
      green_fraction: real.optional(),
      z_score: real.optional(),
      p_value: real.optional(),
      prediction: z.boolean().optional(),
      mask: z.string().optional(),
    }),
    (record, compare) => {
      const run = (): ReturnType<typeof sbwDetect> =>
        sbwDetect(bind(record), Uint32Array.from(record.tokens), {
          gamma: record.gamma,
          bos: record.bos_token_id,
          distinct: record.ignore_repeated_ngrams,
        });
      if (record.error !== undefined) {
        const type = record.scheme.gpu ? "RuntimeError" : "ValueError";
        compare.equal("error", refuses(run) ? type : "none", record.error);
        return;
      }
      const found = run();
      compare.equal("num_tokens_scored", found.scored, record.num_tokens_scored);
      compare.equal("num_green_tokens", found.green, record.num_green_tokens);
      compare.close(
        "green_fraction",
        found.green / found.scored,
        record.green_fraction ?? NaN,
        NEAR,
      );
      compare.close("z_score", found.zScore, record.z_score ?? NaN, {
        relative: 1e-12,
        absolute: 1e-12,
      });
      compare.close("p_value", found.pValue, record.p_value ?? NaN, NEAR);
      compare.equal("prediction", found.zScore > record.z_threshold, record.prediction);
      compare.equal("mask", found.mask.join(""), record.mask);
    },
  );

  const contexts = section(
    mark.extend({
      delta: z.number(),
      prompt: ids,
      output: ids,
      padded_vocab_size: z.int(),
      context: ids,
      green: ids,
    }),
    (record, compare) => {
      // vllm-sbw: the last tokens of prompt and output, zeros before the start; ids past the vocabulary unmarked.
      const { width } = record.scheme;
      const zeros = Array.from({ length: width }, () => 0);
      const context = [...zeros, ...record.prompt, ...record.output].slice(-width);
      compare.equal("context", context, record.context);
      const scheme = bind(record, { delta: record.delta });
      const row = new Float32Array(record.vocab_size);
      compare.part("green", green(scheme, context, row), record.green);
    },
  );

  return {
    name: "sbw",
    about: ["integrates_with"],
    sections: {
      jenkins_hash: jenkinsHash,
      table_hash: tableHash,
      philox,
      float_edges: floatEdges,
      seeds,
      green_lists: greenLists,
      detect,
      vllm_sbw_contexts: contexts,
    },
  };
}

function refuses(run: () => unknown): boolean {
  try {
    run();
    return false;
  } catch (error) {
    return error instanceof RangeError;
  }
}
