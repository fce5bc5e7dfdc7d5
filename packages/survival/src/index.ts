export {
  type Attack,
  type AttackOptions,
  type TokenAttack,
  attacks,
  editRate,
  tokenAttacks,
  tokenEditRate,
} from "./attacks/index.js";
export { auditContexts } from "./audit.js";
export { type Experiment, experimentSchema, parseExperiment } from "./config.js";
export { ContextIndex } from "./context-index.js";
export {
  type Corpus,
  type MarkedArm,
  TRACE,
  type Text,
  type Trace,
  corpusOf,
  mixCorpus,
  tokenCount,
} from "./corpus.js";
export { CountModel, uniformModel } from "./count-model.js";
export {
  type DatasetFormat,
  type Example,
  type Lesson,
  type MixedDataset,
  datasetFormats,
  mixedDataset,
} from "./datasets/index.js";
export { type ForecastRecord, type RunOptions, runExperiment } from "./experiment.js";
export {
  type Budgets,
  type Check,
  budgetsSchema,
  checkReport,
  parseBudgets,
} from "./gate/index.js";
export type { Progress } from "./work.js";
export { type Forecast, type TeacherExcess, forecast, teacherExcess } from "./law.js";
export { type HumanText, type Material, loadMaterial } from "./material.js";
export type { LivePlaces } from "./live-material.js";
export { readJson } from "./text-file.js";
export * from "./outlook/index.js";
export * from "./lab/index.js";
export { randomStream } from "./random.js";
export type * from "./report.js";
export { type Store, digestOf, directoryStore } from "./store.js";
export {
  countTeacher,
  type CountTeacherOptions,
  endpointTeacher,
  type LessonOptions,
  modelTeacher,
  type ModelText,
  type Teacher,
  type Teaching,
  writeTexts,
} from "./teachers/index.js";
export {
  auditExternal,
  endpointStudent,
  type ExternalAudit,
  type ExternalAuditOptions,
  type ExternalStudent,
  type LocalModel,
  modelStudent,
  questionLines,
  recordedStudent,
} from "./students/external/index.js";
export {
  type Ask,
  type Completion,
  type Endpoint,
  type EndpointOptions,
  openEndpoint,
  probeEndpoint,
} from "./endpoint/index.js";
export { ApiKey } from "./endpoint/api-key.js";
export { type Apprenticeship, type Student, apprentice } from "./students/index.js";
export {
  renderHtml,
  renderJson,
  renderMarkdown,
  renderText,
  survivalCurveSvg,
  type LawPoint,
  residualsSvg,
} from "./render/index.js";
export {
  type AttackBudget,
  type AttackTarget,
  type Capability,
  type Surroundings,
  type TrainingAttack,
  capabilityOf,
  trainingAttack,
  trainingAttackSchema,
} from "./training-attacks/index.js";
