import type { StudentConfig } from "../config.js";
import type { Material } from "../material.js";
import { countStudent } from "./count.js";
import { neuralStudent } from "./neural.js";
import type { Apprenticeship } from "./student.js";

export type { Apprenticeship, Student } from "./student.js";

/** The student a configuration asks for. A new kind is its file, its schema and a line here. */
export function apprentice(config: StudentConfig, material: Material): Apprenticeship {
  switch (config.kind) {
    case "count":
      return countStudent({
        ...config,
        vocabularySize: material.vocabularySize,
        base: material.human,
      });
    case "neural":
      return neuralStudent({ ...config, base: material.unmarked });
  }
}
