import { type Profile, parseWith } from "@verdigris/core";
import type * as z from "zod";

/** What a peer's configuration says of a profile; the rest comes from the command line. */
export interface Imported {
  readonly scheme: string;
  readonly prf: string;
  readonly h: number;
  readonly seeding: Profile["seeding"];
  readonly parameters: Profile["parameters"];
  /** In the peer's notation; null where the configuration has none. */
  readonly key: string | null;
}

/** A kind of configuration file. */
export interface Importer {
  /** Value of `--kind`. */
  readonly kind: string;
  readonly summary: string;
  /** @throws VerdigrisError CONFIG_INVALID naming field, range and what came */
  read(config: unknown): Imported;
}

/** Reads a configuration with a strict schema: a field it does not know may change the mark, so it is refused. */
export function readConfig<T>(schema: z.ZodType<T>, config: unknown): T {
  return parseWith(schema, config, { name: "config", code: "CONFIG_INVALID" });
}
