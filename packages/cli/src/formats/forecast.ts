/** The forms of a forecast. */
import type { Profile } from "@verdigris/core";
import type {
  AttributionPlan,
  BudgetOptions,
  Outlook,
  RequiredTokens,
  ServedWindows,
} from "@verdigris/survival";
import { compact, count, fixed, plural } from "@verdigris/survival/page";
import type { Judged } from "../commands/forecast/assertion.js";
import type { ForecastJson } from "./forecast-schema.js";
import { escaped, rows } from "./markdown.js";
import { power as decimal } from "./words.js";

/** What was surveyed, and what follows. */
export interface ForecastResult {
  readonly profile: Profile;
  readonly survey: ServedWindows;
  readonly options: BudgetOptions;
  readonly outlooks: readonly Outlook[];
  /** By the z of an audit; null where no tenants were asked about. */
  readonly attribution: ((z: number) => AttributionPlan & { readonly tenants: number }) | null;
  readonly assertions: readonly Judged[];
}

export const forecastFormats = {
  text,
  json,
  md: markdown,
} as const satisfies Readonly<Record<string, (result: ForecastResult) => Iterable<string>>>;

/** Name of a format. */
export type ForecastFormat = keyof typeof forecastFormats;

const NOTICE =
  "A forecast is a plan, not evidence about anybody. It holds for a suspect of the kinds listed, trained on this traffic, " +
  "and audited with text like the auditor's here; more windows than that text has are not extrapolated.";

function* json(result: ForecastResult): Generator<string> {
  const { profile, survey, options, outlooks } = result;
  const all: ForecastJson = {
    version: 1,
    profile: profile.id,
    scheme: profile.scheme,
    h: profile.h,
    alpha: options.alpha,
    power: options.power,
    rho: options.rho,
    served: survey.served,
    filler: survey.filler.texts === 0 ? null : survey.filler,
    windows: { audited: survey.size, served: survey.servedWindows },
    teacher: { deltaT: survey.teacher.mean, standardError: survey.teacher.standardError },
    outlooks: outlooks.map((outlook) => ({
      ...outlook,
      weightings: outlook.weightings.map((each) => ({
        ...each,
        audits: each.audits.map((audit, i) => ({ asked: options.tokens[i], ...audit })),
      })),
      attribution: attributionOf(result, outlook),
    })),
    assertions: result.assertions,
    notice: NOTICE,
  };
  yield `${JSON.stringify(all, null, 2)}\n`;
}

function attributionOf(
  { attribution }: ForecastResult,
  { weightings }: Outlook,
): ForecastJson["outlooks"][number]["attribution"] {
  const best = Math.max(...weightings.flatMap(({ audits }) => audits.map(({ z }) => z.value)));
  const plan = attribution?.(best);
  if (plan === undefined) return null;
  return {
    ...plan,
    smallestShare: Number.isFinite(plan.smallestShare) ? plan.smallestShare : null,
  };
}

function* text(result: ForecastResult): Generator<string> {
  for (const line of summary(result)) yield `${line}\n`;
  for (const { caption, head, body } of tables(result)) {
    const widths = head.map((name, i) =>
      Math.max(name.length, ...body.map((cells) => cells[i].length)),
    );
    yield `\n${caption}\n`;
    for (const cells of [head, ...body]) {
      const padded = cells.map((cell, i) =>
        i < 2 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]),
      );
      yield `  ${padded.join("  ").trimEnd()}\n`;
    }
  }
  yield `\n${assertions(result)
    .map((line) => `${line}\n`)
    .join("")}${NOTICE}\n`;
}

function* markdown(result: ForecastResult): Generator<string> {
  yield `${summary(result).map(escaped).join("  \n")}\n`;
  for (const { caption, head, body } of tables(result)) {
    yield `\n${escaped(caption)}\n\n`;
    yield rows([head, head.map((_, i) => (i < 2 ? "---" : "---:")), ...body]);
  }
  const judged = assertions(result).map((line) => `- ${escaped(line)}\n`);
  yield `\n${judged.join("")}${judged.length > 0 ? "\n" : ""}${escaped(NOTICE)}\n`;
}

function summary({ profile, survey, options }: ForecastResult): readonly string[] {
  const { mean, standardError } = survey.teacher;
  const filler =
    options.rho === 1
      ? ""
      : `, the rest ${survey.filler.texts === 0 ? "text with the same windows" : "text given as filler"}`;
  return [
    `Survivability of ${profile.id} (${profile.scheme}, h = ${profile.h})`,
    `Served: ${plural(survey.served.texts, "answer")}, ${plural(survey.served.tokens, "token")}; excess ${fixed(mean, 4)} ± ${fixed(standardError, 4)} a token.`,
    `Audit: ${plural(survey.size, "distinct window")}, ${count(survey.servedWindows)} of them served; α = ${compact(options.alpha)}, power ${compact(options.power)}.`,
    `Thief: ${compact(100 * options.rho)} % of the training text is from here${filler}.`,
  ];
}

interface TextTable {
  readonly caption: string;
  readonly head: readonly string[];
  readonly body: readonly (readonly string[])[];
}

function tables(result: ForecastResult): readonly TextTable[] {
  const attributed = result.attribution === null ? [] : [attributionTable(result)];
  return [requiredTable(result), expectedTable(result), ...attributed];
}

function requiredTable({ outlooks }: ForecastResult): TextTable {
  return {
    caption:
      "Scored tokens that decide, N*, with the forecast's 95 % interval. Every window reached counts, whatever its weight; " +
      "* more than the auditor's text has.",
    head: ["student", "taken", "ε", "plain", "served windows only", "weighted by leverage"],
    body: outlooks.map((outlook) => [
      ...named(outlook),
      compact(outlook.weightings[0].epsilon.value),
      ...outlook.weightings.map(
        ({ requiredTokens, withinReach }) => `${required(requiredTokens)}${withinReach ? "" : "*"}`,
      ),
    ]),
  };
}

function expectedTable({ outlooks, options }: ForecastResult): TextTable {
  const cell = ({ weightings: [plain, , weighted] }: Outlook, i: number): string =>
    [plain, weighted]
      .map(({ audits }) => {
        const p = decimal(audits[i].log10P.value);
        return audits[i].kind === "refused" ? `(${p})` : p;
      })
      .join(" | ");
  return {
    caption:
      "p expected of an audit of so many scored tokens, plain | weighted. In brackets: power below one half, so that " +
      "finding nothing would say nothing.",
    head: ["student", "taken", ...options.tokens.map((n) => count(n))],
    body: outlooks.map((outlook) => [
      ...named(outlook),
      ...options.tokens.map((_, i) => cell(outlook, i)),
    ]),
  };
}

function attributionTable(result: ForecastResult): TextTable {
  return {
    caption: "Share of the taken text that a tenant must have to be found by the largest audit.",
    head: ["student", "taken", "z needed", "share"],
    body: result.outlooks.map((outlook) => {
      const plan = attributionOf(result, outlook);
      const share = plan?.smallestShare ?? null;
      const found = share === null || share > 1 ? "nobody is found" : `${compact(100 * share)} %`;
      return [...named(outlook), fixed(plan?.threshold ?? 0, 2), found];
    }),
  };
}

function named({ student, share }: Outlook): readonly string[] {
  return [student.name, `${compact(100 * share)} %`];
}

function required(tokens: RequiredTokens | null): string {
  if (tokens === null) return "none";
  const { value, lower, upper } = tokens;
  const rounded = (n: number): string => count(Number(n.toPrecision(3)));
  return `${rounded(value)} [${rounded(lower)}, ${upper === null ? "∞" : rounded(upper)}]`;
}

function assertions({ assertions: all }: ForecastResult): readonly string[] {
  return all.map(({ text: asserted, holds, leastPower, n, tokens, power }) => {
    const few = n < tokens ? `, of the ${plural(n, "window")} that the auditor's text has` : "";
    return `${holds ? "Holds" : "FAILS"}: ${asserted} (power ${compact(leastPower)} at the lower end of the forecast${few}; wanted ${compact(power)}).`;
  });
}
