/** What teachers, students and attacks of a study cannot do without, so that a cell is refused before anything is computed. */

/** What one of them may need, in words. */
export const NEEDS = {
  /** Of the material. */
  arms: "marked texts in material.manifest",
  served: "servers in material.served",
  model: "a GGUF file in material.model",
  tokenizer: "the teacher's tokenizer",
  /** Of the teacher. */
  anyKey: "a teacher that writes under any key (count or model)",
  /** Of the student. */
  quantised: "a student with weights that can be rounded",
  merged: "a student that can be merged with another",
  /** Of the texts it learns from. */
  targets: "texts with the teacher's probabilities",
} as const satisfies Readonly<Record<string, string>>;

export type Need = keyof typeof NEEDS;

/** What a kind of teacher, student or attack has for others, and what it needs of them. */
export interface Traits {
  readonly offers: readonly Need[];
  readonly needs: readonly Need[];
  /** Loads an optional peer that it cannot do without. @throws VerdigrisError PEER_MISSING */
  readonly load?: () => Promise<unknown>;
}

/** The same of an attack, which offers nothing. */
export interface AttackTraits {
  readonly needs: readonly Need[];
  /** What the corpus has no longer after it. */
  readonly removes: readonly Need[];
}
