import type { SynthIdHash } from "@verdigris/core/primitives";
import * as z from "zod";
import { integer } from "../../comparison.js";

/** Which hash a record is about. */
export const variant = z.object({
  variant: z.enum(["pypi", "head"]).default("pypi"),
  sampling_table_seed: integer.nullable(),
  sampling_table_size: z.int().default(65_536),
});

/** The hash of a record. */
export function hashOf(record: z.infer<typeof variant>): SynthIdHash {
  if (record.variant === "head") return { kind: "chain" };
  return {
    kind: "table",
    size: record.sampling_table_size,
    seed: record.sampling_table_seed ?? 0n,
  };
}
