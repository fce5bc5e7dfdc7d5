/**
 * Tests of a model, as opposed to a text: does it prefer what the mark made its teacher prefer, in contexts the
 * auditor chose? (Sander et al. 2024.) N contexts, each a distinct window; V vocabulary.
 */
export { closedDecoys, closedTest, weightedClosedTest } from "./closed.js";
export { type OpenEvidence, type Prediction, openArgmaxTest, openTest } from "./open.js";
export type { Draws } from "./layout.js";
export { type SharedContext, type Speller, SharedVocabulary } from "./shared-vocabulary.js";
export {
  type StrataOptions,
  type StratifiedEvidence,
  type Stratum,
  stratifiedClosedTest,
  stratifiedOpenTest,
} from "./strata.js";
