import { createKernel, hexWordKey } from "@verdigris/core";
import {
  murmur3,
  sglangCoin,
  sglangSupport,
  sglangUniform,
  toSigned,
  type Word64,
} from "@verdigris/core/primitives";
import { type SglangTest, sglangDetect } from "@verdigris/detector/peers";
import * as z from "zod";
import { type Comparison, integer, real, reals } from "../comparison.js";
import { bindMark } from "../profiles.js";
import { type VectorFamily, section } from "../section.js";

const ids = z.array(z.int());
const hexKey = z.string().transform((text, context): Word64 => {
  const word = hexWordKey.parse(text);
  if (word !== null) return word;
  context.addIssue("expected 1 to 16 hex digits");
  return z.NEVER;
});
const NEAR = { relative: 1e-12, absolute: 1e-300 };

const parseKey = section(z.object({ hex: hexKey, signed_int64: integer }), (record, compare) => {
  compare.equal("signed_int64", toSigned(record.hex), record.signed_int64);
});

const hashContext = section(z.object({ context: ids, hash: z.int() }), (record, compare) => {
  compare.equal("hash", murmur3(record.context), record.hash);
});

const tokenHash = section(
  z.object({
    key: hexKey,
    context: ids,
    context_hash: z.int(),
    tokens: ids,
    hashes: ids,
    u: z.array(z.number()),
    scores: z.array(real),
  }),
  ({ key, ...record }, compare) => {
    const context = murmur3(record.context);
    compare.equal("context_hash", context, record.context_hash);
    const hashes = record.tokens.map((token) => murmur3([key.lo, key.hi, context, token]));
    compare.equal("hashes", hashes, record.hashes);
    compare.equal("u", hashes.map(sglangUniform), record.u);
    compare.allClose(
      "scores",
      hashes.map((hash) => -Math.log1p(-sglangUniform(hash))),
      record.scores,
      NEAR,
    );
  },
);

const positionCoin = section(
  z.object({
    key: hexKey,
    key_b: hexKey,
    context: ids,
    context_hash: z.int(),
    coin: z.int(),
    mixing_probability: z.array(z.number()),
    uses_key_a: z.array(z.boolean()),
  }),
  (record, compare) => {
    const context = murmur3(record.context);
    const coin = sglangCoin([record.key, record.key_b], context);
    compare.equal("context_hash", context, record.context_hash);
    compare.equal("coin", coin, record.coin);
    const uses = record.mixing_probability.map((p) => coin < Math.floor(p * 2 ** 32));
    compare.equal("uses_key_a", uses, record.uses_key_a);
  },
);

const test = z.object({ n: z.int(), score: real, z: real, p: real, log_p: real });

const detect = section(
  z.object({
    key: hexKey,
    key_b: hexKey.optional(),
    mixing_probability: z.number().optional(),
    context_window: z.int(),
    max_contexts: z.int(),
    prompt: ids,
    tokens: ids,
    combined: test,
    key_a_all: test,
    key_b_all: test.optional(),
    key_a_partition: test.optional(),
    key_b_partition: test.optional(),
    prefix_limit_reached: z.boolean(),
    tokens_examined: z.int(),
    repeated_contexts: z.int(),
    skipped_initial_tokens: z.int(),
  }),
  (record, compare) => {
    const found = sglangDetect(Uint32Array.from(record.tokens), {
      keys: record.key_b === undefined ? [record.key] : [record.key, record.key_b],
      mixingProbability: record.mixing_probability ?? null,
      contextWindow: record.context_window,
      maxContexts: record.max_contexts,
      prompt: Uint32Array.from(record.prompt),
    });
    compareTest("combined", { found: found.combined, expected: record.combined }, compare);
    compareTest("key_a_all", { found: found.keyAAll, expected: record.key_a_all }, compare);
    compareTest("key_b_all", { found: found.keyBAll, expected: record.key_b_all }, compare);
    compareTest(
      "key_a_partition",
      { found: found.keyAPartition, expected: record.key_a_partition },
      compare,
    );
    compareTest(
      "key_b_partition",
      { found: found.keyBPartition, expected: record.key_b_partition },
      compare,
    );
    compare.equal("prefix_limit_reached", found.prefixLimitReached, record.prefix_limit_reached);
    compare.equal("tokens_examined", found.tokensExamined, record.tokens_examined);
    compare.equal("repeated_contexts", found.repeatedContexts, record.repeated_contexts);
    compare.equal(
      "skipped_initial_tokens",
      found.skippedInitialTokens,
      record.skipped_initial_tokens,
    );
  },
);

function compareTest(
  name: string,
  tests: {
    readonly found: SglangTest | undefined;
    readonly expected: z.infer<typeof test> | undefined;
  },
  compare: Comparison,
): void {
  const { found, expected } = tests;
  if (found === undefined || expected === undefined) {
    compare.equal(name, found === undefined, expected === undefined);
    return;
  }
  compare.equal(`${name}.n`, found.n, expected.n);
  compare.close(`${name}.score`, found.score, expected.score, NEAR);
  compare.close(`${name}.z`, found.z, expected.z, { relative: 1e-12, absolute: 1e-12 });
  compare.close(`${name}.p`, found.p, expected.p, { relative: 1e-10, absolute: 1e-300 });
  compare.close(`${name}.log_p`, found.logP, expected.log_p, { relative: 1e-12, absolute: 1e-12 });
}

/** Vectors of SGLang 0.5.23: `sglang.json`. */
export function sglang(): VectorFamily {
  const kernel = createKernel();
  const mark = z.object({
    key: z.string(),
    key_b: z.string().optional(),
    mixing_probability: z.number().optional(),
    context: ids,
  });

  /** The id that the mark picks among some, with these logits. */
  function pick(
    record: z.infer<typeof mark>,
    support: { ids: Uint32Array; logits: Float32Array },
  ): number {
    const scheme = bindMark(
      {
        scheme: "sglang-gumbel",
        prf: "murmur3-x86-32-v1",
        V: 2 ** 19,
        h: record.context.length,
        seeding: "left",
        parameters: { mixingProbability: record.mixing_probability ?? null },
        key: record.key_b === undefined ? record.key : `${record.key},${record.key_b}`,
      },
      kernel,
    );
    const logits = support.logits.slice();
    scheme.reweight(Uint32Array.from(record.context), logits, support.ids);
    return support.ids[logits.indexOf(0)];
  }

  const fromWeights = section(
    mark.extend({ weights: z.array(z.number()), token: z.int() }),
    (record, compare) => {
      const support = Uint32Array.from(
        [...record.weights.keys()].filter((id) => record.weights[id] > 0),
      );
      const logits = Float32Array.from(support, (id) => Math.log(record.weights[id]));
      compare.equal("token", pick(record, { ids: support, logits }), record.token);
    },
  );

  const fromLogits = section(
    mark.extend({
      logits: reals,
      temperature: z.number(),
      top_k: z.int(),
      top_p: z.number(),
      min_p: z.number(),
      max_probability: z.number(),
      support: ids,
      forced: z.boolean(),
      token: z.int().nullable(),
    }),
    (record, compare) => {
      const support = sglangSupport(record.logits, {
        temperature: record.temperature,
        topK: record.top_k,
        topP: record.top_p,
        minP: record.min_p,
        maxProbability: record.max_probability,
      });
      compare.equal(
        "support",
        support.ids.toSorted(),
        record.support.toSorted((a, b) => a - b),
      );
      compare.equal("forced", support.forced, record.forced);
      const logits = Float32Array.from(support.p, (p) => Math.log(p));
      const token = support.forced ? pick(record, { ids: support.ids, logits }) : null;
      compare.equal("token", token, record.token);
    },
  );

  return {
    name: "sglang",
    about: [],
    sections: {
      parse_key: parseKey,
      hash_context: hashContext,
      token_hash: tokenHash,
      position_coin: positionCoin,
      select_from_weights: fromWeights,
      select_from_logits: fromLogits,
      detect,
    },
  };
}
