import type { DecoyTest, Evidence, OpenEvidence } from "@verdigris/detector";
import { type Audit, type Cell, type Report, nonEmpty } from "../../src/report.js";

/** An invented report: a count student that keeps the mark at h = 1, loses it at h = 4, and a neural one between. */
export function reportFixture(changes: Partial<Report> = {}): Report {
  const cells = [
    ...[0, 0.05, 0.25, 1].map((rho) => cell({ student: "count", h: 1, rho, kept: 0.4 })),
    ...[0, 0.05, 0.25, 1].map((rho) => cell({ student: "count", h: 4, rho, kept: 0.004 })),
    ...[0, 0.25, 1].map((rho) => cell({ student: "neural", h: 1, rho, kept: 0.25 })),
  ];
  return {
    version: 1,
    name: "fixture",
    alpha: 0.001,
    digest: "d1".repeat(32),
    forecastDigest: "f0".repeat(32),
    nullHypothesis: "The text is independent of the key.",
    notice: "A rejection does not say who queried.",
    cells: nonEmpty("cells", cells),
    controls: {
      unmarkedTeacher: nonEmpty(
        "unmarkedTeacher",
        cells.filter(({ rho }) => rho === 0),
      ),
      untrained: [
        {
          profile: "green-h1",
          h: 1,
          student: "count",
          closed: auditOf(evidence(0.001, 5000), 0),
          loss: 8.25,
        },
        {
          profile: "green-h4",
          h: 4,
          student: "count",
          closed: auditOf(evidence(-0.0004, 5000), 0),
          loss: 8.26,
        },
      ],
      wrongKeys: [{ profile: "green-h1", h: 1, student: "count", decoys: decoys(0.005) }],
      teacher: [
        {
          profile: "green-h1",
          h: 1,
          tokens: 123_456,
          evidence: evidence(0.31, 120_000),
          deltaT: 0.3125,
        },
      ],
      copier: [
        {
          profile: "green-h1",
          h: 1,
          withPromptRule: evidence(0.002, 9000),
          withoutPromptRule: evidence(0.12, 12_000),
        },
      ],
    },
    ...changes,
  };
}

interface CellOf {
  readonly student: string;
  readonly h: number;
  readonly rho: number;
  /** Share of Δ_T kept at ρ = 1. */
  readonly kept: number;
  readonly served?: number;
}

const DELTA_T = 0.3125;

/** A cell whose measurement exceeds its forecast by 4 %; ε is concave in ρ. */
export function cell({ student, h, rho, kept, served = 0 }: CellOf): Cell {
  const epsilon = kept * DELTA_T * Math.sqrt(rho);
  const measured = rho === 0 ? -0.0011 : epsilon * 1.04;
  const closed = auditOf(evidence(measured, 5000), epsilon);
  const { evidence: own, ...rest } = auditOf(evidence(measured, 1000), epsilon);
  const open: Audit<OpenEvidence> = { ...rest, evidence: { ...own, log10E: -own.log10P } };
  const { effect } = closed.evidence;
  return {
    profile: `green-h${h}`,
    h,
    rho,
    served,
    student,
    tokens: 200_000,
    forecast: { epsilon, gain: 1, deltaT: DELTA_T, markedLeverage: epsilon / DELTA_T },
    forecastTokens: rho === 0 ? null : 4.2 / epsilon ** 2,
    closed,
    open,
    decoys: decoys(closed.evidence.zScore > 3 ? 0.005 : 0.42),
    survivalRatio: {
      value: effect / DELTA_T,
      interval: { lower: closed.interval.lower / DELTA_T, upper: closed.interval.upper / DELTA_T },
    },
    loss: 4.5 - rho / 10,
  };
}

/** Evidence of a fair coin with a crude normal tail: the renderers only print it. */
export function evidence(effect: number, n: number): Evidence {
  const zScore = effect / Math.sqrt(0.25 / n);
  const log10P = zScore <= 0 ? -0.04 : Math.min(-0.3, (-zScore * zScore) / (2 * Math.LN10));
  return { n, sum: n * (0.5 + effect), log10P, zScore, effect };
}

export function decoys(p: number): DecoyTest {
  return { keys: 199, p, meanZ: 0.03, varianceInflation: 1.02, varianceInterval: [0.84, 1.26] };
}

function auditOf(own: Evidence, expected: number): Audit {
  const standardError = Math.sqrt(0.25 / own.n);
  const reach = 1.96 * standardError;
  return {
    evidence: own,
    standardError,
    interval: { lower: own.effect - reach, upper: own.effect + reach },
    withinForecast: Math.abs(own.effect - expected) <= 3 * standardError + 0.1 * expected,
  };
}
