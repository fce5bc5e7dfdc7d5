/** What a thread of `TokenisingPool` runs. */
import { workerData } from "node:worker_threads";
import { tokenizerOf } from "./files.js";
import { type Tokenised, type TokenizerPlace, tokenised } from "./tokenising.js";

// The pool's own data come first.
const { profile, where } = (workerData as readonly [unknown, TokenizerPlace])[1];
const tokenizer = tokenizerOf(profile, where);

export async function run(texts: readonly string[]): Promise<readonly Tokenised[]> {
  return tokenised(await tokenizer(), texts);
}
