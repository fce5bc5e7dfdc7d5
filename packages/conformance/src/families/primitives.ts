import { TorchGenerator } from "@verdigris/core/primitives";
import * as z from "zod";
import { integer } from "../comparison.js";
import { type VectorFamily, section } from "../section.js";

const mt19937 = section(
  z.object({
    seed: integer,
    engine_seed_u32: z.int(),
    u32_first8: z.array(z.int()),
    u32_at: z.record(z.string(), z.int()),
    sha256_first10000_u32le: z.string(),
  }),
  (record, compare) => {
    compare.equal("engine_seed_u32", BigInt.asUintN(32, record.seed), record.engine_seed_u32);
    const generator = new TorchGenerator(record.seed);
    const words = Uint32Array.from({ length: 10_000 }, () => generator.u32());
    compare.part("u32_first8", words.slice(0, 8), record.u32_first8);
    for (const [at, word] of Object.entries(record.u32_at)) {
      compare.equal(`u32_at.${at}`, words[Number(at)], word);
    }
    compare.digest("sha256_first10000_u32le", words, record.sha256_first10000_u32le);
  },
);

const permutation = section(
  z.object({
    n: z.int().min(0),
    seed: integer,
    sha256_i32le: z.string(),
    first16: z.array(z.int()),
    last16: z.array(z.int()),
    perm: z.array(z.int()).optional(),
    positions: z.record(z.string(), z.int()),
  }),
  (record, compare) => {
    const list = new TorchGenerator(record.seed).permutation(record.n);
    compare.digest("sha256_i32le", list, record.sha256_i32le);
    compare.part("first16", list.slice(0, 16), record.first16);
    compare.part("last16", list.slice(-16), record.last16);
    compare.part("perm", list, record.perm);
    for (const [element, position] of Object.entries(record.positions)) {
      compare.equal(`positions.${element}`, list.indexOf(Number(element)), position);
    }
  },
);

/** Generators of torch, numpy and Python: `primitives.json`. */
export const primitives: VectorFamily = {
  name: "primitives",
  about: ["family", "note"],
  sections: { mt19937, randperm: permutation },
};
