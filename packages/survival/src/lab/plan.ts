import type { Material } from "../material.js";
import { digestOf } from "../store.js";
import type { RunOrder } from "./orders.js";
import { type Study, identityOfStudy } from "./config.js";
import { type GridCell, gridOf } from "./grid.js";

/** Raised when the same inputs give other results, so that no stored one is taken for a new one. */
const RESULTS_VERSION = 2;

/** One student run of a study. */
export interface PlannedRun {
  /** Digest of everything the result depends on. */
  readonly id: string;
  readonly cell: GridCell;
  readonly order: RunOrder;
  /** What the result is stored under. */
  readonly inputs: unknown;
}

/** All that a study will do. */
export interface StudyPlan {
  readonly study: Study;
  readonly material: string;
  /** Digest of the configuration and the material. */
  readonly digest: string;
  readonly cells: readonly GridCell[];
  /** Every cell under every key and seed; runs that read the same lessons are neighbours. */
  readonly runs: readonly PlannedRun[];
}

/** Lays out a study. Nothing is computed. @throws VerdigrisError CONFIG_INVALID as `gridOf` does */
export function planOf(study: Study, material: Pick<Material, "digest">): StudyPlan {
  const cells = gridOf(study);
  const { keys, seeds, seed, alpha, audit } = study;
  const pairs = Array.from({ length: keys * seeds }, (_, i) => ({
    key: Math.floor(i / seeds),
    seed: i % seeds,
  }));
  const byLesson = cells.toSorted((a, b) => order(lessonName(a), lessonName(b)));
  const runs = pairs.flatMap((pair) =>
    byLesson.map((cell): PlannedRun => {
      const run = { ...pair, setting: cell.setting };
      const inputs = {
        results: RESULTS_VERSION,
        material: material.digest,
        study: { seed, alpha, audit },
        ...run,
      };
      return { id: digestOf(inputs), cell, order: run, inputs };
    }),
  );
  return {
    study,
    material: material.digest,
    digest: digestOf({
      results: RESULTS_VERSION,
      study: identityOfStudy(study),
      material: material.digest,
    }),
    cells,
    runs,
  };
}

/** Cells with the same name read the same marked texts. */
function lessonName({ setting: { mark, teacher, keyring, tokens } }: GridCell): string {
  return digestOf({ mark, teacher, keyring, tokens });
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
