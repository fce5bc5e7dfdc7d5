/**
 * The Hugging Face tokenizer.json, as far as this package looks into it, and what has to be changed
 * before the library may read a suspect's text with it.
 */

/** A normaliser, pre-tokenizer, decoder or post-processor. */
export interface TokenizerComponent {
  readonly type: string;
  readonly [setting: string]: unknown;
}

/** A token outside the model's merges: special (control) or plain text. */
export interface AddedTokenJson {
  readonly id: number;
  readonly content: string;
  readonly special?: boolean;
  readonly [setting: string]: unknown;
}

/** Token texts with their ids (BPE, WordPiece) or with their scores, in id order (Unigram). */
export type VocabularyJson =
  | Readonly<Record<string, number>>
  | readonly (readonly [text: string, score: number])[];

/** Content of a Hugging Face `tokenizer.json`. */
export interface TokenizerJson {
  readonly model: {
    readonly type?: string;
    readonly vocab: VocabularyJson;
    readonly [setting: string]: unknown;
  };
  readonly added_tokens?: readonly AddedTokenJson[];
  readonly normalizer?: TokenizerComponent | null;
  readonly pre_tokenizer?: TokenizerComponent | null;
  readonly decoder?: TokenizerComponent | null;
  readonly [setting: string]: unknown;
}

/** Radford et al. 2019 (GPT-2), with Unicode white space: JavaScript's `\s` differs at U+0085 and U+FEFF. */
const GPT2_PATTERN =
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/** The components of a possibly nested sequence, in order. */
export function componentsOf(
  component: TokenizerComponent | null | undefined,
): TokenizerComponent[] {
  if (component === null || component === undefined) return [];
  const nested = component["pretokenizers"] ?? component["normalizers"] ?? component["decoders"];
  return Array.isArray(nested) ? nested.flatMap(componentsOf) : [component];
}

/** True if token texts are written in GPT-2's alphabet of 256 byte characters. */
export function isByteLevel(json: TokenizerJson): boolean {
  const components = [...componentsOf(json.pre_tokenizer), ...componentsOf(json.decoder)];
  return components.some(({ type }) => type === "ByteLevel");
}

function split(pattern: string): TokenizerComponent {
  return { type: "Split", pattern: { Regex: pattern }, behavior: "Isolated", invert: false };
}

/**
 * The library matches `\d` and `\s` of JavaScript where the reference implementation has Unicode's
 * numbers and white space ("½", "٣", U+0085). Its general `Split` follows the reference.
 */
function withUnicodeClasses(component: TokenizerComponent): readonly TokenizerComponent[] {
  if (component.type === "Digits") {
    return [split(component["individual_digits"] === true ? "\\p{N}" : "\\p{N}+")];
  }
  const plain = component["add_prefix_space"] !== true && component["use_regex"] !== false;
  if (component.type !== "ByteLevel" || !plain) return [component];
  return [split(GPT2_PATTERN), { ...component, use_regex: false }];
}

function isScored(
  vocab: VocabularyJson,
): vocab is readonly (readonly [text: string, score: number])[] {
  return Array.isArray(vocab);
}

/** Removes special tokens from the vocabulary, so that no text spells one by itself. */
function withoutSpecials(
  model: TokenizerJson["model"],
  specials: ReadonlySet<string>,
): VocabularyJson {
  const { vocab } = model;
  if (isScored(vocab)) {
    // Positions are ids, so rename: no well-formed text contains a lone surrogate.
    return vocab.map(([text, score]) => [specials.has(text) ? `\udfff${text}` : text, score]);
  }
  // Merges never make a special token; only a vocabulary looked up whole (ignore_merges) can.
  if (model.type === "BPE" && model["ignore_merges"] !== true) return vocab;
  const keep = ([text]: [string, unknown]): boolean =>
    !specials.has(text) || text === model["unk_token"];
  return Object.fromEntries(Object.entries(vocab).filter(keep));
}

/**
 * The tokenizer for text somebody typed: "<|im_end|>" in it is nine characters of text, not the
 * control token of that name, and nothing is added at either end.
 */
export function forPlainText(json: TokenizerJson): TokenizerJson {
  const added = json.added_tokens ?? [];
  const specials = new Set(added.filter(({ special }) => special).map(({ content }) => content));
  const preTokenizers = componentsOf(json.pre_tokenizer).flatMap(withUnicodeClasses);
  return {
    ...json,
    model: { ...json.model, vocab: withoutSpecials(json.model, specials) },
    added_tokens: added.filter(({ special }) => special !== true),
    normalizer: json.normalizer ?? null,
    pre_tokenizer:
      preTokenizers.length === 0 ? null : { type: "Sequence", pretokenizers: preTokenizers },
    post_processor: null,
    decoder: json.decoder ?? null,
  };
}
