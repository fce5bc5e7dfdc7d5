/** What a thread of `TokenisingPool` runs. */
import { workerData } from "node:worker_threads";
import { tokenizerOf } from "./files.js";
import { type Tokenised, type TokenizerPlace, tokenised } from "./tokenising.js";

// The pool's own data come first.
const { profile, where } = (workerData as readonly [unknown, TokenizerPlace])[1];
const tokenizer = tokenizerOf(profile, where);

/** One call after the other: the answer to the first is sent before the second is begun. */
export const run = inTurn(async (texts: readonly string[]): Promise<readonly Tokenised[]> =>
  tokenised(await tokenizer(), texts),
);

function inTurn<A, B>(work: (given: A) => Promise<B>): (given: A) => Promise<B> {
  let last: Promise<unknown> = Promise.resolve();
  return (given) => {
    const answer = last.then(() => work(given));
    last = answer.catch(() => {});
    return answer;
  };
}
