// Published effects in our units, beside ours.
import { attacked } from "./attacks.mjs";
import { tokensOf } from "./study-map.mjs";
import { auditOf, effectSize, markedArms, required } from "./real-model.mjs";
import { eps, num, percent, table, tokens } from "./words.mjs";

/** Derived from the p-values of the papers' tables: d = z / √N, ε = d √(γ(1 − γ)), N* for p < 1e-5 with power .9. */
const EFFECTS = [
  [
    "Sander et al. 2024, T5: KGW, 7B, 16 M tokens, closed",
    "1 / 2 / 4",
    ".080 / .037 / .010",
    ".035 / .016 / .004",
    "4.8k / 22k / 302k",
  ],
  [
    "Sander et al. 2024, T5: Gumbel, the same",
    "1 / 2 / 4",
    ".084 / .051 / .017",
    "–",
    "4.4k / 12k / 106k",
  ],
  [
    "Sander et al. 2024, F5: ρ = 10 / 5 / 1 %, open, 225k tokens",
    "2",
    ".017 / .010 / .004",
    ".007 / .004 / .002",
    "110k / 320k / 1.8M",
  ],
  ["Sander et al. 2024, F5: ρ = 10 %, closed, 600k tokens", "2", ".005", ".002", "1.1M"],
  [
    "Pan et al. 2025, T2: KGW, 7B, full fine-tuning, closed",
    "1 / 2 / 3",
    ".348 / .108 / .010",
    ".174 / .054 / .005",
    "254 / 2.6k / 314k",
  ],
  [
    "Pan et al. 2025, T2: KGW, paraphrased (Dipper)",
    "1 / 2",
    ".078 / .030",
    ".039 / .015",
    "5.1k / 34k",
  ],
  ["Pan et al. 2025, T2: KGW, neutralised", "1 / 2", ".041 / .013", ".021 / .007", "18k / 182k"],
  ["Pan et al. 2025, T2: SynthID, the same", "1 / 2", ".133 / .064", "–", "1.7k / 7.6k"],
  [
    "TextSeal 2026: Gumbel / SynthID, 3B, open and supervised",
    "3",
    ".009 / .005",
    "–",
    "397k / 1.2M",
  ],
];

export function publishedSection(map, t3) {
  return `${table(["study", "h", "d", "ε", "N*"], [...own(map), ...real(t3), ...EFFECTS])}

The published rows are derived from p-values in the papers' tables and figures, good to 5–10 %. ε depends on the number of audited tokens, because frequent
windows come first; compare rows of like size. The order is the same everywhere: each token of width costs.

${attackComparison(map)}`;
}

const join = (values) => values.join(" / ");

function own(map) {
  const widths = [map.at({ "mark.h": 1 }), map.at({}), map.at({ "mark.h": 4 })];
  const of = (scheme) => map.alone("mark").filter(({ setting }) => setting.mark.scheme === scheme);
  const free = widths.map(({ setting, access, free: { d } }) => ({
    setting,
    d,
    epsilon: access.freeRun.epsilon,
  }));
  return [
    ownRow("green list, closed, 12,000 draws at most", widths.map(closed)),
    ownRow("the same, free text", free),
    ownRow("Gumbel, closed", of("gumbel").map(closed)),
    ownRow("SynthID, closed", of("synthid").map(closed)),
    ownRow("neutralised (orders 0 to 2), closed", [
      closed(
        map.where(
          "attack",
          ({ kind, orders }) => kind === "neutralisation" && orders?.length !== 2,
        ),
      ),
    ]),
    ownRow("green list, ρ = 30 %, closed", [closed(map.at({ rho: 0.3 }))]),
    ownRow("green list, ρ = 10 %, closed", [closed(map.at({ rho: 0.1 }))]),
  ];
}

const closed = ({ setting, d, access }) => ({ setting, d, epsilon: access.oneStep.epsilon });

function ownRow(name, effects) {
  return [
    `here, T0: ${name}`,
    join(effects.map(({ setting }) => setting.mark.h)),
    join(effects.map(({ d }) => num(d.value))),
    join(effects.map(({ epsilon }) => eps(epsilon.value))),
    join(effects.map(({ d }) => tokens(tokensOf(d)))),
  ];
}

function real(t3) {
  const arms = markedArms(t3);
  const row = (name, set, test) => {
    const audits = arms.map((arm) => auditOf(arm, set(arm), test));
    return [
      `here, T3: SmolLM2-135M, 300,000 tokens, ${name}`,
      join(arms.map(({ h }) => h)),
      join(audits.map((audit) => num(effectSize(audit).value))),
      join(audits.map(({ effect }) => eps(effect))),
      join(audits.map((audit) => tokens(required(audit)))),
    ];
  };
  return [
    row("closed", () => "unmarked", "drawn"),
    row("closed, served windows", ({ h }) => `served-h${h}`, "drawn"),
    row("open, most likely token", () => "unmarked", "best"),
    row("open, most likely token, served windows", ({ h }) => `served-h${h}`, "best"),
  ];
}

/** What is left of ε after an attack, published and here. */
function attackComparison(map) {
  const of = (holds) => {
    const found = attacked(map).filter(({ cell }) => holds(cell.setting.attack));
    return join(
      found.map(({ left, kept }) => `${percent(left.value)} (capability ${percent(kept)})`),
    );
  };
  const kind = (...names) => of((attack) => names.includes(attack.kind));
  const human = map.at({ rho: 0.1, filler: "human" });
  const machine = map.at({ rho: 0.1 });
  const ratio = human.access.openSoft.epsilon.value / machine.access.openSoft.epsilon.value;
  return table(
    ["what", "published", "here, T0, h = 2"],
    [
      ["neutralisation, ε left", "12 % (Pan et al. T2, KGW h = 1 and 2)", kind("neutralisation")],
      [
        "paraphrase, ε left",
        "22 % / 28 % (Pan et al. T2, Dipper, h = 1 / 2)",
        kind("paraphrase", "synonym-table"),
      ],
      ["clean training, ε left", "71 % (Sander et al. T8, ρ = 10 %)", kind("clean-training")],
      [
        "human filler over machine filler, ρ = 10 %, open ε",
        "× 1.49 (Sander et al. T12)",
        `× ${num(ratio)}`,
      ],
    ],
  );
}
