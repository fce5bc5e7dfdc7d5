import { TorchGenerator } from "@verdigris/core/primitives";
import {
  type AlignmentKey,
  type BestAlignment,
  bestAlignment,
  mersenneExpKey,
  pairCost,
  pickAt,
  rowsOf,
  torchItsKey,
} from "@verdigris/detector";
import { permutationP } from "@verdigris/detector/peers";
import * as z from "zod";
import { integer, real } from "../../comparison.js";
import { formulaLogits } from "../../profiles.js";
import { section } from "../../section.js";
import { ids } from "./bind.js";

const text = z.object({ key: integer, pseudo_length: z.int(), vocab_size: z.int(), tokens: ids });
const schema = z.discriminatedUnion("alg", [
  text.extend({
    alg: z.literal("EXPEdit"),
    xi_first4_f32: z.array(z.number()),
    min: real,
    argmin: z.int(),
    sampling: z.array(z.object({ formula_logits_c: z.int(), row: z.int(), token: z.int() })),
  }),
  text.extend({
    alg: z.literal("ITSEdit"),
    sequence_length: z.int(),
    n_runs: z.int(),
    seed0: integer,
    phi_min_f32: real,
    phi_argmin: z.int(),
    p_value_f32: real,
  }),
]);
const NEAR = { absolute: 1e-4 };

/** MarkLLM's EXPEdit and ITSEdit. */
export const edit = section(schema, (record, compare) => {
  const { key: seed, pseudo_length: n, vocab_size: V } = record;
  const tokens = Uint32Array.from(record.tokens);
  const best = (key: AlignmentKey, of: Uint32Array, gap = 0): BestAlignment =>
    bestAlignment({ tokens: of.length, rows: rowsOf(key), k: of.length }, gap, pairCost(key, of));
  if (record.alg === "EXPEdit") {
    const key = mersenneExpKey(seed, { n, V });
    compare.equal("xi_first4_f32", key.xi.slice(0, 4), Float32Array.from(record.xi_first4_f32));
    const found = best(key, tokens);
    compare.close("min", found.cost, record.min, NEAR);
    compare.equal("argmin", found.shift, record.argmin);
    record.sampling.forEach(({ formula_logits_c, row, token }, i) => {
      const weights = Float64Array.from(formulaLogits(V, formula_logits_c), (logit) =>
        Math.exp(logit),
      );
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      const p = weights.map((weight) => weight / total);
      compare.equal(`sampling[${i}].token`, pickAt(key, row, p), token);
    });
    return;
  }
  const generator = new TorchGenerator(seed);
  const seeds = Array.from({ length: record.sequence_length }, () => generator.int(0n, 2n ** 32n));
  compare.equal("seed0", seeds[0], record.seed0);
  const phi = (of: bigint, read: Uint32Array): BestAlignment =>
    best(torchItsKey(of, { n, V }), read, 1);
  const found = phi(seeds[0], tokens);
  compare.close("phi_min_f32", found.cost, record.phi_min_f32, NEAR);
  compare.equal("phi_argmin", found.block, record.phi_argmin);
  const p = permutationP(tokens, {
    V,
    observed: found.cost,
    runs: record.n_runs,
    ranked: false,
    global: new TorchGenerator(seed),
    statistic: (read, fresh) => phi(fresh, Uint32Array.from(read)).cost,
  });
  compare.close("p_value_f32", p, record.p_value_f32, { absolute: 1e-6 });
});
