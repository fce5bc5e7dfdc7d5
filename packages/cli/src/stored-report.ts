import { VerdigrisError } from "@verdigris/core";
import type { Report, StudyReport } from "@verdigris/survival";
import { readJsonFile } from "./files.js";

/** Parts a stored report must have: one without its controls proves nothing. */
const CONTROLS = ["unmarkedTeacher", "untrained", "wrongKeys", "teacher", "copier"] as const;

/** Reads a report of `verdigris survive`, of an experiment or a study. @throws VerdigrisError FILE_* */
export async function readReport(path: string): Promise<Report | StudyReport> {
  const value = await readJsonFile(path);
  if (isReport(value)) return value;
  throw new VerdigrisError(
    "FILE_INVALID",
    `${path} is not a report of \`verdigris survive\`, version 1, with all its controls`,
  );
}

function isReport(value: unknown): value is Report | StudyReport {
  const { version, cells, controls } = (value ?? {}) as Partial<Report | StudyReport>;
  if (version !== 1 || controls === undefined || controls === null) return false;
  return [cells, ...CONTROLS.map((name) => controls[name])].every(
    (part) => Array.isArray(part) && part.length > 0,
  );
}
