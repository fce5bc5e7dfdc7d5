/** Texts of a teacher behind an OpenAI-compatible API: it marks them itself, under the key it was given. */
import type { Random } from "@verdigris/core";
import type { Text } from "../corpus.js";
import { type Endpoint, openEndpoint, probeEndpoint } from "../endpoint/index.js";
import type { ServedModel, ServedTeacher } from "../live-material.js";
import type { Material } from "../material.js";
import { below } from "../random.js";
import { codedStore } from "../store.js";
import type { LessonOrder } from "./orders.js";
import { recordedArm } from "./material.js";
import type { Setting } from "./setting.js";
import { textCodec } from "./text-codec.js";

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
  const { key, source, teacher } = order;
  if (tokenizer === undefined)
    throw new RangeError("material.served: expected a tokenizer beside it, got none");
  if (key !== 0) throw new RangeError(`keys: expected 1 with a served teacher, got ${key + 1}`);
  const asked = serverOf(order, served);
  const endpoint: Endpoint = await openEndpoint(asked);
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

/** Whom a served teacher's lesson is asked of. @throws RangeError for a mark that nobody serves, or without servers */
function serverOf(
  { mark }: Pick<LessonOrder, "mark">,
  served: ServedTeacher | undefined,
): ServedModel {
  if (served === undefined)
    throw new RangeError("material.served: expected servers of a teacher, got none");
  return mark === null ? served.unmarked : recordedArm(mark, served.arms);
}

/** Probes whoever will write lessons that are not stored yet. @throws VerdigrisError ENDPOINT_FAILED */
export async function requireServers(
  orders: readonly LessonOrder[],
  { served }: Pick<Material, "served">,
  { directory }: { readonly directory: string },
): Promise<void> {
  const stored = codedStore(directory, textCodec);
  const asked = new Set<ServedModel>();
  for (const order of orders) {
    if (order.teacher.kind !== "endpoint" || (await stored.find(order)) !== null) continue;
    asked.add(serverOf(order, served));
  }
  for (const server of asked) await probeEndpoint(server);
}
