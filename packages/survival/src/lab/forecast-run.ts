/** The part of a student run that comes before training: its corpus, its contexts and its forecast. */
import { type Scheme, type Tokens, bindScheme } from "@verdigris/core";
import { auditContexts } from "../audit.js";
import { type Corpus, type Text, corpusOf, mixCorpus } from "../corpus.js";
import { type Forecast, type TeacherExcess, forecast, markedLeverage } from "../law.js";
import { tokensToDecide } from "../outlook/index.js";
import type { Apprenticeship } from "../students/index.js";
import {
  type AttackTarget,
  type Surroundings,
  type TrainingAttack,
  trainingAttack,
} from "../training-attacks/index.js";
import type { Bench, KeyedMark } from "./bench.js";
import type { AttackRecord } from "./result.js";
import type { RunOrder } from "./orders.js";
import { type StudentRunName, streamOf } from "./streams.js";
import { type RunTexts, textsOf } from "./texts.js";

/** A run whose corpus and contexts are drawn and whose forecast is made. */
export interface ForecastRun {
  readonly order: RunOrder;
  readonly name: StudentRunName;
  readonly mark: KeyedMark;
  readonly scheme: Scheme;
  readonly texts: RunTexts;
  /** The teacher's texts under the audited key: the first of the keyring. */
  readonly ownTexts: readonly Text[];
  readonly corpus: Corpus;
  readonly contexts: readonly Tokens[];
  readonly apprenticeship: Apprenticeship;
  readonly excess: TeacherExcess;
  readonly attack: { readonly record: AttackRecord; readonly attack: TrainingAttack } | null;
  readonly surroundings: Surroundings;
  /** Of the audited key. */
  readonly forecast: Forecast;
  /** Forecast ε of the whole keyring. */
  readonly wholeEpsilon: number;
  /** N* if the forecast holds; null if it forecasts nothing. */
  readonly forecastTokens: number | null;
}

/** Draws a run's corpus and contexts and applies the survival law to them. */
export async function forecastRun(order: RunOrder, bench: Bench): Promise<ForecastRun> {
  const { setting } = order;
  const name = { study: bench.study.seed, key: order.key, seed: order.seed };
  const mark = bench.mark(setting, order.key);
  const scheme = bindScheme(mark.profile, mark.key, bench.kernel);
  const texts = await textsOf(order, bench);
  const ownTexts = texts.marked.filter(({ part }) => part === 0);
  const surroundings = surroundingsOf({ order, name, texts }, bench);
  const { apprenticeship } = surroundings;
  const { corpus, attack } = await attackedCorpus({ order, name, texts }, surroundings);
  const contexts = auditContexts(texts.heldOut, {
    h: scheme.h,
    count: bench.study.audit.oneStep,
    random: streamOf(name, "contexts"),
    served: setting.served,
    log: texts.marked,
  });
  const excess = bench.excess(texts.markedOrder, scheme, ownTexts);
  const target = { scheme, corpus, learner: apprenticeship, contexts, excess };
  const retained = attack?.attack.retained?.(target, surroundings) ?? null;
  const law = forecast(scheme, ...lawOf(target, setting.generations, retained));
  const own = { ...law, epsilon: law.epsilon * texts.shares[0] };
  const drawn = { order, name, mark, scheme, texts, ownTexts, corpus, contexts };
  return {
    ...drawn,
    apprenticeship,
    excess,
    surroundings,
    attack: attack && { ...attack, record: { ...attack.record, retained } },
    forecast: own,
    wholeEpsilon: law.epsilon,
    forecastTokens: requiredTokens(scheme, own.epsilon, bench.study.alpha),
  };
}

type Begun = Pick<ForecastRun, "order" | "name" | "texts">;

function surroundingsOf({ order, name, texts }: Begun, bench: Bench): Surroundings {
  const { tokenizer, vocabularySize } = bench.material;
  const rewrite = bench.rewriter(`${name.study}/${name.key}/${name.seed}`);
  return {
    apprenticeship: bench.apprenticeship(order.setting.student),
    cleanTexts: texts.clean,
    foreignTexts: texts.foreign,
    ...(tokenizer !== undefined && { tokenizer }),
    ...(rewrite !== undefined && { rewrite }),
    vocabularySize,
    random: streamOf(name, "attack"),
  };
}

async function attackedCorpus(
  { order: { setting }, name, texts }: Begun,
  surroundings: Surroundings,
): Promise<Pick<ForecastRun, "corpus" | "attack">> {
  const { rho, tokens } = setting;
  const collected = mixCorpus(
    { marked: texts.marked, unmarked: texts.filler },
    { rho, tokens, random: streamOf(name, "corpus") },
  );
  if (setting.attack === null) return { corpus: collected, attack: null };
  const attack = trainingAttack(setting.attack);
  const corpus = (await attack.corpus?.(collected, surroundings)) ?? collected;
  const record = { kind: attack.kind, budget: attack.budget(collected), retained: null };
  return { corpus, attack: { attack, record } };
}

/**
 * What the law is applied to. Students of students: each generation learns the excess that the one before it is expected
 * to have, from texts all of which it wrote, in windows about as frequent as in the first corpus.
 */
function lawOf(
  { scheme, corpus, learner, contexts, excess }: AttackTarget,
  generations: number,
  retained: number | null,
): [corpus: Corpus, options: Parameters<typeof forecast>[2]] {
  const factors = retained === null ? [] : [retained];
  let [own, from] = [corpus, excess];
  for (let generation = 1; generation < generations; generation++) {
    const [leverage, before] = [markedLeverage(own, learner, scheme), from];
    const after = (context: Tokens): number =>
      learner.gain * leverage(context) * before.after(context);
    from = { mean: excess.mean, after };
    own = corpusOf(
      corpus.texts,
      corpus.texts.map(() => true),
    );
  }
  return [own, { learner, contexts, excess: from, factors }];
}

function requiredTokens(scheme: Scheme, epsilon: number, alpha: number): number | null {
  if (epsilon < 1e-9) return null;
  const signal = { excess: { value: epsilon, lower: epsilon, upper: epsilon }, efficiency: 1 };
  return tokensToDecide(scheme.law, signal, { alpha, power: 0.9 })?.value ?? null;
}
