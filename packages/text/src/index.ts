export { asFileError, inFile } from "./file-errors.js";
export type { FindingKind } from "./characters.js";
export { type Finding, type Normalised, normalise } from "./normalise.js";
export { type WholeFileOptions, writeWhole } from "./whole-file.js";
export { tokenOffsets } from "./offsets.js";
export { findFiles } from "./inputs.js";
export {
  type Document,
  type ReadOptions,
  type ReadProblem,
  type TextFormat,
  readDocuments,
  textFormats,
} from "./readers.js";
export {
  type LoadTokenizerOptions,
  type Tokenizer,
  type TokenizerIdentity,
  loadTokenizer,
} from "./tokenizer.js";
export { readTokenizer } from "./tokenizer-file.js";
export type { AddedTokenJson, TokenizerComponent, TokenizerJson } from "./tokenizer-json.js";
