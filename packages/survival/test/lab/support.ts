/** What the tests of the study share: a small study of random text. */
import { type Material, type Study, parseStudy } from "../../src/index.js";
import { V, plainTexts } from "../support.js";

/** Unmarked and human text without recorded marks: all that a study with a count teacher needs. */
export function studyMaterial(): Material {
  return {
    digest: "5".repeat(64),
    vocabularySize: V,
    arms: [],
    unmarked: plainTexts(80, 100, 3),
    human: plainTexts(20, 150, 4),
  };
}

/** A study that runs in a second or two. */
export function smallStudy(changes: object = {}): Study {
  return parseStudy({
    kind: "study",
    name: "small",
    keys: 2,
    seeds: 2,
    material: { manifest: "-", human: ["-"] },
    audit: { heldOut: 2000, oneStep: 300, open: 200, freeRun: 500, decoys: 19 },
    default: { tokens: 4000, mark: { h: 1 } },
    vary: { rho: [0.3] },
    ...changes,
  });
}

/** A study with something in every figure of its report: marked shares, two attacks, of which the law forecasts one. */
export function drawnStudy(changes: object = {}): Study {
  return smallStudy({
    keys: 3,
    seeds: 1,
    audit: { heldOut: 2000, oneStep: 300, open: 200, freeRun: 0, decoys: 19 },
    vary: {
      rho: [0.3],
      attack: [{ kind: "clean-training", ratio: 0.5 }, { kind: "neutralisation" }],
    },
    ...changes,
  });
}
