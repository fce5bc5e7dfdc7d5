import type { StudentConfig } from "../config.js";
import type { Material } from "../material.js";
import { splitWords } from "../neural/vocabulary.js";
import type { Traits } from "../needs.js";
import { countStudent, countTraits } from "./count.js";
import { type NeuralStudentOptions, neuralStudent, neuralTraits } from "./neural.js";
import type { Apprenticeship } from "./student.js";

export type { Apprenticeship, Student } from "./student.js";

/** The student a configuration asks for. A new kind is its file, its schema and two lines here. */
export function apprentice(config: StudentConfig, material: Material): Apprenticeship {
  switch (config.kind) {
    case "count":
      return countStudent({
        ...config,
        vocabularySize: material.vocabularySize,
        base: material.human,
      });
    case "neural":
      return neuralStudent({ ...settingsOf(config, material), base: material.unmarked });
  }
}

/** What attacks may ask of it, and what it needs. */
export function studentTraits(config: StudentConfig): Traits {
  switch (config.kind) {
    case "count":
      return countTraits;
    case "neural":
      return neuralTraits(config);
  }
}

function settingsOf(
  { pretrainingEpochs = 0, pieces, ...config }: Extract<StudentConfig, { kind: "neural" }>,
  { human, tokenizer }: Material,
): Omit<NeuralStudentOptions, "base"> {
  const pretraining = { texts: human, epochs: pretrainingEpochs };
  const settings = { ...config, ...(pretrainingEpochs > 0 && { pretraining }) };
  if (pieces !== "words") return settings;
  if (tokenizer === undefined) {
    throw new RangeError("pieces: expected a material with a tokenizer for words, got one without");
  }
  return { ...settings, pieces: { teacher: tokenizer, split: splitWords } };
}
