export type { ApiClient, RateLimit } from "./access.js";
export { type DetectionOptions, type RequestHandler, createDetectionHandler } from "./handler.js";
export type { DetectableMark } from "./marks.js";
