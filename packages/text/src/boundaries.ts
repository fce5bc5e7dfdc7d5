/**
 * The one place where text may be cut without changing its tokens: before a space that stands
 * between the end of a word and a letter ("word, word" → "word," + " word"). Pre-tokenizers in
 * common use (GPT-2, cl100k, o200k, Llama 3, Qwen, SentencePiece, BERT) all cut there themselves.
 */

/** ASCII characters a word may end in, besides letters. */
export const WORD_END_PUNCTUATION = ",.;:!?)\"'";

const LETTER = 1;
const WORD_END = 2;

/** Character classes of ASCII by code unit. */
const CLASS: Readonly<Uint8Array> = Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code);
  if (/[A-Za-z]/.test(character)) return LETTER | WORD_END;
  return WORD_END_PUNCTUATION.includes(character) ? WORD_END : 0;
});

const SPACE = 32;

/**
 * True if `text` may be cut before `index` (UTF-16 code units). ASCII only: other scripts give
 * fewer places, never a wrong one.
 */
export function isWordBoundary(text: string, index: number): boolean {
  return (
    text.charCodeAt(index) === SPACE &&
    (CLASS[text.charCodeAt(index + 1)] & LETTER) !== 0 &&
    (CLASS[text.charCodeAt(index - 1)] & WORD_END) !== 0
  );
}
