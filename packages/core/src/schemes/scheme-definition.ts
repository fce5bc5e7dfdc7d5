import type * as z from "zod";
import type { Key } from "../keys.js";
import type { Kernel } from "../prf/index.js";
import type { Profile } from "../profile.js";
import type { Scheme } from "../types.js";

/** What a scheme's file contributes to the registry. */
export interface SchemeDefinition {
  /** Name in `profile.scheme`. */
  readonly name: string;
  /** One line for `verdigris profiles` and the README. */
  readonly summary: string;
  /** Whose mark it is: project and the versions it agrees with bit for bit. */
  readonly origin: string;
  /** Pseudo-random functions it can run on: the values of `profile.prf`. */
  readonly prfs: readonly [string, ...string[]];
  /** Largest context width. */
  readonly maxH: number;
  /** Schema of `profile.parameters`. */
  readonly parameters: z.ZodType;
  /** Accepted (seeding, h) pairs, or the reason against. */
  check(profile: Profile): string | null;
  /** Binds the scheme to a key. The profile has been validated. */
  bind(profile: Profile, key: Key, kernel: Kernel): Scheme;
}
