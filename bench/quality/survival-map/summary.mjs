// What bench/results/survival-map.json keeps of a study: its cells with their intervals, and each run in a row.

/** What a row of a run holds. `log10P` and the like are under the run's own key; `decoyP` ranks it among wrong keys. */
const OF_RUN = {
  key: ({ key }) => key,
  seed: ({ seed }) => seed,
  forecast: ({ forecast }) => forecast.epsilon,
  deltaT: ({ forecast }) => forecast.deltaT,
  n: ({ audits }) => audits.oneStep.evidence.n,
  epsilon: ({ audits }) => audits.oneStep.evidence.effect,
  z: ({ audits }) => audits.oneStep.evidence.zScore,
  log10P: ({ audits }) => audits.oneStep.evidence.log10P,
  decoyP: ({ decoys }) => decoys.p,
  varianceInflation: ({ decoys }) => decoys.varianceInflation,
  softN: ({ audits }) => audits.openSoft.evidence.n,
  softEpsilon: ({ audits }) => audits.openSoft.evidence.effect,
  softZ: ({ audits }) => audits.openSoft.evidence.zScore,
  softLog10P: ({ audits }) => audits.openSoft.evidence.log10P,
  argmaxLog10P: ({ audits }) => audits.openArgmax.evidence.log10P,
  freeN: ({ audits }) => audits.freeRun?.evidence.n ?? null,
  freeEpsilon: ({ audits }) => audits.freeRun?.evidence.effect ?? null,
  freeLog10P: ({ audits }) => audits.freeRun?.evidence.log10P ?? null,
  teacherLog10P: ({ teacher }) => teacher.evidence.log10P,
  loss: ({ loss }) => loss,
  untrainedLog10P: ({ innocents }) => innocents?.untrained.closed.evidence.log10P ?? null,
  copierLog10P: ({ innocents }) => innocents?.copier.withPromptRule.log10P ?? null,
  copierLog10PWithoutRule: ({ innocents }) => innocents?.copier.withoutPromptRule.log10P ?? null,
};

/** A study's summary. */
export function summaryOf({ keys, seeds, audit, material, default: setting }, report) {
  const { name, digest, forecastDigest, alpha, cells } = report;
  return {
    name,
    digest,
    forecastDigest,
    alpha,
    keys,
    seeds,
    audit,
    vocabulary: material.vocabulary,
    default: setting,
    fields: Object.keys(OF_RUN),
    cells: cells.map(cellOf),
  };
}

function cellOf({ runs, ...cell }) {
  const [{ attack, keyring, audits }] = runs;
  const { effect, n, zScore } = audits.oneStep.evidence;
  return {
    ...cell,
    /** σ of one coin under the null: z = ε √n / σ. */
    sigma: Math.abs((effect * Math.sqrt(n)) / zScore),
    budget: attack === null ? null : attack.budget,
    /** Whether the law has a closed form for this cell: some attacks looked at what the mark did. */
    closedForm: attack === null || attack.retained !== null,
    keyring: keyring === null ? null : keyringOf(runs),
    runs: runs.map((run) => Object.values(OF_RUN).map((field) => field(run))),
  };
}

/** The audits of a keyring, means over runs: the first part's key alone, and all keys together. */
function keyringOf(runs) {
  const mean = (of) => runs.reduce((sum, { keyring }) => sum + of(keyring), 0) / runs.length;
  return {
    parts: runs[0].keyring.parts.length,
    share: mean(({ parts }) => parts[0].share),
    meanZ: mean(
      ({ parts }) => parts.reduce((sum, { evidence }) => sum + evidence.zScore, 0) / parts.length,
    ),
    combinedZ: mean(({ combined }) => combined.zScore),
    combinedForecastZ: mean(({ combinedForecastZ }) => combinedForecastZ),
  };
}

/** As JSON: seven digits, and a row on one line. */
export function summaryJson(summaries) {
  const json = JSON.stringify(
    summaries,
    (_, value) => (typeof value === "number" ? Number(value.toPrecision(7)) : value),
    1,
  );
  const row = /\[\s+([^[\]{}]*?)\s+\]/g;
  return `${json.replace(row, (_, items) => `[${items.replace(/,\s+/g, ",")}]`)}\n`;
}
