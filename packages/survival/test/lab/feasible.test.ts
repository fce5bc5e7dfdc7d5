/** What a study is refused for before anything is written or trained, and that it is refused for nothing else. */
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, test, vi } from "vitest";
import { type Material, runStudy, trainingAttackSchema, workOnStudy } from "../../src/index.js";
import { Bench } from "../../src/lab/bench.js";
import { runStudent } from "../../src/lab/cell.js";
import { requireFeasible } from "../../src/lab/feasible.js";
import { planOf } from "../../src/lab/plan.js";
import { attackTraits } from "../../src/training-attacks/index.js";
import { smallStudy, studyMaterial } from "./support.js";

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "verdigris-feasible-"))));
afterAll(() => rm(folder, { recursive: true, force: true }));

const NEURAL = { kind: "neural", vocabularySize: 32, width: 8, heads: 2, epochs: 0.1 };
const LEARNS_PROBABILITIES = {
  student: { ...NEURAL, targets: "probabilities" },
  teacher: { kind: "count", targets: 4 },
};
const RECORDED = { teacher: { kind: "recorded" }, tokens: 1000 };
const arm = { profile: { id: "x", scheme: "green-list", h: 1, seeding: "left" } };
const parameters = { gamma: 0.25, delta: 2 };

/** The small study's material with a recorded arm of its own mark. */
function recordedMaterial(): Material {
  const { unmarked, ...rest } = studyMaterial();
  const arms = [{ ...arm, profile: { ...arm.profile, parameters }, texts: unmarked }];
  return { ...rest, unmarked, arms: arms as unknown as Material["arms"] };
}

describe("a cell that cannot be done is refused before anything is computed", () => {
  it.each([
    [
      "an attack on weights, of a student without",
      { attack: { kind: "quantisation" } },
      "study.default.attack: expected a student with weights that can be rounded for the attack quantisation, got a count student; possible here: clean-training, merging, mixing, neutralisation, paraphrase, targeted-paraphrase",
    ],
    [
      "an attack that takes what the student learns",
      { ...LEARNS_PROBABILITIES, attack: { kind: "paraphrase", share: 0.1 } },
      "study.default.attack: expected one that leaves texts with the teacher's probabilities, which this neural student learns, got paraphrase; possible here: clean-training, merging, mixing, neutralisation, quantisation",
    ],
    [
      "probabilities of a teacher that shows none",
      { student: LEARNS_PROBABILITIES.student },
      "study.default.student: expected texts with the teacher's probabilities for this neural student, got a count teacher with targets = 0",
    ],
    [
      "probabilities after a generation",
      { ...LEARNS_PROBABILITIES, generations: 2 },
      "got generations = 2, the last of which learns of a student",
    ],
    [
      "probabilities of people, in the control",
      { ...LEARNS_PROBABILITIES, filler: "human", tokens: 1000 },
      "study.default (attack = null, rho = 0).student: expected texts with the teacher's probabilities for this neural student, got filler = human where rho = 0",
    ],
    [
      "words of a teacher without a tokenizer",
      { student: { ...NEURAL, pieces: "words" } },
      "study.default.student: expected the teacher's tokenizer for this neural student, got none",
    ],
    [
      "a mark whose parameters are wrong",
      { mark: { h: 1, parameters: { gamma: 2, delta: 1 } } },
      "study.default.mark.parameters.gamma: Too big: expected number to be <1, got 2",
    ],
    [
      "servers that there are not",
      { teacher: { kind: "endpoint" } },
      "study.default.teacher: expected servers in material.served for the endpoint teacher, got none",
    ],
    [
      "other providers' keys of a recorded teacher",
      { ...RECORDED, attack: { kind: "mixing" } },
      "study.default.attack: expected a teacher that writes under any key (count or model) for the attack mixing, got a recorded teacher; possible here: clean-training, ",
    ],
    [
      "tenants of a recorded teacher",
      { ...RECORDED, keyring: { kind: "tenants", count: 3 } },
      "study.default.keyring: expected kind one with the recorded teacher, which has one key, got tenants",
    ],
    [
      "a mark that was not recorded",
      { ...RECORDED, mark: { h: 2 } },
      'study.default.mark: expected {"h":1,',
    ],
    [
      "more than was recorded",
      { ...RECORDED, tokens: 9000 },
      "study.default.tokens: expected at most 8000 of marked text, got 9000",
    ],
    [
      "more unmarked text than was recorded",
      { ...RECORDED, tokens: 7000 },
      /^study\.default \(attack = null, rho = 0\)\.tokens: expected at most 5\d00 of unmarked text, got 7000/,
    ],
  ])("%s", async (_what, change, says) => {
    const study = smallStudy({
      keys: 1,
      seeds: 1,
      default: { mark: { h: 1 }, ...change },
      vary: {},
    });
    const directory = join(folder, "refused");
    const refused = runStudy(study, recordedMaterial(), { directory });
    await expect(refused).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    await expect(refused).rejects.toThrow(says);
    expect(existsSync(directory)).toBe(false);
  });

  it("says what a level of an axis lacks, however late its turn would come", async () => {
    const vary = { rho: [0.3], attack: [{ kind: "merging" }, { kind: "quantisation" }] };
    await expect(
      runStudy(smallStudy({ vary }), studyMaterial(), { directory: folder }),
    ).rejects.toThrow(/^study\.default \(attack = \{"kind":"quantisation"\}\)\.attack: /);
  });

  it("says that one key is all that a recorded teacher has, and how many tokens there are to fold", async () => {
    const many = smallStudy({ default: { mark: { h: 1 }, ...RECORDED }, vary: {} });
    const options = { directory: folder };
    await expect(runStudy(many, recordedMaterial(), options)).rejects.toThrow(
      "study.default.teacher: expected keys = 1 with the recorded teacher, which has one, got 2",
    );
    const material = { manifest: "-", human: ["-"], vocabulary: 60_000 };
    await expect(runStudy(smallStudy({ material }), studyMaterial(), options)).rejects.toThrow(
      /^study\.material\.vocabulary: expected at most the material's \d+, got 60000$/,
    );
    const attack = { kind: "retokenisation" };
    const folded = smallStudy({
      material: { ...material, vocabulary: 50 },
      vary: { attack: [attack] },
    });
    await expect(runStudy(folded, studyMaterial(), options)).rejects.toThrow(
      /the teacher's tokenizer .* \(with material\.vocabulary = 50 nothing but count teachers and texts is left\)$/,
    );
  });
});

test("an engine that is not installed is missed before anything is written", async () => {
  vi.resetModules();
  vi.doMock("onnxruntime-node", () => {
    throw new Error("Cannot find package 'onnxruntime-node'");
  });
  const fresh = await import("../../src/index.js");
  const directory = join(folder, "no engine");
  const neural = smallStudy({ vary: { student: [NEURAL] } });
  await expect(fresh.runStudy(neural, studyMaterial(), { directory })).rejects.toMatchObject({
    code: "PEER_MISSING",
  });
  expect(existsSync(directory)).toBe(false);
  vi.doUnmock("onnxruntime-node");
  vi.resetModules();
});

test("a worker whose server is away takes no job", async () => {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  server.close();
  const away = { url: `http://127.0.0.1:${port}/v1`, model: "m" };
  const { arms, ...material } = recordedMaterial();
  const served = { unmarked: away, arms: [{ ...arms[0], ...away }] };
  const tokenizer = { encode: () => new Uint32Array(4), decode: () => "words" } as never;
  const teacher = { kind: "endpoint" };
  const study = smallStudy({ keys: 1, default: { mark: { h: 1 }, teacher }, vary: {} });
  const place = { connection: "postgres://nowhere", directory: join(folder, "away") };
  const options = { ...place, signal: AbortSignal.abort() };
  await expect(
    workOnStudy(study, { ...material, arms: [], served, tokenizer }, options),
  ).rejects.toMatchObject({ code: "ENDPOINT_FAILED" });
});

describe.each([
  ["count", {}],
  ["neural, of probabilities", LEARNS_PROBABILITIES],
])("what a %s student is refused is what it cannot do", (name, change) => {
  it.each(Object.keys(attackTraits))("%s", async (kind) => {
    const attack = trainingAttackSchema.parse({
      kind,
      ...(kind.endsWith("paraphrase") && { share: 0.2 }),
      ...(kind === "neutralisation" && { contexts: 3, frequency: 0.02 }),
    });
    const study = smallStudy({
      audit: { heldOut: 1000, oneStep: 100, open: 100, freeRun: 0, decoys: 19 },
      default: { tokens: 1000, mark: { h: 1 }, ...change, attack },
      vary: {},
    });
    const material = studyMaterial();
    const plan = planOf(study, material);
    const isRefused = await failed(async () => requireFeasible(plan, material));
    const bench = new Bench(study, material, { directory: join(folder, name) });
    expect(await failed(() => runStudent(plan.runs[0].order, bench))).toBe(isRefused);
    expect(plan.runs[0].order.setting.attack?.kind).toBe(kind);
  });
});

async function failed(attempt: () => Promise<unknown>): Promise<boolean> {
  try {
    await attempt();
    return false;
  } catch {
    return true;
  }
}
