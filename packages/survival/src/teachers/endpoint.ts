import type { Tokenizer } from "@verdigris/text";
import type { Lesson } from "../datasets/index.js";
import type { Endpoint } from "../endpoint/index.js";
import { mapInParallel } from "../parallel.js";
import { below } from "../random.js";
import type { Teacher, Teaching } from "./teacher.js";

/**
 * A teacher behind an OpenAI-compatible API. It draws its own tokens, so no mark can be put into its answers from outside:
 * what it writes is unmarked, or carries the mark of whoever serves it. Temperature is all of the sampling that it is told.
 */
export function endpointTeacher(endpoint: Endpoint, tokenizer: Pick<Tokenizer, "encode">): Teacher {
  return {
    kind: "endpoint",
    async answer(prompts: readonly string[], teaching: Teaching): Promise<readonly Lesson[]> {
      const { scheme, random, maxTokens, sampling } = teaching;
      if (scheme !== null) {
        throw new RangeError(
          `scheme: expected null, got ${scheme.profile.scheme}: a model behind an endpoint draws its own tokens and cannot be marked from outside; serve it with \`verdigris serve\`, or use its weights as a model teacher`,
        );
      }
      const temperature = sampling?.temperature ?? 1;
      return mapInParallel(prompts, endpoint.concurrency, async (prompt, i) => {
        const seed = below(random(i), 2 ** 31);
        const answer = await endpoint.answer(prompt, { maxTokens, temperature, seed });
        return { prompt, answer, tokens: tokenizer.encode(answer) };
      });
    },
    dispose: async (): Promise<void> => {},
  };
}
