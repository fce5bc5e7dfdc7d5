export { FileLedger, type FileLedgerOptions } from "./file-ledger.js";
export { type LedgerAnswer, readLedger } from "./read-ledger.js";
export { type Coverage, ServedSketches, type ServedSketchesOptions } from "./sketches.js";
