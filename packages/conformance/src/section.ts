import { parseWith } from "@verdigris/core";
import type * as z from "zod";
import { Comparison } from "./comparison.js";

/** One kind of record in a vector file: an array's name, or `outer.inner`. */
export interface Section {
  /** Complaints about one record; none if the packages agree with it. */
  check(record: unknown): readonly string[];
}

/** A vector file, parsed: what all its records share is at the top. */
export type VectorFile = Readonly<Record<string, unknown>>;

/** Top-level fields that describe a file of any family. */
export const ABOUT = ["family", "peer", "peer_version", "licence_of_peer", "set", "note"] as const;

/** The checks of one family of vector files. */
export interface VectorFamily {
  /** The file's `family`, or its `peer`. */
  readonly name: string;
  /** Further top-level fields that describe and are not checked. */
  readonly about: readonly string[];
  readonly sections: Readonly<Record<string, Section>>;
}

/** A section whose records have a schema; a record that lacks a field is a complaint that names it. */
export function section<T>(
  schema: z.ZodType<T>,
  check: (record: T, compare: Comparison) => void,
): Section {
  return {
    check(record) {
      const compare = new Comparison();
      try {
        const parsed = parseWith(schema, record, { name: "vector", code: "FILE_INVALID" });
        check(parsed, compare);
      } catch (error) {
        return [...compare.problems, error instanceof Error ? error.message : String(error)];
      }
      return compare.problems;
    },
  };
}
