/** The survivability budget of a deployment, from its own traffic and before anybody was audited. */
import type { StudentFamily } from "./families.js";
import {
  type AuditRule,
  type Estimate,
  type Prediction,
  type RequiredTokens,
  predict,
  tokensToDecide,
} from "./prediction.js";
import {
  type Amount,
  type ServedWindows,
  WEIGHTINGS,
  type WeightingName,
} from "./served-windows.js";
import { scaled, signalOf } from "./signal.js";

export { type GainRun, fitGain } from "./gain.js";
export { STUDENT_FAMILIES, type StudentFamily, parseFamilies } from "./families.js";
export {
  type AuditRule,
  type Estimate,
  type Prediction,
  type RequiredTokens,
  type Signal,
  predict,
  tokensToDecide,
} from "./prediction.js";
export { type Amount, ServedWindows, type Theft, type WeightingName } from "./served-windows.js";
export {
  type AttributionPlan,
  attributionPlan,
  coalitionZ,
  layerZ,
  rotatedZ,
  tenantZ,
} from "./shares.js";
export { type WeightedWindows, signalOf } from "./signal.js";
export {
  type SketchedTraffic,
  type SurveyOptions,
  type TrafficSource,
  surveySketch,
  surveyTraffic,
} from "./survey.js";

/** Whom to expect, and how the audit goes. */
export interface BudgetOptions extends AuditRule {
  readonly families: readonly StudentFamily[];
  /** Marked share of the thief's corpus, in (0, 1]. */
  readonly rho: number;
  /** Audit sizes, scored tokens. */
  readonly tokens: readonly number[];
  /** What attacks leave of the excess, each in [0, 1]. Default: no attack. */
  readonly factors?: readonly number[];
}

/** One way of weighing the audited windows. */
export interface WeighedOutlook {
  readonly weighting: WeightingName;
  /** Mean excess of an audited token, weighted; at gain A with its interval. */
  readonly epsilon: Estimate;
  readonly efficiency: number;
  /** How much more a marked student's sum varies; absent where the law of its scores does not say. */
  readonly noise?: number;
  /** N*; null where nothing is expected. */
  readonly requiredTokens: RequiredTokens | null;
  /** Whether the auditor's text has that many windows. */
  readonly withinReach: boolean;
  /** One for each audit size; `n` is less where the auditor's text has fewer windows. */
  readonly audits: readonly Prediction[];
}

/** What to expect of one kind of student that took one share. */
export interface Outlook {
  readonly student: StudentFamily;
  readonly share: number;
  readonly taken: Amount;
  /** Mean leverage of the marked examples over the audited windows: ρ Λ_h. */
  readonly markedLeverage: number;
  /** Σ λ² over the audited windows (information budget): the z of the best weights is A Δ_T √Σλ² / σ. */
  readonly information: number;
  /** z of the best weights over every audited window: what no audit of this text exceeds in expectation. */
  readonly largestZ: number;
  readonly weightings: readonly WeighedOutlook[];
}

/**
 * What audits of the surveyed windows would find, for each kind of student and each share: the survival law
 * ε = A ρ^a Δ_T Λ_h × factors, applied to every window.
 */
export function survivabilityBudget(
  survey: ServedWindows,
  options: BudgetOptions,
): readonly Outlook[] {
  if (survey.size === 0) throw new RangeError("audit: expected at least one window, got none");
  const { families, rho, factors = [] } = options;
  const left = factors.reduce((product, factor) => product * factor, 1);
  return families.flatMap((student) =>
    survey.shares.map((share): Outlook => {
      const theft = { share, rho };
      const scale = scaled(student.gain, left);
      const { excess } = survey.windows(student, theft, "plain");
      const leverage = survey.leverage(student, theft);
      const best = signalOf({ excess, weight: excess.map((own) => Math.max(0, own)) }, scale);
      return {
        student,
        share,
        taken: survey.taken(survey.shares.indexOf(share)),
        markedLeverage: leverage.reduce((sum, own) => sum + own, 0) / survey.size,
        information: leverage.reduce((sum, own) => sum + own * own, 0),
        largestZ: predict(survey.law, best, { n: survey.size, alpha: options.alpha }).z.value,
        weightings: WEIGHTINGS.map((weighting) => {
          const windows = survey.windows(student, theft, weighting);
          return weighed(
            survey,
            { weighting, signal: signalOf(windows, scale, survey.law) },
            options,
          );
        }),
      };
    }),
  );
}

function weighed(
  survey: ServedWindows,
  { weighting, signal }: { weighting: WeightingName; signal: ReturnType<typeof signalOf> },
  rule: BudgetOptions,
): WeighedOutlook {
  const requiredTokens = tokensToDecide(survey.law, signal, rule);
  return {
    weighting,
    epsilon: signal.excess,
    efficiency: signal.efficiency,
    ...(signal.noise !== undefined && { noise: signal.noise }),
    requiredTokens,
    withinReach: requiredTokens !== null && requiredTokens.value <= survey.size,
    audits: rule.tokens.map((tokens) =>
      predict(survey.law, signal, { n: Math.min(tokens, survey.size), alpha: rule.alpha }),
    ),
  };
}
