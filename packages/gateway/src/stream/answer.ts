/** What an answer says, from the JSON of a whole answer or of one event of its stream. */
import { type JsonObject, isObject, listOf, textOf } from "../json.js";

/** What a part of an answer adds to one choice. */
export interface Delta {
  /** Index of the choice, from 0. */
  readonly choice: number;
  readonly text: string;
  /** The ids of its tokens, where the engine sends them. */
  readonly tokenIds: readonly number[] | null;
  readonly finishReason: string | null;
}

/** One event of a stream, or a whole answer. */
export interface AnswerPart {
  /** Id the upstream gave the answer. */
  readonly id: string | null;
  readonly deltas: readonly Delta[];
  /** Tokens of all choices together, where the upstream counts them. */
  readonly completionTokens: number | null;
}

/** Reads the JSON of OpenAI's chat and text completions and responses, and of TGI; what it does not know has no deltas. */
export function readAnswer(value: unknown): AnswerPart {
  const answer = isObject(value) ? value : listOf(value)[0];
  if (!isObject(answer)) return { id: null, deltas: [], completionTokens: null };
  if (answer.object === "response") return responsePart(answer, listOf(answer.output));
  if (textOf(answer.type)?.startsWith("response.") === true) return responseEvent(answer);
  const isTgi = isObject(answer.token) || typeof answer.generated_text === "string";
  return isTgi ? tgiPart(answer) : openaiPart(answer);
}

function openaiPart(answer: JsonObject): AnswerPart {
  const usage = isObject(answer.usage) ? answer.usage.completion_tokens : null;
  return {
    id: textOf(answer.id),
    deltas: listOf(answer.choices).flatMap((choice) =>
      isObject(choice) ? [choiceDelta(choice)] : [],
    ),
    completionTokens: countOf(usage),
  };
}

function choiceDelta(choice: JsonObject): Delta {
  const spoken = [choice.delta, choice.message].find(isObject)?.content;
  return {
    choice: countOf(choice.index) ?? 0,
    text: textOf(spoken) ?? textOf(choice.text) ?? "",
    tokenIds: idsOf(choice.token_ids ?? choice.response_token_ids),
    finishReason: textOf(choice.finish_reason),
  };
}

/** An event about a response. Its text comes piece by piece, and again in events that close what they are about. */
function responseEvent({ type, delta, response }: JsonObject): AnswerPart {
  if (isObject(response)) return responsePart(response, []);
  if (type === "response.output_text.delta") return said(textOf(delta) ?? "");
  return { id: null, deltas: [], completionTokens: null };
}

function responsePart(response: JsonObject, output: readonly unknown[]): AnswerPart {
  const parts = output.filter(isObject).flatMap(({ content }) => listOf(content).filter(isObject));
  const texts = parts.map(({ type, text }) => (type === "output_text" ? textOf(text) : null));
  const status = textOf(response.status);
  const isOver = status !== "in_progress" && status !== "queued";
  const usage = isObject(response.usage) ? response.usage.output_tokens : null;
  return {
    ...said(texts.join(""), isOver ? status : null),
    id: textOf(response.id),
    completionTokens: countOf(usage),
  };
}

/** Text of the only choice. */
function said(text: string, finishReason: string | null = null): AnswerPart {
  const delta = { choice: 0, text, tokenIds: null, finishReason };
  return { id: null, deltas: [delta], completionTokens: null };
}

/** An event of TGI has one token, its whole answer the text; the last event has both, and its token counts. */
function tgiPart(answer: JsonObject): AnswerPart {
  const details = isObject(answer.details) ? answer.details : {};
  const { token } = answer;
  const tokens = isObject(token) ? [token] : listOf(details.tokens).filter(isObject);
  const text = isObject(token)
    ? token.special === true
      ? ""
      : textOf(token.text)
    : textOf(answer.generated_text);
  const ids = tokens.length === 0 ? null : idsOf(tokens.map(({ id }) => id));
  return {
    id: null,
    deltas: [
      { choice: 0, text: text ?? "", tokenIds: ids, finishReason: textOf(details.finish_reason) },
    ],
    completionTokens: countOf(details.generated_tokens),
  };
}

function idsOf(value: unknown): readonly number[] | null {
  if (!Array.isArray(value)) return null;
  return value.every((id) => countOf(id) !== null) ? (value as readonly number[]) : null;
}

function countOf(value: unknown): number | null {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : null;
}
