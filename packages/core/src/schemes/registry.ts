import * as z from "zod";
import { Key } from "../keys.js";
import { VerdigrisError } from "../errors.js";
import { type Kernel, createKernel } from "../prf/index.js";
import { type Profile, parseWith, profileSchema } from "../profile.js";
import type { Scheme } from "../types.js";
import { dip } from "./dip.js";
import { greenList } from "./green-list.js";
import { greenListPayload } from "./green-list-payload.js";
import { gumbel } from "./gumbel.js";
import { hfGreenList } from "./hf-green-list.js";
import { lmWatermarking } from "./lm-watermarking.js";
import { markLlmEntropy } from "./markllm-entropy.js";
import { markLlmExp } from "./markllm-exp.js";
import { markLlmGreenList } from "./markllm-green-list.js";
import { unigram } from "./unigram.js";
import { sbw } from "./sbw.js";
import type { SchemeDefinition } from "./scheme-definition.js";
import { sglangGumbel } from "./sglang-gumbel.js";
import { synthId } from "./synthid.js";
import { textSealGreenList } from "./textseal-green-list.js";
import { textSealGumbel } from "./textseal-gumbel.js";
import { textSealSynthId } from "./textseal-synthid.js";
import { threeBricksGreenList } from "./three-bricks-green-list.js";
import { threeBricksGumbel } from "./three-bricks-gumbel.js";
import { vllmGumbel } from "./vllm-gumbel.js";
import { vllmRedGreen } from "./vllm-red-green.js";
import { vllmSbw } from "./vllm-sbw.js";

/** `origin` of our own schemes. */
const OWN = "Verdigris";

/** Every scheme. A new one is its file and a line here. */
export const schemes: readonly SchemeDefinition[] = [
  greenList,
  gumbel,
  greenListPayload,
  dip,
  hfGreenList,
  lmWatermarking,
  markLlmEntropy,
  markLlmExp,
  markLlmGreenList,
  sbw,
  sglangGumbel,
  synthId,
  textSealGreenList,
  textSealGumbel,
  textSealSynthId,
  threeBricksGreenList,
  threeBricksGumbel,
  unigram,
  vllmGumbel,
  vllmRedGreen,
  vllmSbw,
];

/** Validates a profile. @throws VerdigrisError PROFILE_INVALID naming field, range and what came */
export function parseProfile(value: unknown): Profile {
  const where = { name: "profile", code: "PROFILE_INVALID" } as const;
  const profile = parseWith(profileSchema, value, where);
  const definition = definitionOf(profile.scheme);
  checkPrf(definition, profile);
  parseWith(definition.parameters, profile.parameters, { ...where, name: "profile.parameters" });
  const tooLarge = profile.specialTokens.find((id) => id >= profile.V);
  if (tooLarge !== undefined) {
    throw new VerdigrisError(
      "PROFILE_INVALID",
      `profile.specialTokens: expected ids below V = ${profile.V}, got ${tooLarge}`,
    );
  }
  const reason = definition.check(profile);
  if (reason !== null) throw new VerdigrisError("PROFILE_INVALID", `profile: ${reason}`);
  return profile;
}

/** Binds a profile to a key. Schemes on one thread may share a kernel. @throws VerdigrisError PROFILE_INVALID */
export function bindScheme(profile: Profile, key: Key, kernel: Kernel = createKernel()): Scheme {
  return schemeBinder(profile, kernel)(key);
}

/** Binds a profile to many keys: what does not depend on the key is done once. @throws VerdigrisError PROFILE_INVALID */
export function schemeBinder(profile: Profile, kernel: Kernel): (key: Key) => Scheme {
  const checked = parseProfile(profile);
  const definition = definitionOf(checked.scheme);
  const bind = (key: Key): Scheme => definition.bind(checked, key, kernel);
  if (checked.embedding !== "select") return bind;
  return (key) => {
    const scheme = bind(key);
    return { ...scheme, weaknesses: [...scheme.weaknesses, SELECTED] };
  };
}

/** After WaterMax: an innocent model's own favourites were the ones chosen, so its text leans to the key. */
const SELECTED = {
  name: "selected-passages",
  message:
    "the mark was put in by choosing among passages: a finding speaks of this text only, never of a model's training",
};

/**
 * A key in its text form, for a profile's scheme: 64 hex digits are our own 256 bits; another project's scheme also
 * takes that project's notation. @throws VerdigrisError KEY_INVALID
 */
export function keyFromText(profile: Profile, text: string): Key {
  const own = definitionOf(profile.scheme).origin === OWN;
  return own || /^[0-9a-f]{64}$/i.test(text.trim()) ? Key.fromText(text) : Key.fromPeer(text);
}

/** JSON Schema of a profile, draft 2020-12: one variant per scheme. */
export function profileJsonSchema(): object {
  const variants = schemes.map((scheme) =>
    profileSchema.extend({
      scheme: z.literal(scheme.name),
      parameters: scheme.parameters,
      prf: z.enum(scheme.prfs).describe("Pseudo-random function and its version."),
      h: profileSchema.shape.h.max(scheme.maxH),
    }),
  );
  return z.toJSONSchema(z.union(variants), { target: "draft-2020-12" });
}

function checkPrf(definition: SchemeDefinition, profile: Profile): void {
  const { prfs, maxH, name } = definition;
  const problems: string[] = [];
  if (!prfs.includes(profile.prf)) {
    problems.push(
      `profile.prf: expected ${prfs.join(" or ")} for ${name}, got ${JSON.stringify(profile.prf)}`,
    );
  }
  if (profile.h > maxH) {
    problems.push(`profile.h: expected 0 to ${maxH} for ${name}, got ${profile.h}`);
  }
  if (problems.length > 0) throw new VerdigrisError("PROFILE_INVALID", problems.join("; "));
}

function definitionOf(name: string): SchemeDefinition {
  const found = schemes.find((scheme) => scheme.name === name);
  if (found === undefined) {
    const known = schemes.map((scheme) => scheme.name).join(", ");
    throw new VerdigrisError(
      "PROFILE_INVALID",
      `profile.scheme: expected one of ${known}, got ${JSON.stringify(name)}`,
    );
  }
  return found;
}
