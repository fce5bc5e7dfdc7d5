import type { Attack, TokenAttack } from "./attack.js";
import { dilution } from "./dilution.js";
import { homoglyphs } from "./homoglyphs.js";
import { retokenisation } from "./retokenisation.js";
import { sentenceShuffling } from "./sentence-shuffling.js";
import { synonyms } from "./synonyms.js";
import { tokenSubstitution } from "./token-substitution.js";
import { truncation } from "./truncation.js";
import { typos } from "./typos.js";
import { wordDeletion } from "./word-deletion.js";
import { wordInsertion } from "./word-insertion.js";
import { wordSubstitution } from "./word-substitution.js";
import { zeroWidth } from "./zero-width.js";

export type { Attack, AttackOptions, TokenAttack } from "./attack.js";
export { editRate, tokenEditRate } from "./edit-rate.js";

/** Attacks on text. A new one is one file and one line here. */
export const attacks: readonly Attack[] = [
  retokenisation,
  zeroWidth,
  homoglyphs,
  typos,
  synonyms,
  wordSubstitution,
  wordInsertion,
  wordDeletion,
  sentenceShuffling,
  truncation,
  dilution,
];

/** Attacks on tokens. */
export const tokenAttacks: readonly TokenAttack[] = [tokenSubstitution];
