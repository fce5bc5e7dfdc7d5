import type { LanguageModel, Tokens } from "@verdigris/core";

/** One turn of a conversation. */
export interface ChatMessage {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

/** A language model that can be served; `openLlama` of @verdigris/watermark gives one. */
export interface ServedModel extends LanguageModel {
  /** Most answers written at once. */
  readonly sequences: number;
  /** Tokens that a sequence holds, prompt and answer together. */
  readonly contextSize: number;
  /** `special` turns control tokens in the text into their ids. */
  encode(text: string, special?: boolean): Tokens;
  decode(tokens: Tokens): string;
  /** A conversation up to where the assistant speaks; null for a model without a template. */
  chat(messages: readonly ChatMessage[]): Tokens | null;
}
