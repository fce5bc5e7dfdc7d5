export { type Study, parseStudy, studySchema } from "./config.js";
export type * from "./report.js";
export type * from "./result.js";
export { type StudyOptions, runStudy } from "./study.js";
