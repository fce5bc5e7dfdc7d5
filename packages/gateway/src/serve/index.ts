export { AnswerReader, type AnswerReaderOptions } from "./answer-reader.js";
export type { ServedAnswer } from "./issue.js";
export type { ChatMessage, ServedModel } from "./model.js";
export { type ModelServer, type ModelServerOptions, createModelServer } from "./server.js";
export { type UpstreamServerOptions, createUpstreamServer } from "./upstream-server.js";
export { type ResolveTenant, type Tenant, fixedTenants } from "./tenants.js";
