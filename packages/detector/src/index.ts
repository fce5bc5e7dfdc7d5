export {
  type Attribution,
  type AttributionOptions,
  attribute,
  type KeyLevel,
  type Suspect,
  type Trace,
  WHAT_AN_ACCUSATION_SAYS,
} from "./attribution.js";
export { DecoySchemes, type DecoyTest, decoyKey, decoyTest } from "./decoys.js";
export { type DetectOptions, Detector, detect } from "./detect.js";
export { type Evidence, evidenceOf } from "./evidence.js";
export { type KeySum, type ManyKeysScorer, scorerOf } from "./many-keys.js";
export * from "./radioactivity/index.js";
export * from "./statistics/index.js";
export { type PieceEnds } from "./running-sum.js";
export { type Count, type Piece, Tally, type TallyOptions } from "./tally.js";
export { NULL_HYPOTHESIS, type Verdict, WHAT_A_REJECTION_SAYS, decide } from "./verdict.js";
export {
  type ConfidenceSequence,
  confidenceSequence,
  eProcess,
  log10E,
  type Seen,
} from "./sequential/e-process.js";
export { SoftMassProcess, type SoftMassState } from "./sequential/soft-mass.js";
export { type StopKind, type StopOptions } from "./sequential/stopping.js";
export { WeightedEProcess } from "./sequential/weighted-e-process.js";
export { DetectionStream, type StreamOptions, type StreamState } from "./sequential/stream.js";
export { localise, type MarkedSpan } from "./localise/index.js";
export { type BayesianModel, posterior } from "./bayesian/model.js";
export { type BayesianResult, bayesianTest } from "./bayesian/test.js";
export {
  type BayesianExample,
  type TrainedModel,
  type TrainOptions,
  trainBayesian,
} from "./bayesian/train.js";
export { type GWords, gWords } from "./bayesian/words.js";
export { type CodedPayload, detectPayload, type PayloadResult } from "./payload/index.js";
export * from "./alignment/index.js";
export { type Candidate, type Identification, type Identified, identify } from "./identify.js";
export { modelFigures, modelTest, type ModelTestText } from "./weights/model-test.js";
export {
  type WeighedPiece,
  WeightedDetector,
  type WeightedVerdict,
} from "./weights/weighted-detector.js";
export { DistinctCount } from "./weights/distinct-count.js";
export {
  ServingSketch,
  type SketchShape,
  type WindowHashes,
  windowHasher,
} from "./weights/serving-sketch.js";
export {
  type WeightedEvidence,
  type WeightedScores,
  weightedEvidenceOf,
  weightedTest,
} from "./weights/weighted-test.js";
export {
  type ServedCounts,
  type Weighting,
  entropyWeights,
  leverageWeights,
  repeatWeights,
  servedFilter,
} from "./weights/weighting.js";
