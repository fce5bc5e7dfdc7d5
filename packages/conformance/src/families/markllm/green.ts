import { createKernel } from "@verdigris/core";
import {
  MARKLLM_F_SCHEMES,
  markLlmF,
  productModulo,
  unigramSeed,
} from "@verdigris/core/primitives";
import * as z from "zod";
import { idList, integer } from "../../comparison.js";
import { type Section, section } from "../../section.js";
import { ids, markLlmBinder } from "./bind.js";

const list = z.object({ vocab_size: z.int(), gamma: z.number(), hash_key: integer });

/** Green lists of KGW, of SWEET and EWD, and of Unigram. */
export function greenLists(): Section {
  const kernel = createKernel();
  const bind = markLlmBinder(kernel);
  const kgw = list.extend({
    alg: z.literal("KGW"),
    window_scheme: z.enum(["left", "self"]),
    f_scheme: z.enum(MARKLLM_F_SCHEMES),
    prefix_length: z.int(),
    context: ids,
    greenlist: idList,
    prf_first8: ids.optional(),
    f: z.int().optional(),
    seed: integer.optional(),
  });
  const entropy = list.extend({
    alg: z.literal("SWEET/EWD"),
    prefix_length: z.int(),
    context: ids,
    seed: integer,
    greenlist: idList,
  });
  const unigram = list.extend({
    alg: z.literal("Unigram"),
    numpy_seed: z.int(),
    greenlist_sorted: idList,
  });

  return section(z.discriminatedUnion("alg", [kgw, entropy, unigram]), (record, compare) => {
    const { vocab_size: V, gamma, hash_key } = record;
    const key = String(hash_key);
    const k = Math.trunc(V * gamma);
    const all = Uint32Array.from({ length: V }, (_, id) => id);
    if (record.alg === "Unigram") {
      compare.equal("numpy_seed", unigramSeed(hash_key), record.numpy_seed);
      const scheme = bind({ scheme: "unigram", V, h: 0, key, parameters: { gamma, delta: 1 } });
      const row = new Float32Array(V);
      scheme.reweight(new Uint32Array(0), row);
      compare.ids(
        "greenlist_sorted",
        all.filter((id) => row[id] > 0),
        record.greenlist_sorted,
        { ordered: false },
      );
      return;
    }
    const context = Uint32Array.from(record.context);
    const h = record.prefix_length;
    const ordered = new Uint32Array(k);
    if (record.alg === "SWEET/EWD") {
      const product = productModulo(context, { start: context.length - h, end: context.length }, V);
      compare.equal("seed", hash_key * BigInt(product), record.seed);
      kernel.torch.head(Number(BigInt.asUintN(32, record.seed)), { V, k }, ordered);
      compare.ids("greenlist", ordered, record.greenlist, { ordered: true });
      const parameters = { gamma, delta: 1, entropyThreshold: null };
      const scheme = bind({ scheme: "markllm-entropy", V, h, key, parameters });
      const row = new Float32Array(V);
      scheme.reweight(context, row);
      compare.ids(
        "greenlist of the scheme",
        all.filter((id) => row[id] > 0),
        {
          ...record.greenlist,
          sha256_order_u32le: undefined,
          order_first8: undefined,
          ids_order: undefined,
        },
        { ordered: false },
      );
      return;
    }
    const { window_scheme, f_scheme: fScheme } = record;
    const parameters = { gamma, delta: 1, fScheme };
    const seeding = window_scheme === "self" ? "self" : "left";
    const scheme = bind({ scheme: "markllm-green-list", V, h, key, parameters, seeding });
    if (window_scheme === "self") {
      const row = new Float32Array(V);
      scheme.reweight(context, row);
      compare.ids(
        "greenlist",
        all.filter((id) => row[id] > 0),
        record.greenlist,
        { ordered: false },
      );
      return;
    }
    const prf = kernel.torch.permutation(Number(BigInt.asUintN(32, hash_key)), V).slice();
    const f = markLlmF(fScheme, h, prf)(context, context.length);
    compare.part("prf_first8", prf.slice(0, 8), record.prf_first8);
    compare.equal("f", f, record.f ?? f);
    const seed = { seedLo: new Uint32Array(1), seedHi: new Uint32Array(1) };
    scheme.seeds(Uint32Array.of(...context, 0), context.length, seed);
    compare.equal("seed", seed.seedLo[0], record.seed ?? seed.seedLo[0]);
    kernel.torch.head(seed.seedLo[0], { V, k }, ordered);
    compare.ids("greenlist", ordered, record.greenlist, { ordered: true });
  });
}
