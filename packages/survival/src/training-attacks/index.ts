import * as z from "zod";
import type { AttackTraits } from "../needs.js";
import * as cleanTraining from "./clean-training.js";
import * as merging from "./merging.js";
import * as mixing from "./mixing.js";
import * as neutralisation from "./neutralisation.js";
import * as paraphrase from "./paraphrase.js";
import * as quantisation from "./quantisation.js";
import * as retokenisation from "./retokenisation.js";
import * as rewriting from "./rewriting.js";
import * as synonymTable from "./synonym-table.js";
import * as targetedParaphrase from "./targeted-paraphrase.js";
import type { TrainingAttack } from "./training-attack.js";

export { type Capability, capabilityOf } from "./capability.js";
export type {
  AttackBudget,
  AttackTarget,
  Surroundings,
  TrainingAttack,
} from "./training-attack.js";

/** Configuration of an attack between collecting and serving. A new one is its file and three lines here. */
export const trainingAttackSchema = z.discriminatedUnion("kind", [
  cleanTraining.schema,
  merging.schema,
  mixing.schema,
  neutralisation.schema,
  paraphrase.schema,
  quantisation.schema,
  retokenisation.schema,
  rewriting.schema,
  synonymTable.schema,
  targetedParaphrase.schema,
]);

/** Settings of an attack, by kind. */
export type TrainingAttackConfig = z.infer<typeof trainingAttackSchema>;

/** What each kind of attack needs and takes away. */
export const attackTraits: Readonly<Record<TrainingAttackConfig["kind"], AttackTraits>> = {
  "clean-training": cleanTraining.traits,
  merging: merging.traits,
  mixing: mixing.traits,
  neutralisation: neutralisation.traits,
  paraphrase: paraphrase.traits,
  quantisation: quantisation.traits,
  retokenisation: retokenisation.traits,
  rewriting: rewriting.traits,
  "synonym-table": synonymTable.traits,
  "targeted-paraphrase": targetedParaphrase.traits,
};

/** The attack that a configuration asks for. */
export function trainingAttack(config: TrainingAttackConfig): TrainingAttack {
  switch (config.kind) {
    case "clean-training":
      return cleanTraining.create(config);
    case "merging":
      return merging.create(config);
    case "mixing":
      return mixing.create(config);
    case "neutralisation":
      return neutralisation.create(config);
    case "paraphrase":
      return paraphrase.create(config);
    case "quantisation":
      return quantisation.create(config);
    case "retokenisation":
      return retokenisation.create(config);
    case "rewriting":
      return rewriting.create(config);
    case "synonym-table":
      return synonymTable.create(config);
    case "targeted-paraphrase":
      return targetedParaphrase.create(config);
  }
}
