export type { JsonObject } from "./json.js";
export { type LogitBiasOptions, logitBiasMark } from "./marks/logit-bias.js";
export type { Endpoint, UpstreamMark } from "./marks/mark.js";
export { type SglangMarkOptions, sglangMark } from "./marks/sglang.js";
export { ownMark } from "./marks/own.js";
export { tgiMark } from "./marks/tgi.js";
export { vllmMark } from "./marks/vllm.js";
export type { PassedAnswer } from "./passed.js";
export type { ChoosePolicy, GatewayRequest, Policy, SkipReason } from "./policy.js";
export type { Ended, MarkStatus, RecordSink, Started } from "./record.js";
export type { RecordOptions } from "./recorder.js";
export type { AnswerPart, Delta } from "./stream/answer.js";
export {
  type AnswerObserver,
  type Tap,
  type TapOptions,
  type Unread,
  jsonTap,
  sseTap,
} from "./stream/taps.js";
export type { ChoiceRecord, Said } from "./stream/transcript.js";
export { type WatermarkFetchOptions, watermarkFetch } from "./watermark-fetch.js";
