export { type ExternalAudit, type ExternalAuditOptions, auditExternal } from "./audit.js";
export { endpointStudent } from "./endpoint.js";
export type { ExternalStudent } from "./external-student.js";
export { type LocalModel, modelStudent } from "./language-model.js";
export { questionLines, recordedStudent } from "./recorded.js";
