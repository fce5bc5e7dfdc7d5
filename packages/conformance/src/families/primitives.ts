import { Pcg64, TorchGenerator, pythonBits, toUnsigned } from "@verdigris/core/primitives";
import * as z from "zod";
import { idList, integer } from "../comparison.js";
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

const floats = z.array(z.number());

const uniform32 = section(
  z.object({ seed: integer, first8: floats, sha256_first5000_f32le: z.string() }),
  (record, compare) => {
    const generator = new TorchGenerator(record.seed);
    const values = Float32Array.from({ length: 5000 }, () => generator.f32());
    compare.equal("first8", values.slice(0, 8), Float32Array.from(record.first8));
    compare.digest("sha256_first5000_f32le", values, record.sha256_first5000_f32le);
  },
);

const uniform64 = section(
  z.object({ seed: integer, first8: floats, sha256_first3000_f64le: z.string() }),
  (record, compare) => {
    const generator = new TorchGenerator(record.seed);
    const values = Float64Array.from({ length: 3000 }, () => generator.f64());
    compare.part("first8", values.slice(0, 8), record.first8);
    compare.digest("sha256_first3000_f64le", values, record.sha256_first3000_f64le);
  },
);

const integers = section(
  z.object({
    seed: integer,
    low: integer,
    high: integer,
    first12: z.array(integer),
    first12_torch_2_4_0: z.array(integer).optional(),
  }),
  ({ seed, low, high, ...expected }, compare) => {
    const eras = { current: expected.first12, "before-2.6": expected.first12_torch_2_4_0 } as const;
    for (const era of ["current", "before-2.6"] as const) {
      const generator = new TorchGenerator(seed);
      const drawn = Array.from({ length: 12 }, () => generator.int(low, high, era));
      if (eras[era] !== undefined) compare.equal(`first12, ${era}`, drawn, eras[era]);
    }
  },
);

const interleaved = section(
  z.object({
    seed: integer,
    rand3: floats,
    randperm10: z.array(z.int()),
    rand2_f64: floats,
    randint5: z.array(z.int()),
    randperm1: z.array(z.int()),
    rand1: floats,
  }),
  (record, compare) => {
    const generator = new TorchGenerator(record.seed);
    const f32 = (n: number): Float32Array =>
      Float32Array.from({ length: n }, () => generator.f32());
    compare.equal("rand3", f32(3), Float32Array.from(record.rand3));
    compare.part("randperm10", generator.permutation(10), record.randperm10);
    compare.equal("rand2_f64", [generator.f64(), generator.f64()], record.rand2_f64);
    const drawn = Array.from({ length: 5 }, () => Number(generator.int(0n, 7n)));
    compare.equal("randint5", drawn, record.randint5);
    compare.part("randperm1", generator.permutation(1), record.randperm1);
    compare.equal("rand1", f32(1), Float32Array.from(record.rand1));
  },
);

const pcg64 = section(
  z.object({
    seed: integer,
    raw_u64_first4: z.array(integer),
    shuffle_arange20: z.array(z.int()),
    mask_n: z.int(),
    mask_true: z.int(),
    mask_true_ids: idList,
  }),
  (record, compare) => {
    const raw = new Pcg64(record.seed);
    compare.equal(
      "raw_u64_first4",
      [1, 2, 3, 4].map(() => toUnsigned(raw.u64())),
      record.raw_u64_first4,
    );
    const list = Uint32Array.from({ length: 20 }, (_, i) => i);
    new Pcg64(record.seed).shuffle(list);
    compare.part("shuffle_arange20", list, record.shuffle_arange20);
    const mask = new Uint8Array(record.mask_n).fill(1, 0, record.mask_true);
    new Pcg64(record.seed).shuffle(mask);
    const ids = Uint32Array.from([...mask.keys()].filter((id) => mask[id] === 1));
    compare.ids("mask_true_ids", ids, record.mask_true_ids, { ordered: false });
  },
);

const python = section(
  z.object({ seed: integer, getrandbits1024_be_hex: z.string() }),
  (record, compare) => {
    const hex = pythonBits(record.seed, 1024).toString(16).padStart(256, "0");
    compare.equal("getrandbits1024_be_hex", hex, record.getrandbits1024_be_hex);
  },
);

/** Generators of torch, numpy and Python: `primitives.json`. */
export function primitives(): VectorFamily {
  return {
    name: "primitives",
    about: [],
    sections: {
      mt19937,
      rand_f32: uniform32,
      rand_f64: uniform64,
      randint: integers,
      randperm: permutation,
      interleaved,
      numpy_pcg64: pcg64,
      python_random: python,
    },
  };
}
