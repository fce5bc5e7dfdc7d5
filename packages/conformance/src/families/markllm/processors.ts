import { expGumbelRow, morphMark } from "@verdigris/detector/peers";
import * as z from "zod";
import { integer, reals } from "../../comparison.js";
import { type Section, section } from "../../section.js";
import { ids, markLlmBinder } from "./bind.js";

const record = z.object({
  alg: z.string(),
  vocab_size: z.int(),
  gamma: z.number(),
  delta: z.number(),
  hash_key: integer,
  input_ids: ids,
  logits: reals,
  output: reals,
  exact: z.boolean(),
  entropy_threshold: z.number().optional(),
  seed: integer.optional(),
  prefix_length: z.int().optional(),
  temperature: z.number().optional(),
});

/** One step of MarkLLM's logits processors, with the configurations' default widths. */
export function processors(): Section {
  const bind = markLlmBinder();
  return section(record, (given, compare) => {
    const { alg, vocab_size: V, gamma, delta, exact, prefix_length: width = 1 } = given;
    const key = String(given.hash_key);
    const tokens = Uint32Array.from(given.input_ids);
    const logits = Float32Array.from(given.logits);
    const kgw = {
      scheme: "markllm-green-list",
      V,
      h: width,
      key,
      parameters: { gamma, delta, fScheme: "time" },
    };
    const entropy = (entropyThreshold: number | null): Parameters<typeof bind>[0] => ({
      scheme: "markllm-entropy",
      V,
      h: width,
      key,
      parameters: { gamma, delta, entropyThreshold },
    });
    if (alg === "KGW") bind(kgw).reweight(tokens, logits);
    else if (alg === "Unigram") {
      bind({ scheme: "unigram", V, h: 0, key, parameters: { gamma, delta } }).reweight(
        tokens,
        logits,
      );
    } else if (alg === "SWEET")
      bind(entropy(given.entropy_threshold ?? NaN)).reweight(tokens, logits);
    else if (alg === "EWD") bind(entropy(null)).reweight(tokens, logits);
    else if (alg === "EXPGumbel") {
      const { temperature = 1, seed = 0n } = given;
      const sum = tokens.subarray(tokens.length - width).reduce((all, id) => all + id, 0);
      const u = expGumbelRow(seed, V, sum);
      logits.forEach(
        (logit, id) => (logits[id] = logit / temperature - Math.log(-Math.log(u[id]))),
      );
    } else if (alg.startsWith("MorphMark-")) {
      const flat = new Float32Array(V);
      bind(kgw).reweight(tokens, flat);
      const kind = z.enum(["linear", "exp", "log"]).parse(alg.slice("MorphMark-".length));
      logits.set(morphMark(logits, (id) => flat[id] > 0, kind));
    } else throw new TypeError(`alg: expected a processor of MarkLLM, got ${alg}`);
    if (exact) compare.equal("output", logits, Float32Array.from(given.output));
    else {
      const expected = given.output;
      expected.forEach((value, id) => {
        // ln of a probability that float32 rounds to nearly nothing is noise.
        if (value > -15 || logits[id] > -15)
          compare.close(`output[${id}]`, logits[id], value, { absolute: 1e-4 });
      });
    }
  });
}
