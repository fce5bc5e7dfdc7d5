import { createKernel } from "@verdigris/core";
import {
  philox4x32,
  toUnsigned,
  vllmDualKeys,
  vllmPrf,
  vllmSkips,
  vllmUniform,
  word64,
} from "@verdigris/core/primitives";
import {
  vllmContext,
  vllmGumbelDetect,
  vllmRedGreenDetect,
  vllmSbwDetect,
  vllmSbwGreen,
} from "@verdigris/detector/peers";
import * as z from "zod";
import { integer, real } from "../comparison.js";
import { bindMark } from "../profiles.js";
import { type VectorFamily, section } from "../section.js";

const ids = z.array(z.int());
const logits = z
  .array(z.number().nullable())
  .transform((row) => Float32Array.from(row, (x) => x ?? -Infinity));
const NEAR = { relative: 1e-12, absolute: 1e-300 };
/** The peer's own incomplete gamma is off by up to 1.5e-9 where alpha is not 0, ½ or 1. */
const DUAL = { relative: 5e-9, absolute: 1e-300 };
const TAIL = { relative: 1e-10, absolute: 1e-300 };

const philox = section(z.object({ counter: ids, key: ids, out: ids }), (record, compare) => {
  const block = Uint32Array.from(record.counter);
  philox4x32(block, record.key[0], record.key[1]);
  compare.part("out", block, record.out);
});

const uniform = section(z.object({ word: z.int(), u: z.number() }), (record, compare) => {
  compare.equal("u", vllmUniform(record.word), record.u);
});

const derive = section(
  z.object({ key: integer, key_a: integer, key_b: integer }),
  (record, compare) => {
    const [a, b] = vllmDualKeys(record.key);
    compare.equal(
      "keys",
      [toUnsigned(a), toUnsigned(b)].map(String),
      [record.key_a, record.key_b].map(String),
    );
  },
);

const uniforms = section(
  z.object({
    key: integer,
    context: ids,
    state: ids,
    tokens: ids,
    words: ids,
    u: z.array(z.number()),
  }),
  (record, compare) => {
    const prf = vllmPrf(word64(record.key), record.context.length);
    const state = new Uint32Array(4);
    prf.state(Uint32Array.from(record.context), record.context.length, state);
    compare.part("state", state, record.state);
    const words = record.tokens.map((token) => prf.word(state, token));
    compare.equal("words", words, record.words);
    compare.equal("u", words.map(vllmUniform), record.u);
  },
);

const detection = z.object({
  key: integer,
  context_width: z.int(),
  deduplicate_contexts: z.boolean(),
  tokens: ids,
  num_scored_tokens: z.int(),
  p_value: real,
  is_watermarked: z.boolean(),
});

const detect = section(
  detection.extend({
    algorithm: z.enum(["gumbel", "dual_key_gumbel"]),
    alpha: z.number().optional(),
    score: real,
    p_value_threshold: z.number(),
  }),
  (record, compare) => {
    const alpha = record.algorithm === "gumbel" ? null : (record.alpha ?? 0.5);
    const found = vllmGumbelDetect(Uint32Array.from(record.tokens), record.key, {
      width: record.context_width,
      deduplicate: record.deduplicate_contexts,
      alpha,
    });
    const exact = alpha === null || [0, 0.5, 1].includes(alpha);
    compare.equal("num_scored_tokens", found.scored, record.num_scored_tokens);
    compare.close("score", found.score, record.score, NEAR);
    compare.close("p_value", found.pValue, record.p_value, exact ? TAIL : DUAL);
    const detected = found.scored > 0 && found.pValue <= record.p_value_threshold;
    compare.equal("is_watermarked", detected, record.is_watermarked);
  },
);

const greenDetection = detection.extend({ gamma: z.number(), num_green: z.number() });

const sbwDetect = section(
  greenDetection.extend({ scheme: z.enum(["lefthash", "selfhash"]) }),
  ({ scheme, gamma, ...record }, compare) => {
    const walk = { width: record.context_width, deduplicate: record.deduplicate_contexts };
    const found = vllmSbwDetect(Uint32Array.from(record.tokens), record.key, {
      ...walk,
      scheme,
      gamma,
    });
    compareGreen(found, record, compare);
  },
);

const redGreen = section(greenDetection, ({ gamma, ...record }, compare) => {
  const walk = { width: record.context_width, deduplicate: record.deduplicate_contexts };
  const found = vllmRedGreenDetect(Uint32Array.from(record.tokens), record.key, { ...walk, gamma });
  compareGreen(found, record, compare);
});

const sbwGreen = section(
  z.object({
    scheme: z.enum(["lefthash", "selfhash"]),
    key: integer,
    gamma: z.number(),
    context: ids,
    vocab_size: z.int(),
    green: ids,
  }),
  (record, compare) => {
    const { scheme, gamma } = record;
    const isGreen = vllmSbwGreen(record.key, { scheme, gamma, side: "generator" });
    const context = Uint32Array.from(record.context);
    const all = Array.from({ length: record.vocab_size }, (_, id) => id);
    compare.equal(
      "green",
      all.filter((id) => isGreen(context, id)),
      record.green,
    );
  },
);

function compareGreen(
  found: { readonly scored: number; readonly green: number; readonly pValue: number },
  record: {
    num_scored_tokens: number;
    num_green: number;
    p_value: number;
    is_watermarked: boolean;
  },
  compare: {
    equal(n: string, a: unknown, b: unknown): void;
    close(n: string, a: number, b: number, t: object): void;
  },
): void {
  compare.equal("num_scored_tokens", found.scored, record.num_scored_tokens);
  compare.equal("num_green", found.green, record.num_green);
  compare.close("p_value", found.pValue, record.p_value, TAIL);
  compare.equal("is_watermarked", found.scored > 0 && found.pValue <= 0.01, record.is_watermarked);
}

/** Vectors of vLLM 0.33.0 and of two unreleased snapshots: `vllm.json`. */
export function vllm(): VectorFamily {
  const kernel = createKernel();

  /** The token that the mark picks; `alpha` 0 or 1 picks by the first or the second key alone. */
  function pick(
    key: bigint,
    alpha: 0 | 1 | null,
    row: { context: Uint32Array; logits: Float32Array },
  ): number {
    const { context, logits: given } = row;
    const scheme = bindMark(
      {
        scheme: "vllm-gumbel",
        prf: "philox4x32-10-v1",
        V: Math.max(2, given.length),
        h: context.length,
        seeding: "left",
        parameters: { alpha },
        key: String(key),
      },
      kernel,
    );
    const out = given.slice();
    scheme.reweight(
      context,
      out,
      Uint32Array.from(given, (_, id) => id),
    );
    return out.indexOf(0);
  }

  const selectGumbel = section(
    z.object({ key: integer, context: ids, logits, token: z.int() }),
    (record, compare) => {
      const row = { context: Uint32Array.from(record.context), logits: record.logits };
      compare.equal("token", pick(record.key, null, row), record.token);
    },
  );

  const selectDual = section(
    z.object({
      key: integer,
      context: ids,
      alpha: z.number(),
      routing_draw: z.number().nullable(),
      logits,
      token: z.int(),
      token_key_a: z.int(),
      token_key_b: z.int(),
    }),
    (record, compare) => {
      const row = { context: Uint32Array.from(record.context), logits: record.logits };
      const [a, b] = [pick(record.key, 0, row), pick(record.key, 1, row)];
      compare.equal("token_key_a", a, record.token_key_a);
      compare.equal("token_key_b", b, record.token_key_b);
      compare.equal("token", (record.routing_draw ?? record.alpha) === 1 ? b : a, record.token);
    },
  );

  const traces = section(
    z.object({
      algorithm: z.enum(["gumbel", "dual_key_gumbel"]),
      key: integer,
      context_width: z.int(),
      deduplicate_contexts: z.enum(["none", "single_turn", "all"]),
      max_history: z.int().nullable(),
      prompt: ids,
      vocab_size: z.int(),
      logits_rule: z.tuple([z.int(), z.int(), z.int(), z.int()]),
      tokens: ids,
      skipped: ids,
      routing_draws: z.array(z.number().nullable()).optional(),
    }),
    (record, compare) => {
      const { context_width: width, deduplicate_contexts: scope, max_history: maxHistory } = record;
      const [a, b, c, m] = record.logits_rule;
      const generated: number[] = [];
      const skipped: number[] = [];
      for (let t = 0; t < record.tokens.length; t++) {
        const row = Float32Array.from(
          { length: record.vocab_size },
          (_, v) => ((a * v + b * t + c) % m) / 16,
        );
        const skips = vllmSkips(record.prompt, generated, { width, scope, maxHistory });
        const second = record.routing_draws?.[t] === 1;
        const alpha = record.algorithm === "gumbel" ? null : second ? 1 : 0;
        const context = vllmContext(Uint32Array.from(generated), width);
        skipped.push(skips ? 1 : 0);
        generated.push(
          skips ? row.indexOf(Math.max(...row)) : pick(record.key, alpha, { context, logits: row }),
        );
      }
      compare.equal("skipped", skipped, record.skipped);
      compare.equal("tokens", generated, record.tokens);
    },
  );

  return {
    name: "vllm",
    about: [
      "prf_version",
      "sbw_snapshot.version",
      "sbw_snapshot.note",
      "red_green_snapshot.version",
      "red_green_snapshot.note",
    ],
    sections: {
      philox4x32_10: philox,
      word_to_uniform: uniform,
      derive_key: derive,
      uniforms,
      select_gumbel: selectGumbel,
      select_dual_key: selectDual,
      generation_traces: traces,
      detect,
      "sbw_snapshot.green_list": sbwGreen,
      "sbw_snapshot.detect": sbwDetect,
      "sbw_snapshot.key_2_63": section(z.literal("ValueError"), (_, compare) => {
        compare.equal("a key of 2^63", refusesKey(String(2n ** 63n)), true);
      }),
      "red_green_snapshot.detect": redGreen,
    },
  };

  function refusesKey(key: string): boolean {
    try {
      bindMark(
        {
          scheme: "vllm-sbw",
          prf: "philox4x32-10-sbw-v1",
          V: 64,
          h: 1,
          seeding: "left",
          parameters: { gamma: 0.5, delta: 2 },
          key,
        },
        kernel,
      );
      return false;
    } catch {
      return true;
    }
  }
}
