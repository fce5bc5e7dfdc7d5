import { type Profile, parseWith } from "@verdigris/core";
import * as z from "zod";

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

/** Fields that hold a key: what came there is not told. */
const SECRET = ["key", "key_b", "keys", "hash_key", "hashing_key"];

/** A whole number of any size: `readConfigFile` makes those beyond 2^53 text, for JSON's numbers would lose digits. */
export const wholeNumber = z.union([
  z.int(),
  z.string().regex(/^-?\d+$/, "expected a whole number"),
]);

/** Reads a configuration with a strict schema: a field it does not know may change the mark, so it is refused. */
export function readConfig<T>(schema: z.ZodType<T>, config: unknown): T {
  return parseWith(schema, config, { name: "config", code: "CONFIG_INVALID", secret: SECRET });
}
