/** Which steps of a generation vLLM marks. */
export interface VllmHistory {
  readonly width: number;
  /** none: all; single_turn: a context repeated in the output is left unmarked; all: in prompt and output. */
  readonly scope: "none" | "single_turn" | "all";
  /** Places looked back at; null for all. */
  readonly maxHistory: number | null;
}

/**
 * Whether vLLM leaves a step unmarked because its context occurred before. The history is a token list; the place after
 * each of its tokens' predecessors has the window of the `width` tokens before it, padded at the list's start. With scope
 * `all` the first `width` generated tokens are never marked.
 */
export function vllmSkips(
  prompt: readonly number[],
  generated: readonly number[],
  { width, scope, maxHistory }: VllmHistory,
): boolean {
  if (scope === "none") return false;
  if (scope === "all" && generated.length < width) return true;
  const history = scope === "all" ? [...prompt, ...generated] : generated;
  const current = windowBefore(generated, generated.length, width);
  const first = maxHistory === null ? 0 : Math.max(0, history.length - maxHistory);
  for (let i = first; i < history.length; i++) {
    if (windowBefore(history, i, width) === current) return true;
  }
  return false;
}

/** The `width` tokens before a place, −1 before the start. */
function windowBefore(tokens: readonly number[], place: number, width: number): string {
  return Array.from({ length: width }, (_, j) => tokens[place - width + j] ?? -1).join();
}
