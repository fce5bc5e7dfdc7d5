/**
 * Guarantee: on text that does not depend on the key, p ≤ α happens at most α of the time. 10,000 keys on unmarked
 * SmolLM2 output, human prose and repetitive text; the upper confidence bound of the measured rate is printed and held
 * to 1.3 α. Texts tested under one key share some coins, so the bound takes its tests for a little more independent
 * than they are. Canary: counting repeated coins breaks it.
 */
import { type Kernel, type Profile, type Tokens, bindScheme, createKernel } from "@verdigris/core";
import { Tally, clopperPearson, decoyKey, evidenceOf } from "@verdigris/detector";
import { beforeAll, describe, expect, it } from "vitest";
import { recordedMaterial } from "./material.js";

const KEYS = 10_000;
const TEXTS = 12;
const LENGTH = 250;
const ALPHAS = [0.01, 0.001];

interface Setting {
  readonly kernel: Kernel;
  readonly profile: Profile;
  readonly texts: readonly Tokens[];
  readonly keys: number;
  readonly deduplicate: boolean;
}

/** log10 p of every text under every key. (keys · texts) */
function log10Ps({ kernel, profile, texts, keys, deduplicate }: Setting): Float64Array {
  const out = new Float64Array(keys * texts.length);
  for (let k = 0; k < keys; k++) {
    const scheme = bindScheme(profile, decoyKey(k), kernel);
    for (let t = 0; t < texts.length; t++) {
      const tally = new Tally(scheme, { deduplicate });
      tally.add({ tokens: texts[t] });
      out[k * texts.length + t] = evidenceOf(scheme.law, tally.count()).log10P;
    }
  }
  return out;
}

function falseAlarms(values: Float64Array, alpha: number): number {
  return values.reduce((count, value) => count + (value <= Math.log10(alpha) ? 1 : 0), 0);
}

describe("false alarms", () => {
  const kernel = createKernel();
  const classes = new Map<string, readonly Tokens[]>();
  let green: Profile;

  beforeAll(async () => {
    const material = await recordedMaterial();
    green = material.arms[0].profile;
    classes.set("unmarked SmolLM2 output", windows(material.unmarked.map((text) => text.tokens)));
    classes.set("human text", windows(material.human.map((text) => text.tokens)));
    classes.set("repetitive text", windows([repetitive(TEXTS * LENGTH)]));
  });

  it.each([
    ["unmarked SmolLM2 output", 1],
    ["unmarked SmolLM2 output", 4],
    ["human text", 1],
    ["human text", 2],
    ["repetitive text", 1],
  ])("stay below α on %s, green list of width %s", (name, h) => {
    const profile = { ...green, h };
    check(`${name}, h = ${h}`, { profile, texts: classes.get(name) ?? [] });
  });

  it("stay below α with min seeding and with Gumbel noise", () => {
    const texts = classes.get("human text") ?? [];
    check("human text, min, h = 3", { profile: { ...green, h: 3, seeding: "min" }, texts });
    check("human text, Gumbel, h = 2", {
      profile: { ...green, scheme: "gumbel", parameters: {}, h: 2 },
      texts,
    });
  });

  it("canary: counting repeated coins is caught", () => {
    const texts = classes.get("repetitive text") ?? [];
    const setting = { kernel, profile: { ...green, h: 1 }, texts, keys: 500, deduplicate: false };
    const rate = falseAlarms(log10Ps(setting), 0.01) / (500 * texts.length);
    console.log(`canary, repeated coins counted: rate ${rate.toFixed(3)} at α = 0.01`);
    expect(rate).toBeGreaterThan(0.05);
  });

  function check(name: string, setting: Pick<Setting, "profile" | "texts">): void {
    const values = log10Ps({ kernel, keys: KEYS, deduplicate: true, ...setting });
    for (const alpha of ALPHAS) {
      const count = falseAlarms(values, alpha);
      const { upper } = clopperPearson(count, values.length, 0.9);
      console.log(
        `${name}, α = ${alpha}: rate ${(count / values.length).toExponential(2)}, upper bound ${(upper / alpha).toFixed(2)} α`,
      );
      expect(upper).toBeLessThanOrEqual(1.3 * alpha);
    }
  }
});

/** The first TEXTS runs of LENGTH tokens, one a document where documents are that long. */
function windows(documents: readonly Tokens[]): readonly Tokens[] {
  const all = documents.flatMap((tokens) => Array.from(tokens));
  return Array.from({ length: TEXTS }, (_, i) =>
    Uint32Array.from(all.slice(i * LENGTH, (i + 1) * LENGTH)),
  );
}

/** A list whose items differ in one word: half of its windows recur. */
function repetitive(n: number): Tokens {
  const item = [314, 1502, 284, 253, 905, 282, 0, 28, 284, 314, 506, 30];
  return Uint32Array.from({ length: n }, (_, i) => {
    const token = item[i % item.length];
    return token === 0 ? 1000 + ((i * 7919) % 4000) : token + 20;
  });
}
