export type { ApiClient, RateLimit } from "./access.js";
export type { RequestHandler } from "../routes.js";
export { type DetectionOptions, createDetectionHandler } from "./handler.js";
export type { DetectableMark } from "./marks.js";
