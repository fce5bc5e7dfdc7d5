// The figures of the survival map: SVG files, light or dark as the reader prefers.
import { residualsSvg } from "@verdigris/survival";
import { CURVE_INKS, INK, axis, drawSvg, plainLine, svgDocument } from "@verdigris/survival/page";
import { attacked } from "./attacks.mjs";
import { judged } from "./forecasts.mjs";
import { auditOf, effectSize, markedArms } from "./real-model.mjs";
import { attackName } from "./words.mjs";

const SYMBOLS = ["circle", "diamond", "triangle", "rect", "roundRect"];

/** File name → SVG. */
export function mapFigures(map, t3) {
  return {
    width: widthFigure(map, t3),
    attacks: attackFigure(map),
    forecasts: forecastFigure(map),
  };
}

/** Signed square roots spread small values without losing 0. */
const root = (value) => Math.sign(value) * Math.sqrt(Math.abs(value));
const TICKS = [0, 0.002, 0.01, 0.03, 0.1, 0.2, 0.4, 0.6];

/** d against the width, with intervals. */
function widthFigure(map, t3) {
  const curves = widthCurves(map, t3);
  const option = {
    ...frame(
      curves.map(({ name }) => name),
      { left: 70, right: 24, top: 78, bottom: 56 },
    ),
    xAxis: {
      ...axis("context width h, tokens"),
      nameGap: 30,
      min: 0.5,
      max: 4.5,
      ...ticks([1, 2, 3, 4], String),
    },
    yAxis: {
      ...axis("d, effect size of a coin (square-root scale)"),
      nameGap: 45,
      min: root(-0.002),
      max: root(0.6),
      ...ticks(TICKS.map(root), (value) => String(Number((value * value).toPrecision(2)))),
    },
    series: curves.flatMap((curve, i) => widthSeries(curve, i)),
  };
  return drawn(option, {
    id: "width",
    label: "Effect size of the student against the context width of the mark",
  });
}

/** Paper, type and legend of a figure. */
function frame(names, grid) {
  return {
    backgroundColor: INK.paper.light,
    textStyle: { fontFamily: "system-ui, sans-serif" },
    grid,
    legend: {
      data: names,
      top: 8,
      left: "center",
      width: 660,
      itemGap: 24,
      textStyle: { color: INK.text.light },
    },
  };
}

function ticks(customValues, formatter) {
  return {
    axisLabel: { color: INK.muted.light, customValues, formatter },
    axisTick: { customValues },
  };
}

function widthSeries({ name, points, dashed = false }, i) {
  const color = CURVE_INKS[i % CURVE_INKS.length].light;
  // Curves beside each other: their intervals would cover one another.
  const x = (h) => h + 0.06 * (i - 2);
  const bars = points.flatMap(({ h, d: { interval } }) => [
    [x(h), root(interval.lower)],
    [x(h), root(interval.upper)],
    [x(h), "-"],
  ]);
  return [
    { ...plainLine(bars, { color, type: "solid" }) },
    {
      type: "line",
      name,
      symbol: SYMBOLS[i % SYMBOLS.length],
      symbolSize: 9,
      itemStyle: { color },
      lineStyle: { color, type: dashed ? "dashed" : "solid", width: 2 },
      data: points.map(({ h, d }) => [x(h), root(d.value)]),
    },
  ];
}

function widthCurves(map, t3) {
  const point = (cell, d = cell.d) => ({ h: cell.setting.mark.h, d });
  const widths = [
    map.at({ "mark.h": 1 }),
    map.at({}),
    map.at({ "mark.h": 3 }),
    map.at({ "mark.h": 4 }),
  ];
  const gumbel = map.alone("mark").filter(({ setting }) => setting.mark.scheme === "gumbel");
  const arms = markedArms(t3);
  const real = (set, test) =>
    arms.map((arm) => ({ h: arm.h, d: effectSize(auditOf(arm, set(arm), test)) }));
  return [
    { name: "green list, drawn", points: widths.map((cell) => point(cell)) },
    { name: "green list, free text", points: widths.map((cell) => point(cell, cell.free.d)) },
    {
      name: "green list, served ≥ 5",
      points: [map.at({ served: 5 }), map.at({ "mark.h": 4, served: 5 })].map((cell) =>
        point(cell),
      ),
    },
    { name: "Gumbel, drawn", points: gumbel.map((cell) => point(cell)) },
    {
      name: "SmolLM2 (T3), drawn, served",
      points: real(({ h }) => `served-h${h}`, "drawn"),
      dashed: true,
    },
  ];
}

/** What an attack leaves of the mark and of the capability, a line each. */
function attackFigure(map) {
  const list = attacked(map).toSorted((a, b) => b.left.value - a.left.value);
  const [left, kept] = ["ε left, 95 % interval", "capability kept (95 % needed to count)"];
  const [mark, skill] = CURVE_INKS.map(({ light }) => light);
  const ends = [-0.5, list.length - 0.5].map((y) => [95, y]);
  const option = {
    ...frame([left, kept], { left: 290, right: 30, top: 44, bottom: 56 }),
    xAxis: { ...axis("% of the unattacked student's"), nameGap: 30, min: 0, max: 120 },
    yAxis: rows(list.map(({ cell }) => attackName(cell.setting.attack))),
    series: [
      plainLine(ends, { color: INK.muted.light, type: "dotted" }),
      plainLine(
        list.flatMap(({ left: { interval } }, i) => [
          [100 * interval.lower, i],
          [100 * interval.upper, i],
          ["-", i],
        ]),
        { color: mark, type: "solid" },
      ),
      dots(
        list.map((one) => one.left.value),
        { name: left, symbol: "circle", color: mark },
      ),
      dots(
        list.map((one) => one.kept),
        { name: kept, symbol: "diamond", color: skill },
      ),
    ],
  };
  return drawn(option, {
    id: "attacks",
    label: "What each attack leaves of the mark and of the capability",
  });
}

/** A line for each name, the first on top. */
function rows(names) {
  return {
    type: "category",
    data: names,
    inverse: true,
    axisLabel: { color: INK.text.light, fontSize: 12 },
    axisLine: { lineStyle: { color: INK.muted.light } },
    axisTick: { show: false },
    splitLine: { show: true, lineStyle: { color: INK.grid.light } },
  };
}

/** A marker in each row, at a share. */
function dots(shares, { name, symbol, color }) {
  return {
    type: "line",
    name,
    symbol,
    symbolSize: 11,
    itemStyle: { color },
    lineStyle: { width: 0 },
    data: shares.map((value, i) => [100 * value, i]),
  };
}

function forecastFigure(map) {
  const groups = {
    "mark.h": "width",
    mark: "mark",
    "mark.seeding": "mark",
    "mark.parameters": "mark",
    rho: "share, supervision",
    served: "share, supervision",
    attack: "attacks",
  };
  const points = judged(map).map(({ cell }) => ({
    group: groups[Object.keys(cell.changes)[0]] ?? "teacher, student, keys",
    // On one scale: excess by the mark's own standard deviation, as a coin of a green list.
    forecast: (cell.forecast.value / cell.sigma) * 0.433,
    measured: (cell.access.oneStep.epsilon.value / cell.sigma) * 0.433,
    standardError: (cell.offError / cell.sigma) * 0.433,
  }));
  return residualsSvg(points, {
    id: "map-forecasts",
    label: "Residuals of the survival law in each cell, by forecast",
  });
}

function drawn(option, { id, label }) {
  return svgDocument(
    drawSvg(option, { id: `map-${id}`, label, size: { width: 760, height: 420 } }),
  );
}
