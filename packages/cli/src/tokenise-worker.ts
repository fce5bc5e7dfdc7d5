/** What a thread of `TokenisingPool` runs. */
import { workerData } from "node:worker_threads";
import { tokenizerOf } from "./files.js";
import { type Tokenised, type TokenizerPlace, tokenised } from "./tokenising.js";

// The pool's own data come first.
const { profile, where } = (workerData as readonly [unknown, TokenizerPlace])[1];
const tokenizer = tokenizerOf(profile, where);

let last: Promise<unknown> = Promise.resolve();

/** One call after the other: the answer to the first is sent before the second is begun. */
export function run(texts: readonly string[]): Promise<readonly Tokenised[]> {
  const answer = last.then(async () => tokenised(await tokenizer(), texts));
  last = answer.catch(() => {});
  return answer;
}
