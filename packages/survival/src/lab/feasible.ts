/** What a study asks for that cannot be done: told before anything is written or trained. */
import { VerdigrisError, parseProfile } from "@verdigris/core";
import type { Material } from "../material.js";
import { NEEDS, type Need, type Traits } from "../needs.js";
import { studentTraits } from "../students/index.js";
import { type TrainingAttackConfig, attackTraits } from "../training-attacks/index.js";
import type { Study } from "./config.js";
import { type GridCell, placeOf } from "./grid.js";
import { armsOf, profileOf, recordedArm } from "./material.js";
import type { StudyPlan } from "./plan.js";
import { type Setting, teacherTraits } from "./setting.js";
import { carriesTargets, shortageOf } from "./texts.js";

/**
 * @param material that the study uses: its own, or with the vocabulary folded
 * @throws VerdigrisError CONFIG_INVALID naming cell, field, what was expected and what came
 */
export function requireFeasible({ study, cells, runs }: StudyPlan, material: Material): void {
  const { keys } = study;
  for (const { setting, changes } of cells) {
    const problem = needProblem(setting, material) ?? markProblem(setting, { keys, material });
    if (problem !== null) refuse(changes, `${problem}${foldedNote(study)}`);
  }
  // What a teacher of any key writes is as long as it is asked for; the others have one key.
  for (const { order, cell } of runs.filter(({ order: { key } }) => key === 0)) {
    const shortage = shortageOf(order, { study, material });
    if (shortage !== null) refuse(cell.changes, shortage);
  }
}

function foldedNote({ material: { vocabulary } }: Study): string {
  if (vocabulary === null) return "";
  return ` (with material.vocabulary = ${vocabulary} nothing but count teachers and texts is left)`;
}

function refuse(changes: GridCell["changes"], problem: string): never {
  throw new VerdigrisError("CONFIG_INVALID", `${placeOf(changes)}.${problem}`);
}

/** The first thing that teacher, student or attack lack; null if they lack nothing. */
function needProblem(setting: Setting, material: Material): string | null {
  const { student, teacher, attack } = setting;
  const has = offersOf(setting, material);
  const traits = studentTraits(student);
  const lacks = ({ needs }: Pick<Traits, "needs">): Need | null =>
    needs.find((need) => !has.has(need)) ?? null;
  const told = (who: string, need: Need | null): string | null =>
    need && `expected ${NEEDS[need]} for ${who}, got ${cameInstead(need, setting)}`;
  const ofTeacher = told(`the ${teacher.kind} teacher`, lacks(teacherTraits[teacher.kind]));
  if (ofTeacher !== null) return `teacher: ${ofTeacher}`;
  const ofStudent = told(`this ${student.kind} student`, lacks(traits));
  if (ofStudent !== null) return `student: ${ofStudent}`;
  const ofAttack = (kind: TrainingAttackConfig["kind"]): string | null => {
    const removed = traits.needs.find((need) => attackTraits[kind].removes.includes(need));
    return removed === undefined
      ? told(`the attack ${kind}`, lacks(attackTraits[kind]))
      : `expected one that leaves ${NEEDS[removed]}, which this ${student.kind} student learns, got ${kind}`;
  };
  const problem = attack && ofAttack(attack.kind);
  if (problem === null) return null;
  const kinds = Object.keys(attackTraits) as TrainingAttackConfig["kind"][];
  const possible = kinds.filter((kind) => ofAttack(kind) === null).join(", ");
  return `attack: ${problem}; possible here: ${possible}`;
}

/** What the parts of a cell have for each other. */
function offersOf(setting: Setting, material: Material): ReadonlySet<Need> {
  const { arms, served, model, tokenizer } = material;
  const has: Readonly<Partial<Record<Need, boolean>>> = {
    arms: arms.length > 0,
    served: served !== undefined,
    model: model !== undefined,
    tokenizer: tokenizer !== undefined,
    targets: carriesTargets(setting),
  };
  const given = (Object.keys(has) as Need[]).filter((need) => has[need] === true);
  const { offers } = teacherTraits[setting.teacher.kind];
  return new Set([...given, ...offers, ...studentTraits(setting.student).offers]);
}

/** What a cell has where it lacks something. */
function cameInstead(need: Need, { student, teacher, generations, rho, filler }: Setting): string {
  if (need === "quantised" || need === "merged") return `a ${student.kind} student`;
  if (need === "anyKey") return `a ${teacher.kind} teacher`;
  if (need !== "targets") return "none";
  if (generations > 1) return `generations = ${generations}, the last of which learns of a student`;
  const targets = "targets" in teacher ? teacher.targets : 0;
  if (targets === 0) return `a ${teacher.kind} teacher with targets = 0`;
  return `filler = ${filler} where rho = ${rho}`;
}

/** Why a teacher cannot put the mark into texts under the study's keys; null if it can. */
function markProblem(
  { teacher, mark, keyring }: Setting,
  { keys, material }: { readonly keys: number; readonly material: Material },
): string | null {
  const arms = armsOf(teacher, material);
  if (arms === null) {
    const own = problemOf(() => parseProfile(profileOf(mark, material)));
    return own?.replaceAll(/\bprofile(?=[.:])/g, "mark") ?? null;
  }
  const bound = `with the ${teacher.kind} teacher, which has one`;
  if (keys !== 1) return `teacher: expected keys = 1 ${bound}, got ${keys}`;
  if (keyring.kind !== "one") return `keyring: expected kind one ${bound} key, got ${keyring.kind}`;
  return problemOf(() => recordedArm(mark, arms));
}

/** What is said against what was asked for; null if nothing is. */
function problemOf(check: () => unknown): string | null {
  try {
    check();
    return null;
  } catch (error) {
    if (error instanceof VerdigrisError || error instanceof RangeError) return error.message;
    throw error;
  }
}
