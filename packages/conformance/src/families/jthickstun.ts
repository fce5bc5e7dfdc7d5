import type { Tokens } from "@verdigris/core";
import { Mt19937, TorchGenerator } from "@verdigris/core/primitives";
import {
  type AlignmentKey,
  EditCost,
  bestAlignment,
  mersenneExpKey,
  mersennePermutation,
  pairCost,
  pickAt,
  rowsOf,
  straightCost,
  torchExpKey,
  torchItsKey,
} from "@verdigris/detector";
import { permutationP } from "@verdigris/detector/peers";
import * as z from "zod";
import { type Comparison, integer, real, reals } from "../comparison.js";
import { formulaLogits } from "../profiles.js";
import { type VectorFamily, section } from "../section.js";

const ids = z.array(z.int());
const NEAR = { absolute: 1e-4 };

const mersenne = section(
  z.object({
    key: integer,
    rand_first8: z.array(z.number()),
    rand_1999: z.number(),
    xi_f32_sha256_2000: z.string(),
    randperm20: ids,
  }),
  (record, compare) => {
    const engine = new Mt19937(Number(record.key));
    const values = Float64Array.from({ length: 2000 }, () => engine.u32() * 2 ** -32);
    compare.part("rand_first8", values.slice(0, 8), record.rand_first8);
    compare.equal("rand_1999", values[1999], record.rand_1999);
    const { xi } = mersenneExpKey(record.key, { n: 20, V: 100 });
    compare.digest("xi_f32_sha256_2000", xi, record.xi_f32_sha256_2000);
    const fresh = new Mt19937(Number(record.key));
    compare.part("randperm20", mersennePermutation(fresh, 20), record.randperm20);
  },
);

const keys = section(
  z.object({
    seed: integer,
    vocab_size: z.int(),
    n: z.int(),
    gumbel_xi_row0_first4: z.array(z.number()),
    gumbel_xi_sha256_f32le: z.string(),
    transform_pi_first16: ids,
    transform_pi_sha256_i32le: z.string(),
    transform_xi_f32: z.array(z.number()),
  }),
  ({ seed, n, vocab_size: V, ...record }, compare) => {
    const { xi } = torchExpKey(seed, { n, V });
    compare.equal(
      "gumbel_xi_row0_first4",
      xi.slice(0, 4),
      Float32Array.from(record.gumbel_xi_row0_first4),
    );
    compare.digest("gumbel_xi_sha256_f32le", xi, record.gumbel_xi_sha256_f32le);
    const transform = torchItsKey(seed, { n, V });
    compare.part("transform_pi_first16", transform.pi.slice(0, 16), record.transform_pi_first16);
    compare.digest("transform_pi_sha256_i32le", transform.pi, record.transform_pi_sha256_i32le);
    compare.equal(
      "transform_xi_f32",
      Float32Array.from(transform.xi),
      Float32Array.from(record.transform_xi_f32),
    );
  },
);

const sampling = section(
  z.object({
    seed: integer,
    vocab_size: z.int(),
    n: z.int(),
    row: z.int(),
    logits: reals.optional(),
    formula_logits_c: z.int().optional(),
    gumbel_token: z.int(),
    transform_token: z.int(),
  }),
  ({ seed, n, vocab_size: V, row, ...record }, compare) => {
    const logits = record.logits ?? formulaLogits(V, record.formula_logits_c ?? NaN);
    const weights = Float64Array.from(logits, (logit) => Math.exp(logit));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const p = weights.map((weight) => weight / total);
    compare.equal("gumbel_token", pickAt(torchExpKey(seed, { n, V }), row, p), record.gumbel_token);
    compare.equal(
      "transform_token",
      pickAt(torchItsKey(seed, { n, V }), row, p),
      record.transform_token,
    );
  },
);

const edits = z.array(z.object({ gamma: z.number(), value: real }));
const testP = z.object({ torch_manual_seed: integer, n_runs: z.int(), p: real });

const statistics = section(
  z.object({
    vocab_size: z.int(),
    n: z.int(),
    k: z.int(),
    seed: integer,
    tokens: ids,
    gumbel_score_offset3: real,
    gumbel_edit_offset3: edits,
    transform_score_offset3: real,
    transform_edit_offset3: edits,
    phi_gumbel: real,
    phi_gumbel_edit0: real,
    phi_transform: real,
    phi_transform_edit1: real,
    permutation_p_gumbel: testP,
    permutation_p_gumbel_edit0: testP,
    permutation_p_transform: testP,
    permutation_p_transform_edit1: testP,
  }),
  (record, compare) => {
    const { vocab_size: V, n, k, seed } = record;
    const tokens = Uint32Array.from(record.tokens);
    const gumbel = torchExpKey(seed, { n, V });
    const transform = torchItsKey(seed, { n, V });
    offsets(
      "gumbel",
      {
        k,
        key: gumbel,
        tokens,
        score: record.gumbel_score_offset3,
        edits: record.gumbel_edit_offset3,
      },
      compare,
    );
    offsets(
      "transform",
      {
        k,
        key: transform,
        tokens,
        score: record.transform_score_offset3,
        edits: record.transform_edit_offset3,
      },
      compare,
    );
    const phi = (key: AlignmentKey, gap: number | null, text: Tokens = tokens): number =>
      bestAlignment({ tokens: text.length, rows: rowsOf(key), k }, gap, pairCost(key, text)).cost;
    compare.close("phi_gumbel", phi(gumbel, null), record.phi_gumbel, NEAR);
    compare.close("phi_gumbel_edit0", phi(gumbel, 0), record.phi_gumbel_edit0, NEAR);
    compare.close("phi_transform", phi(transform, null), record.phi_transform, NEAR);
    compare.close("phi_transform_edit1", phi(transform, 1), record.phi_transform_edit1, NEAR);
    const tests = [
      ["permutation_p_gumbel", gumbel, null],
      ["permutation_p_gumbel_edit0", gumbel, 0],
      ["permutation_p_transform", transform, null],
      ["permutation_p_transform_edit1", transform, 1],
    ] as const;
    for (const [name, key, gap] of tests) {
      const { torch_manual_seed, n_runs, p } = record[name];
      const found = permutationP(tokens, {
        V,
        observed: phi(key, gap),
        runs: n_runs,
        ranked: true,
        global: new TorchGenerator(torch_manual_seed),
        statistic: (text, fresh) => {
          const other =
            key.kind === "exp" ? torchExpKey(fresh, { n, V }) : torchItsKey(fresh, { n, V });
          return phi(other, gap, text);
        },
      });
      compare.close(name, found, p, { absolute: 1e-6 });
    }
  },
);

/** Costs of the first k tokens against the rows from 3 on. */
function offsets(
  name: string,
  given: {
    k: number;
    key: AlignmentKey;
    tokens: Uint32Array;
    score: number;
    edits: z.infer<typeof edits>;
  },
  compare: Comparison,
): void {
  const { key, tokens } = given;
  const { k } = given;
  const rows = rowsOf(key);
  const cost = pairCost(key, tokens);
  const pair = (i: number, j: number): number => cost(i, (3 + j) % rows);
  compare.close(`${name}_score_offset3`, straightCost(k, pair), given.score, NEAR);
  for (const { gamma, value } of given.edits) {
    const found = new EditCost().compute({ rows: k, columns: k }, gamma, pair);
    compare.close(`${name}_edit_offset3, gap ${gamma}`, found, value, NEAR);
  }
}

/** Vectors of jthickstun/watermark: `jthickstun_watermark.json`. */
export function jthickstun(): VectorFamily {
  return {
    name: "jthickstun_watermark",
    about: ["tolerance"],
    sections: { mersenne, keys, sampling, statistics },
  };
}
