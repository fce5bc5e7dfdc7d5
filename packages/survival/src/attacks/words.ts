import type { Random } from "@verdigris/core";
import { below } from "../random.js";

/** Words, and what stands between them, in turn: odd places are words. */
export function wordsOf(text: string): string[] {
  return text.split(/([\p{L}\p{N}]+(?:['’][\p{L}]+)*)/u);
}

/** Replaces words at random: each with probability `strength` by what `change` makes of it. */
export function eachWord(
  text: string,
  { strength, random }: { readonly strength: number; readonly random: Random },
  change: (word: string) => string,
): string {
  return wordsOf(text)
    .map((part, i) => (i % 2 === 1 && random.next() < strength ? change(part) : part))
    .join("");
}

/** Draws the words of a text, each as often as it stands there. */
export function wordDrawer(text: string, random: Random): () => string {
  const words = wordsOf(text).filter((_, i) => i % 2 === 1);
  return () => words[below(random, words.length)] ?? "";
}

/** A word with the case of another's first letter. */
export function inCaseOf(model: string, word: string): string {
  const first = model.charAt(0);
  const capital = first !== first.toLowerCase();
  return capital ? word.charAt(0).toUpperCase() + word.slice(1) : word;
}
