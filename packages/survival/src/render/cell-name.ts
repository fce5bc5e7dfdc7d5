import type { StudyCell } from "../lab/report.js";

/** A study's cell in words: `path = level` of each change; the default cell by that name. */
export function cellName(changes: StudyCell["changes"]): string {
  const parts = sorted(changes).map(([path, level]) => `${path} = ${levelText(level)}`);
  return parts.length === 0 ? "default" : parts.join(", ");
}

/** By name: a stored report reads as the run itself did. */
function sorted(of: Readonly<Record<string, unknown>>): readonly (readonly [string, unknown])[] {
  return Object.entries(of).toSorted(([a], [b]) => (a < b ? -1 : 1));
}

/** A level in words: its kind or scheme, then its settings by name. */
export function levelText(level: unknown): string {
  if (typeof level !== "object" || level === null) return String(level);
  const { kind, scheme, ...rest } = level as Readonly<Record<string, unknown>>;
  const settings = sorted(rest).map(([name, own]) => `${name} ${levelText(own)}`);
  return [kind ?? scheme, ...settings].filter((part) => part !== undefined).join(" ");
}
