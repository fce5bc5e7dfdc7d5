export { GrowingText } from "./candidates.js";
export { type ContinuationStyle, type SelectionOptions, selectionFetch } from "./selection.js";
