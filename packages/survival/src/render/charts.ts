import { normalQuantile } from "@verdigris/detector";
import type { Report } from "../report.js";
import { axis, plainLine } from "../page/lines.js";
import { INK } from "../page/palette.js";
import {
  type Chart,
  draw,
  errorBars,
  forecastLine,
  identity,
  measuredLine,
  points,
  root,
  rootAxis,
  shareAxis,
} from "./plot.js";
import { type ChartOption, type Series, svgDocument } from "../page/svg.js";
import { type Group, groupsOf } from "./verdicts.js";

/**
 * The one curve of a report: ε against ρ per student and h, measured with 95 % intervals, forecast dashed. A whole
 * SVG document with its own paper, light or dark as the reader prefers.
 */
export function survivalCurveSvg(report: Report): string {
  const label =
    "Survival curve: excess score ε of the student against the marked share ρ of its training text";
  const svg = excessChart(
    report,
    { id: "survival", label },
    {
      backgroundColor: INK.paper.light,
      title: {
        text: "How much of the mark a student keeps",
        subtext: "solid: measured, 95 % interval · dashed: forecast before training",
        left: "center",
        textStyle: { color: INK.text.light },
        subtextStyle: { color: INK.muted.light },
      },
    },
  );
  return svgDocument(svg);
}

/** ε against ρ, one colour per student and h. */
export function excessChart(report: Report, chart: Chart, extra: ChartOption = {}): string {
  const groups = shown(report, chart);
  const series = groups.flatMap((group): Series[] => [
    forecastLine(group),
    errorBars(
      group,
      ({ rho }) => root(rho),
      (epsilon) => epsilon,
    ),
    measuredLine(group, ({ closed }) => closed.evidence.effect),
  ]);
  return draw(groups, series, {
    chart,
    extra: { xAxis: shareAxis(groups), yAxis: axis("ε, excess score per token"), ...extra },
  });
}

/** z against ρ, with the z that α asks for. */
export function zChart(report: Report, chart: Chart): string {
  const groups = shown(report, chart);
  const needed = normalQuantile(report.alpha);
  const xAxis = shareAxis(groups);
  const threshold = plainLine(
    [
      [0, needed],
      [xAxis.max, needed],
    ],
    { color: INK.muted.light, type: "dotted" },
  );
  const series = groups.map((group) => measuredLine(group, ({ closed }) => closed.evidence.zScore));
  return draw(groups, [threshold, ...series], { chart, extra: { xAxis, yAxis: axis("z") } });
}

/** Forecast against measurement with the identity line and a band of 10 %; both axes in signed square roots. */
export function agreementChart(report: Report, chart: Chart): string {
  const groups = shown(report, chart);
  const ends = report.cells.flatMap(({ forecast, closed: { interval } }) => [
    forecast.epsilon,
    interval.lower,
    interval.upper,
  ]);
  const max = 1.05 * root(Math.max(0.001, ...ends));
  const min = 1.05 * root(Math.min(0, ...ends));
  const series = groups.flatMap((group): Series[] => [
    errorBars(group, ({ forecast }) => root(forecast.epsilon), root),
    points(group, ({ forecast, closed }) => [root(forecast.epsilon), root(closed.evidence.effect)]),
  ]);
  const xAxis = rootAxis("ε forecast", { min: 0, max });
  const yAxis = rootAxis("ε measured", { min, max });
  return draw(groups, [...identity(max), ...series], { chart, extra: { xAxis, yAxis } });
}

function shown(report: Report, { student }: Chart): readonly Group[] {
  return groupsOf(report.cells).filter(
    (group) => student === undefined || group.student === student,
  );
}
