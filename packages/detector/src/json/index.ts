export {
  type LineJson,
  type PeerJson,
  type PooledJson,
  type ProblemJson,
  type ScoreJson,
  type VerdictJson,
  scoreLineSchema,
  scoreSchema,
  verdictSchema,
} from "./schema.js";
export {
  type Judged,
  type JudgedMark,
  headingJson,
  pooledJson,
  verdictJson,
} from "./verdict-json.js";
