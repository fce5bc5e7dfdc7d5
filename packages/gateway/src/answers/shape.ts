/** The JSON of answers, whole and in events. */
import type { JsonObject } from "../json.js";
import { type WrittenLogprob, chatLogprobs, textLogprobs } from "./logprobs.js";

/** What an answer gains: its text, and the tokens since the last piece. */
export interface Piece {
  readonly text: string;
  /** Tokens it took. */
  readonly tokens: number;
  /** Their ids, where they are known. */
  readonly tokenIds: readonly number[];
  /** Null if they were not asked for. */
  readonly logprobs: readonly WrittenLogprob[] | null;
  /** Not null in the last piece. */
  readonly finish: string | null;
}

/** What all JSON of one answer says. */
export interface AnswerHead {
  readonly id: string;
  /** Seconds since 1970. */
  readonly created: number;
  readonly model: string;
}

/** How many tokens an answer took. */
export interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
}

/** How an endpoint says things. */
export interface Shape {
  readonly idPrefix: string;
  readonly whole: string;
  readonly event: string;
  /** What an event's choice has before any text; null if nothing. */
  readonly opening: JsonObject | null;
  /** The choice's words in an event, and in a whole answer. */
  delta(text: string): JsonObject;
  message(text: string): JsonObject;
  logprobs(tokens: readonly WrittenLogprob[], offset: number): JsonObject;
}

/** The two endpoints' ways. */
export const SHAPES: Readonly<Record<"chat" | "completions", Shape>> = {
  chat: {
    idPrefix: "chatcmpl-",
    whole: "chat.completion",
    event: "chat.completion.chunk",
    opening: { delta: { role: "assistant", content: "" } },
    delta: (content) => ({ delta: content === "" ? {} : { content } }),
    message: (content) => ({ message: { role: "assistant", content, refusal: null } }),
    logprobs: chatLogprobs,
  },
  completions: {
    idPrefix: "cmpl-",
    whole: "text_completion",
    event: "text_completion",
    opening: null,
    delta: (text) => ({ text }),
    message: (text) => ({ text }),
    logprobs: textLogprobs,
  },
};

/** One choice of an event or a whole answer. */
export function choiceOf(
  shape: Shape,
  {
    words,
    piece,
    offset,
    tokenIds,
  }: {
    readonly words: JsonObject;
    readonly piece: Piece;
    /** UTF-16 units of the answer before this piece. */
    readonly offset: number;
    /** Whether ids were asked for. */
    readonly tokenIds: boolean;
  },
): JsonObject {
  const { logprobs, finish } = piece;
  return {
    index: 0,
    ...words,
    logprobs: logprobs === null ? null : shape.logprobs(logprobs, offset),
    finish_reason: finish,
    ...(tokenIds ? { token_ids: piece.tokenIds } : {}),
  };
}

/** Several pieces as one. */
export function joined(pieces: readonly Piece[]): Piece {
  return {
    text: pieces.map(({ text }) => text).join(""),
    tokens: pieces.reduce((sum, { tokens }) => sum + tokens, 0),
    tokenIds: pieces.flatMap(({ tokenIds }) => tokenIds),
    logprobs: pieces.some(({ logprobs }) => logprobs === null)
      ? null
      : pieces.flatMap(({ logprobs }) => logprobs ?? []),
    finish: pieces.at(-1)?.finish ?? null,
  };
}

/** One server-sent event. */
export function sse(value: JsonObject | "[DONE]"): string {
  return `data: ${typeof value === "string" ? value : JSON.stringify(value)}\n\n`;
}
