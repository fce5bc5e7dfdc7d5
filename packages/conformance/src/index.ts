export { families } from "./families/index.js";
export { type FileReport, type RecordFailure, checkVectors } from "./run.js";
export type { Section, VectorFamily } from "./section.js";
