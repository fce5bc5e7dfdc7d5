/** Every scheme of the registry can be the mark of a study: taught under the study's own keys, forecast, audited. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Profile, schemes } from "@verdigris/core";
import { testProfile } from "@verdigris/core/testing";
import { runStudy } from "@verdigris/survival";
import { afterAll, beforeAll, expect, it } from "vitest";
import { smallStudy, studyMaterial } from "../../packages/survival/test/lab/support.js";
import { foreignProfiles } from "./material.js";

let directory: string;
beforeAll(async () => void (directory = await mkdtemp(join(tmpdir(), "verdigris-schemes-"))));
afterAll(() => rm(directory, { recursive: true, force: true }));

const own = [
  testProfile({ h: 1 }),
  testProfile({ h: 1, scheme: "gumbel", parameters: {} }),
  testProfile({
    h: 1,
    scheme: "green-list-payload",
    parameters: { gamma: 0.25, delta: 2, code: "bch-63-16", payload: 5 },
  }),
];
const profiles = [...own, ...foreignProfiles().map(([, profile]) => profile)];
/** One of each scheme. */
const marks = new Map(profiles.toReversed().map((profile) => [profile.scheme, profile]));

it("has a mark of every scheme", () => {
  expect(schemes.map(({ name }) => name).filter((name) => !marks.has(name))).toEqual([]);
});

it.each([...marks])("a study of %s", async (_name, profile: Profile) => {
  const { scheme, prf, h, seeding, parameters } = profile;
  const study = smallStudy({
    keys: 1,
    seeds: 1,
    audit: { heldOut: 1000, oneStep: 200, open: 100, freeRun: 200, decoys: 19 },
    default: { tokens: 1500, mark: { scheme, prf, h, seeding, parameters } },
    vary: {},
  });
  const [cell, control] = (await runStudy(study, studyMaterial(), { directory })).cells;
  expect(cell.runs[0].teacher.evidence.log10P).toBeLessThan(-3);
  expect(cell.runs[0].forecast.deltaT).toBeGreaterThan(0);
  expect(control.access.oneStep.detected).toBe(0);
});
