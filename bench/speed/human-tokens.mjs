// The first n tokens of the human corpora, in the tokenizer of the fixture model.
import { readFileSync } from "node:fs";
import { brotliDecompressSync } from "node:zlib";
import { readTokenizer } from "@verdigris/text";

const FIXTURES = new URL("../../fixtures/", import.meta.url);

/** The tokens, and where they come from. */
export async function humanTokens(n) {
  const tokenizer = await readTokenizer(
    new URL("models/smollm2/tokenizer.json", FIXTURES).pathname,
  );
  const text = brotliDecompressSync(readFileSync(new URL("corpora/human/sotu.txt.br", FIXTURES)));
  // Five characters a token are plenty, and the whole corpus would take a while.
  const tokens = tokenizer.encode(text.toString("utf8").slice(0, 8 * n)).subarray(0, n);
  if (tokens.length < n) throw new RangeError(`n: expected at most ${tokens.length}, got ${n}`);
  return { tokens, source: `fixtures/corpora/human/sotu.txt.br, ${tokenizer.identity.id}` };
}
