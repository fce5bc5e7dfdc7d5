export { FileLedger, type FileLedgerOptions } from "./file-ledger.js";
export { type LedgerAnswer, readLedger } from "./read-ledger.js";
