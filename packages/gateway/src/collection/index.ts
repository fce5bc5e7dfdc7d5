export { Collected, type CollectionScope, type Volume } from "./collected.js";
export { collections } from "./files.js";
export { type CollectedAnswer, CollectionMonitor, type CollectionOptions } from "./monitor.js";
