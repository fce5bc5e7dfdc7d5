/** Audits that a study may ask for, beside the four that every run has. */
import { type Kernel, type Profile, type Scheme, bindScheme } from "@verdigris/core";
import { decoyKey } from "@verdigris/detector";
import type * as z from "zod";
import * as otherPieces from "./other-pieces.js";
import type { Answer, Question, Subject } from "./question.js";
import * as strata from "./strata.js";
import * as weights from "./weights.js";

export type { AnswerPart, Subject } from "./question.js";

/** By the name of their field in a study's `audit`. A new one is its file and a line here. */
const AUDITS = {
  strata: audit(strata),
  weights: audit(weights),
  otherPieces: audit(otherPieces),
};

interface FurtherAudit<Schema extends z.ZodType> {
  readonly field: z.ZodExactOptional<Schema>;
  /** What it asks of a student; nothing of one that it is not made for. */
  ask(settings: unknown, subject: Subject): Promise<readonly Question[]>;
}

function audit<Schema extends z.ZodType>(of: {
  readonly schema: Schema;
  questions(
    settings: z.infer<Schema>,
    subject: Subject,
  ): readonly Question[] | Promise<readonly Question[]>;
}): FurtherAudit<Schema> {
  return {
    field: of.schema.exactOptional(),
    ask: async (settings, subject) => of.questions(of.schema.parse(settings), subject),
  };
}

type Fields = { readonly [Name in keyof typeof AUDITS]: (typeof AUDITS)[Name]["field"] };

/** The fields of a study's `audit` that ask for them. */
export const furtherAuditFields = Object.fromEntries(
  Object.entries(AUDITS).map(([name, { field }]) => [name, field]),
) as unknown as Fields;

/** Wrong keys that a question is asked again under; an open one reads whole rows under each. */
const WRONG_KEYS = { closed: 19, open: 3 } as const;
/** Level that wrong keys are held against. */
const CONTROL_LEVEL = 0.05;

/** What an audit found, and what it says under wrong keys. */
export interface Finding extends Answer {
  /** Its field in the study's `audit`. */
  readonly audit: string;
  readonly test: string;
  readonly access: Question["access"];
  readonly wrongKeys: {
    readonly keys: number;
    /** (1 + wrong keys with as much evidence) / (keys + 1). */
    readonly p: number;
    /** Wrong keys with p ≤ .05; a test that keeps its level has about that share at most. */
    readonly rejected: number;
  };
}

/** Whether a study's `audit` asks for any of them. */
export function asksFurther(asked: Readonly<Record<string, unknown>>): boolean {
  return Object.keys(AUDITS).some((name) => asked[name] !== undefined);
}

/** What the audits that a study asks for find in a student. */
export async function findingsOf(
  asked: Readonly<Record<string, unknown>>,
  subject: Subject,
  { profile, kernel }: { readonly profile: Profile; readonly kernel: Kernel },
): Promise<readonly Finding[]> {
  const due = Object.entries(AUDITS).filter(([name]) => asked[name] !== undefined);
  const wrong = Array.from({ length: WRONG_KEYS.closed }, (_, i) =>
    bindScheme(profile, decoyKey(i), kernel),
  );
  const out: Finding[] = [];
  for (const [name, { ask }] of due) {
    for (const question of await ask(asked[name], subject)) {
      const { test, access } = question;
      const answer = question.under(subject.scheme);
      const wrongKeys = underWrongKeys(question, answer, wrong);
      out.push({ audit: name, test, access, ...answer, wrongKeys });
    }
  }
  return out;
}

function underWrongKeys(
  { access, under }: Question,
  { log10P }: Answer,
  schemes: readonly Scheme[],
): Finding["wrongKeys"] {
  const found = schemes.slice(0, WRONG_KEYS[access]).map((scheme) => under(scheme).log10P);
  const atLeast = found.filter((own) => own <= log10P).length;
  return {
    keys: found.length,
    p: (1 + atLeast) / (found.length + 1),
    rejected: found.filter((own) => own <= Math.log10(CONTROL_LEVEL)).length,
  };
}
