// What `verdigris gateway --collected` counts with, for benchmarks: SmolLM2's tokenizer and profile, and a folder.
import { readFileSync } from "node:fs";
import { Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { parseProfile } from "@verdigris/core";
import { collections } from "@verdigris/gateway/collection";
import { countingPassed } from "../../packages/cli/dist/serve/passing.js";

const fixture = (path) => fileURLToPath(new URL(`../../fixtures/${path}`, import.meta.url));

/** The files of SmolLM2's recorded answers. */
export const CORPUS = fixture("corpora/smollm2");
export const profile = parseProfile(JSON.parse(readFileSync(`${CORPUS}/profile-h1.json`, "utf8")));

/** Starts to count in a folder. What the operator is told goes to `onTold`. */
export function countingIn(directory, onTold = () => {}) {
  const stderr = new Writable({
    write(piece, _encoding, done) {
      onTold(String(piece));
      done();
    },
  });
  const file = { tokenizer: fixture("models/smollm2/tokenizer.json"), profiles: [profile] };
  return countingPassed({ cwd: directory, stderr }, "collected", file);
}

/** What was counted and written there. */
export async function countedIn(directory) {
  const sum = { answers: 0, marked: 0, windows: 0 };
  for await (const { scope, volume, sketch } of collections([`${directory}/collected`])) {
    if (scope.by.kind !== "key") continue;
    sum.answers += volume.answers;
    sum.marked += volume.markedAnswers;
    sum.windows += sketch.total;
  }
  return sum;
}
