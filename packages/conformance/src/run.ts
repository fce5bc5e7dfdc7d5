import { VerdigrisError } from "@verdigris/core";
import { ABOUT, type VectorFamily, type VectorFile } from "./section.js";
import { families } from "./families/index.js";

/** A record that the packages do not agree with. */
export interface RecordFailure {
  /** Section and index, such as `greenlists[3]`. */
  readonly at: string;
  readonly problems: readonly string[];
}

/** What checking one vector file gave. */
export interface FileReport {
  readonly family: string;
  readonly passed: number;
  readonly failures: readonly RecordFailure[];
}

/**
 * Checks the packages against every record of a vector file. A record of a kind that no family knows counts as
 * failed. @throws VerdigrisError FILE_INVALID unless `value` is an object of a known family
 */
export function checkVectors(value: unknown): FileReport {
  if (!isObject(value)) {
    throw new VerdigrisError("FILE_INVALID", "vectors: expected an object with `family` or `peer`");
  }
  const family = familyOf(value);
  const failures: RecordFailure[] = [];
  let passed = 0;
  for (const { at, section, record } of recordsOf(value, family)) {
    const problems = family.sections[section]?.check(record) ?? [
      `unknown kind of vector: expected one of ${Object.keys(family.sections).join(", ")}, got ${section}`,
    ];
    if (problems.length === 0) passed++;
    else failures.push({ at, problems });
  }
  return { family: family.name, passed, failures };
}

function familyOf(value: VectorFile): VectorFamily {
  const name = value["family"] ?? value["peer"];
  const known = Object.keys(families).join(", ");
  const found = typeof name === "string" && Object.hasOwn(families, name) ? families[name] : null;
  if (found === null) {
    const came = name === undefined ? "nothing" : JSON.stringify(name);
    throw new VerdigrisError("FILE_INVALID", `family: expected one of ${known}, got ${came}`);
  }
  return found(value);
}

interface Entry {
  readonly at: string;
  readonly section: string;
  readonly record: unknown;
}

/** Every record with the section it belongs to; a section inside an object is `outer.inner`. */
function recordsOf(value: VectorFile, family: VectorFamily, prefix = ""): readonly Entry[] {
  const about = new Set<string>([...ABOUT, ...family.about]);
  return Object.entries(value).flatMap(([key, content]): readonly Entry[] => {
    const section = prefix + key;
    if (about.has(section)) return [];
    if (Array.isArray(content)) {
      return inherited(content).map((record, i) => ({ at: `${section}[${i}]`, section, record }));
    }
    const nested = Object.keys(family.sections).some((name) => name.startsWith(`${section}.`));
    if (nested && isObject(content)) return recordsOf(content, family, `${section}.`);
    return [{ at: section, section, record: content }];
  });
}

/** `input_ids: "same"` stands for the ids of the nearest earlier record that has a list. */
function inherited(records: readonly unknown[]): readonly unknown[] {
  let last: unknown;
  return records.map((record) => {
    if (!isObject(record)) return record;
    if (Array.isArray(record["input_ids"])) last = record["input_ids"];
    return record["input_ids"] === "same" ? { ...record, input_ids: last } : record;
  });
}

function isObject(value: unknown): value is VectorFile {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
