import { lehmer } from "@verdigris/core/testing";
import { describe, expect, it } from "vitest";
import { SoftMassProcess, type StopKind, binomialLog10P } from "../../src/index.js";

const GAMMA = 0.25;
const ALPHA = 0.05;

/** A law of masses of mean γ + effect: what an innocent model's green mass looks like for different sharpness. */
type Masses = (effect: number, next: () => number) => number;

const LAWS: readonly (readonly [string, Masses])[] = [
  ["flat predictions: the mass is near γ", (e, next) => GAMMA + e + 0.1 * (next() - 0.5)],
  [
    "sharp predictions: the mass is nearly a coin",
    (e, next) => (next() < GAMMA + e ? 0.98 : 0) + 0.005,
  ],
  ["mixed predictions", (e, next) => (next() < 0.5 ? GAMMA + e : next() < GAMMA + e ? 1 : 0)],
];

interface Run {
  readonly masses: Masses;
  readonly effect: number;
  readonly n: number;
}

/** How often a rule fires in a run of n masses, over `runs` runs. */
function fires(runs: number, run: Run, rule: (process: SoftMassProcess) => boolean): number {
  const random = lehmer(17);
  let fired = 0;
  for (let i = 0; i < runs; i++) {
    const process = new SoftMassProcess(GAMMA, { alpha: ALPHA });
    for (let t = 0; t < run.n; t++) {
      process.push(run.masses(run.effect, () => random.next()));
      if (!rule(process)) continue;
      fired++;
      break;
    }
  }
  return fired;
}

/** The least count of `runs` tests at level α that has probability at most 1e-9. */
function bound(runs: number, alpha: number): number {
  let k = 0;
  while (binomialLog10P(k, runs, alpha) > -9) k++;
  return k;
}

const isDetected = (process: SoftMassProcess): boolean => process.state().kind === "detected";

/** The canary's rule: the fixed-length z-test of the running mean with its own variance, at every look. */
function peeker(): (process: SoftMassProcess) => boolean {
  let [squares, before] = [0, 0];
  return (process) => {
    const { n, sum } = process.state();
    if (n === 1) [squares, before] = [0, 0];
    squares += (sum - before) ** 2;
    before = sum;
    const variance = squares / n - (sum / n) ** 2;
    return n >= 30 && (sum / n - GAMMA) / Math.sqrt(variance / n) > 1.645;
  };
}

describe.each(LAWS)("soft masses, %s", (_, masses) => {
  it("are ever called marked with probability at most α, looking after every context", () => {
    expect(fires(500, { masses, effect: 0, n: 250 }, isDetected)).toBeLessThan(bound(500, ALPHA));
  });

  it("canary: peeking at a fixed-length test breaks the rate", () => {
    const alarms = fires(500, { masses, effect: 0, n: 250 }, peeker());
    expect(alarms / 500).toBeGreaterThan(1.3 * ALPHA);
    expect(alarms).toBeGreaterThan(bound(500, ALPHA));
  });

  it("have an effect that the confidence sequence covers at every look", () => {
    const effect = 0.04;
    const missed = fires(200, { masses, effect, n: 250 }, (process) => {
      const { lower, upper } = process.effect();
      return lower > effect + 0.01 || upper < effect - 0.01;
    });
    expect(missed).toBeLessThan(bound(200, ALPHA));
  });
});

describe("an open audit", () => {
  const random = lehmer(23);
  const flat = (effect: number): number => LAWS[0][1](effect, () => random.next());

  it("finds a shift of mass with far fewer contexts than Hoeffding's bound needs", () => {
    const process = new SoftMassProcess(GAMMA, { alpha: 1e-5 });
    let n = 1;
    while (process.push(flat(0.02)).kind === "undecided") n++;
    const hoeffding = Math.log(1e5) / (2 * 0.02 ** 2);
    expect(process.state().kind).toBe("detected");
    expect(n).toBeLessThan(hoeffding / 5);
  });

  it.each<[StopKind, object]>([
    ["effect-too-small", { smallestEffect: 0.02 }],
    ["budget-spent", { budget: 1000 }],
  ])("of an innocent model ends with %s", (kind, options) => {
    const process = new SoftMassProcess(GAMMA, options);
    while (process.push(flat(0)).kind === "undecided");
    expect(process.state().kind).toBe(kind);
    expect(process.state().n).toBeLessThan(5000);
  });

  it("narrows its confidence sequence, and starts knowing nothing", () => {
    const process = new SoftMassProcess(GAMMA);
    expect(process.effect()).toEqual({ lower: -GAMMA, upper: 1 - GAMMA });
    for (let i = 0; i < 2000; i++) process.push(flat(0.03));
    const { lower, upper } = process.effect();
    expect(lower).toBeGreaterThan(0.02);
    expect(upper).toBeLessThan(0.04);
  });

  it.each([[-0.01], [1.01], [Number.NaN]])("refuses a mass of %s", (mass) => {
    expect(() => new SoftMassProcess(GAMMA).push(mass)).toThrow(/^mass must be in \[0, 1\], got/);
  });

  it.each([[0], [1]])("refuses gamma = %s", (gamma) => {
    expect(() => new SoftMassProcess(gamma)).toThrow(/^gamma must be in \(0, 1\), got/);
  });
});
