/** Texts of a teacher behind an OpenAI-compatible API: it marks them itself, under the key it was given. */
import type { Random } from "@verdigris/core";
import type { Text } from "../corpus.js";
import { type Endpoint, openEndpoint } from "../endpoint/index.js";
import type { ServedModel } from "../live-material.js";
import type { Material } from "../material.js";
import { below } from "../random.js";
import type { LessonOrder } from "./orders.js";
import { recordedArm } from "./material.js";
import type { Setting } from "./setting.js";

/** Tokens of a text that the teacher is shown to go on from. */
const PROMPT = 8;

/** What writes one text of an order. */
export interface ServedWriter {
  readonly atOnce: number;
  write(random: Random): Promise<Text>;
}

/** @throws RangeError for a mark or key that nobody serves, or a material without a tokenizer */
export async function servedWriter(
  order: LessonOrder & { readonly teacher: Extract<Setting["teacher"], { kind: "endpoint" }> },
  { served, tokenizer, ...material }: Material,
): Promise<ServedWriter> {
  const { mark, key, source, teacher } = order;
  if (served === undefined || tokenizer === undefined)
    throw new RangeError("material.served: expected servers of a teacher, got none");
  if (key !== 0) throw new RangeError(`keys: expected 1 with a served teacher, got ${key + 1}`);
  const asked: ServedModel = mark === null ? served.unmarked : recordedArm(mark, served.arms);
  const endpoint: Endpoint = await openEndpoint({ url: asked.url, model: asked.model });
  const { temperature, textLength: maxTokens } = teacher;
  return {
    atOnce: endpoint.concurrency,
    async write(random): Promise<Text> {
      const from = material[source][below(random, material[source].length)];
      const shown = tokenizer.decode(from.tokens.subarray(0, PROMPT));
      const seed = below(random, 2 ** 31);
      const { text } = await endpoint.complete(shown, { maxTokens, temperature, seed });
      return { prompt: from.prompt, part: 0, tokens: tokenizer.encode(text) };
    },
  };
}
