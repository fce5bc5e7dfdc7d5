import { type Kernel, type Scheme, createKernel } from "@verdigris/core";
import type { Profile } from "@verdigris/core";
import * as z from "zod";
import { bindMark } from "../../profiles.js";

export const ids = z.array(z.int());

/** What MarkLLM's records say of a mark. */
export interface MarkLlmMark {
  readonly scheme: string;
  readonly V: number;
  readonly h: number;
  readonly key: string;
  readonly parameters: Profile["parameters"];
  readonly seeding?: Profile["seeding"];
}

/** Binds MarkLLM's marks on one kernel. */
export function markLlmBinder(kernel: Kernel = createKernel()): (mark: MarkLlmMark) => Scheme {
  return ({ seeding = "left", ...mark }) =>
    bindMark(
      { ...mark, seeding, prf: mark.scheme === "unigram" ? "numpy-pcg64-v1" : "torch-mt19937-v1" },
      kernel,
    );
}
