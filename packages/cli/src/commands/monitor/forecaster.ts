/** The survival forecast of what a group has collected. */
import {
  type Profile,
  type Tokens,
  VerdigrisError,
  bindScheme,
  createKernel,
} from "@verdigris/core";
import { decoyKey } from "@verdigris/detector";
import type { Collected } from "@verdigris/gateway/collection";
import {
  STUDENT_FAMILIES,
  type RequiredTokens,
  type Signal,
  type StudentFamily,
  digestOf,
  parseFamilies,
  surveySketch,
  survivabilityBudget,
  tokensToDecide,
} from "@verdigris/survival";
import { findFiles } from "@verdigris/text";
import { readJsonFile, readProfile, tokenizerOf } from "../../files.js";
import type { Io } from "../../io.js";
import { readPieces } from "../../pieces.js";
import { tokenisingHere } from "../../tokenising.js";
import type { MonitorConfig } from "./config.js";

type ForecastConfig = NonNullable<MonitorConfig["forecast"]>;

/** What a student of a collection would show, and so what any key of it would. */
export interface Outlook {
  readonly signal: Signal;
  /** Windows that the auditor's text has. */
  readonly windows: number;
  /** Δ_T when the answers were given out. */
  readonly excess: number;
  /** Whether counts of windows are so much too high that the forecast is a bound only. */
  readonly isCrowded: boolean;
  /** Audit tokens where a key holds the share `share` of the evidence, and one of `tests` keys is looked for. */
  tokens(share: number, tests: number): RequiredTokens | null;
}

interface Surveyed {
  readonly profile: Profile;
  readonly texts: readonly Tokens[];
}

/** Forecasts for the profiles that it was made for. */
export class Forecaster {
  readonly student: StudentFamily;
  readonly #config: ForecastConfig;
  /** By the digest of the profile. */
  readonly #surveyed: ReadonlyMap<string, Surveyed>;

  private constructor(
    student: StudentFamily,
    config: ForecastConfig,
    surveyed: ReadonlyMap<string, Surveyed>,
  ) {
    [this.student, this.#config, this.#surveyed] = [student, config, surveyed];
  }

  /** Reads profiles and the auditor's texts. @throws VerdigrisError FILE_*, PROFILE_INVALID, CONFIG_INVALID */
  static async open(
    io: Io,
    config: ForecastConfig,
    locate: MonitorConfig["locate"],
  ): Promise<Forecaster> {
    const student = await studentOf(config, locate);
    const surveyed = await Promise.all(
      config.profiles.map(async (path) => {
        const profile = await readProfile(locate(path));
        const texts = await auditTexts(io, { profile, profilePath: locate(path) }, config, locate);
        return [digestOf(profile), { profile, texts }] as const;
      }),
    );
    return new Forecaster(student, config, new Map(surveyed));
  }

  /** What a student that trains on a group's whole collection would show; null for a profile that is not listed, or no mark. */
  async outlook({ scope, sketch, volume }: Collected): Promise<Outlook | null> {
    const known = this.#surveyed.get(scope.profile.digest);
    if (known === undefined || sketch === null || volume.scored === 0) return null;
    const { windows, alpha, power } = this.#config;
    const { profile, texts } = known;
    const scheme = bindScheme(profile, decoyKey(0), createKernel());
    const excess = volume.excess / volume.scored;
    const survey = await surveySketch(
      { sketch, excess, audit: () => each(texts) },
      { scheme, shares: [1], windows },
    );
    // What went out unmarked is in the thief's text, too.
    const rho = this.#config.rho * (volume.markedTokens / volume.tokens);
    const families = [{ ...this.student, order: Math.max(this.student.order, scheme.h) }];
    const [{ weightings }] = survivabilityBudget(survey, {
      families,
      rho,
      alpha,
      power,
      tokens: [],
    });
    const best = weightings.find(({ weighting }) => weighting === "leverage") ?? weightings[0];
    const { epsilon, efficiency, noise } = best;
    const signal = { excess: epsilon, efficiency, ...(noise !== undefined && { noise }) };
    return {
      signal,
      windows: survey.size,
      excess,
      isCrowded: sketch.errorBound.excess > this.student.inertia,
      tokens: (share, tests) =>
        tokensToDecide(survey.law, scaledBy(signal, share), { alpha: alpha / tests, power }),
    };
  }
}

/** z_j = s_j Z0: a key with a share of the examples has that share of the excess, and of what it adds to the variance. */
function scaledBy({ excess, efficiency, noise }: Signal, share: number): Signal {
  const { value, lower, upper } = excess;
  return {
    excess: { value: share * value, lower: share * lower, upper: share * upper },
    efficiency,
    ...(noise !== undefined && { noise: Math.sqrt(1 + share * (noise ** 2 - 1)) }),
  };
}

async function studentOf(
  { student: wanted, students }: ForecastConfig,
  locate: MonitorConfig["locate"],
): Promise<StudentFamily> {
  const families =
    students === undefined ? STUDENT_FAMILIES : parseFamilies(await readJsonFile(locate(students)));
  const found = families.find(({ name }) => name === wanted);
  if (found !== undefined) return found;
  const names = families.map(({ name }) => name).join(", ");
  throw new VerdigrisError(
    "CONFIG_INVALID",
    `forecast.student: expected ${names}, got ${JSON.stringify(wanted.slice(0, 80))}`,
  );
}

async function auditTexts(
  io: Io,
  { profile, profilePath }: { readonly profile: Profile; readonly profilePath: string },
  { audit, field, tokenizer }: ForecastConfig,
  locate: MonitorConfig["locate"],
): Promise<readonly Tokens[]> {
  if (profile.h === 0) {
    const message = `${profilePath}: expected h of at least 1 for a forecast, got 0: all text shares one window`;
    throw new VerdigrisError("CONFIG_INVALID", message);
  }
  const where = { profilePath, path: tokenizer === undefined ? undefined : locate(tokenizer) };
  const reading = {
    profile: { V: profile.V, promptRule: "none" } as const,
    tokenising: tokenisingHere(tokenizerOf(profile, where)),
    options: { stdin: io.stdin, field },
  };
  const files = (await Promise.all(audit.map((path) => findFiles(locate(path), io.cwd)))).flat();
  const texts: Tokens[] = [];
  for await (const item of readPieces(files, reading)) {
    if (item.kind === "piece") texts.push(item.piece.tokens);
    if (item.kind !== "problem") continue;
    throw new VerdigrisError("FILE_INVALID", `${item.path}:${item.line ?? 1}: ${item.message}`);
  }
  return texts;
}

async function* each(texts: readonly Tokens[]): AsyncGenerator<Tokens> {
  yield* texts;
}
