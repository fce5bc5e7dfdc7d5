/** Writes one answer, token by token, with the mark. */
import type { Random, Scheme } from "@verdigris/core";
import { embed } from "@verdigris/watermark";
import { type WrittenLogprob, logprobOf } from "../answers/logprobs.js";
import type { Piece } from "../answers/shape.js";
import type { Asked } from "./asked.js";
import type { ServedModel } from "./model.js";
import { TextStream } from "./text-stream.js";

/** How to write. */
export interface Writing {
  readonly asked: Asked;
  readonly scheme: Scheme | null;
  readonly random: Random;
}

/** The pieces of an answer; a piece has some text, unless it is the last. Leaving early frees the sequence. */
export async function* write(
  model: ServedModel,
  { asked, scheme, random }: Writing,
): AsyncGenerator<Piece> {
  const { prompt, sampling, maxTokens, stops, logprobs: top } = asked;
  const text = new TextStream(model.decode, stops);
  let tokens: number[] = [];
  let logprobs: WrittenLogprob[] = [];
  let [n, held] = [0, ""];
  const piece = (said: string, finish: Piece["finish"]): Piece => {
    const shown = top === null ? null : logprobs;
    const made = { text: said, tokens: tokens.length, tokenIds: tokens, logprobs: shown, finish };
    [tokens, logprobs, held] = [[], [], ""];
    return made;
  };
  for await (const step of embed(model, prompt, { scheme, sampling, maxTokens, random })) {
    n++;
    tokens.push(step.token);
    if (top !== null) {
      logprobs.push(logprobOf(step.token, step.candidates, { top, decode: model.decode }));
    }
    held += text.push(step.token);
    if (text.stopped) break;
    if (held !== "") yield piece(held, null);
  }
  const isCut = n === maxTokens && !text.stopped;
  yield piece(held + text.end(), isCut ? "length" : "stop");
}
