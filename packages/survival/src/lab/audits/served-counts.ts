import type { Scheme, Tokens } from "@verdigris/core";
import type { ServedCounts } from "@verdigris/detector";
import { ContextIndex } from "../../context-index.js";
import type { Text } from "../../corpus.js";

/** How often each window was served, exactly. */
export function servedCounts({ h, profile }: Scheme, served: readonly Text[]): ServedCounts {
  const index = new ContextIndex(
    served.map(({ tokens }) => tokens),
    { order: h, vocabularySize: profile.V },
  );
  const countOf = (context: Tokens): number => {
    const range = index.ranges(context)[h];
    return range === undefined ? 0 : range.end - range.start;
  };
  return {
    counts: (tokens, from = h) =>
      Float64Array.from({ length: Math.max(0, tokens.length - from) }, (_, i) =>
        countOf(tokens.subarray(0, from + i)),
      ),
  };
}
