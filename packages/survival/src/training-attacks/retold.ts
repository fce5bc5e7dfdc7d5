import type { Tokens } from "@verdigris/core";
import { type Corpus, TRACE, type Trace, corpusOf } from "../corpus.js";
import { mapInParallel } from "../parallel.js";
import { type Surroundings, needed } from "./training-attack.js";

/** Texts in the hands of whoever changes them: a model writes several at a time. */
const AT_ONCE = 16;

/** A corpus that went through text: decoded, changed, and encoded again. */
export async function retold(
  { texts, marked, traces }: Corpus,
  { tokenizer }: Pick<Surroundings, "tokenizer">,
  options: {
    readonly kind: string;
    readonly change: (text: string) => string | Promise<string>;
  },
): Promise<Corpus> {
  const { encode, decode } = needed("tokenizer", tokenizer, options.kind);
  // Begun in the order of the texts: a change that draws at random draws for each in turn.
  const out = await mapInParallel(texts, AT_ONCE, async ({ prompt, tokens }, t) => {
    const changed = encode(await options.change(decode(tokens)));
    return { prompt, tokens: changed, trace: traceOf({ tokens, trace: traces?.[t] }, changed) };
  });
  return corpusOf(
    out,
    marked,
    out.map(({ trace }) => trace),
  );
}

/**
 * What is left of a text's tokens in a changed one, by their longest common subsequence. Where tokens were left out, the
 * next one has lost its window and counts as redrawn: exact for h = 1, h − 1 places too many for more.
 */
function traceOf(
  { tokens: before, trace }: { readonly tokens: Tokens; readonly trace: Trace | undefined },
  after: Tokens,
): Trace {
  const common = commonLengths(before, after);
  const width = after.length + 1;
  const out = new Uint8Array(after.length).fill(TRACE.changed);
  let previous = { b: -1, a: -1 };
  for (let b = 0, a = 0; b < before.length && a < after.length;) {
    if (before[b] === after[a]) {
      const adjacent = b - previous.b === 1 || a - previous.a > 1;
      const own = trace?.[b] ?? TRACE.kept;
      out[a] = adjacent ? own : Math.min(own, TRACE.redrawn);
      previous = { b: b++, a: a++ };
    } else if (common[(b + 1) * width + a] >= common[b * width + a + 1]) b++;
    else a++;
  }
  return out;
}

/** Length of the longest common subsequence of before[b …] and after[a …]. ((B + 1)(A + 1)) */
function commonLengths(before: Tokens, after: Tokens): Uint16Array {
  const width = after.length + 1;
  const lengths = new Uint16Array((before.length + 1) * width);
  for (let b = before.length - 1; b >= 0; b--) {
    for (let a = after.length - 1; a >= 0; a--) {
      const at = b * width + a;
      lengths[at] =
        before[b] === after[a]
          ? lengths[at + width + 1] + 1
          : Math.max(lengths[at + width], lengths[at + 1]);
    }
  }
  return lengths;
}
