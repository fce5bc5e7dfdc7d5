export { writeFreely } from "./free-text.js";
export { type Study, parseStudy, studySchema } from "./config.js";
export { type Pair, ratioOf } from "./ratio.js";
export { type KeyedValue, replicated } from "./replication.js";
export type * from "./report.js";
export type * from "./result.js";
export { type Shard, type ShardName, mergeShards, parseShard } from "./shard.js";
export { type StudyOptions, runShard, runStudy, workOnStudy } from "./study.js";
