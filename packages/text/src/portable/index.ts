/** What of this package runs without Node: no file is read here. */
export type { FindingKind } from "../characters.js";
export { type Finding, type Normalised, normalise } from "../normalise.js";
export {
  type LoadTokenizerOptions,
  type Tokenizer,
  type TokenizerIdentity,
  loadTokenizer,
} from "../tokenizer.js";
