import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, it } from "vitest";
import {
  Key,
  type Kernel,
  type Scheme,
  bindScheme,
  createKernel,
  parseProfile,
} from "../src/index.js";
import { randomTokens } from "../src/testing/index.js";

const kernels = [createKernel("wasm"), createKernel("plain")] as const;

function bind(
  name: string,
  settings: { V: number; gamma: number; key: bigint },
  kernel: Kernel,
): Scheme {
  const file = new URL(`../../../fixtures/profiles/${name}.json`, import.meta.url);
  const stored = JSON.parse(readFileSync(file, "utf8")) as { parameters: object };
  const { V, gamma, key } = settings;
  const parameters = { ...stored.parameters, gamma };
  const profile = parseProfile({ ...stored, V, parameters, specialTokens: [] });
  return bindScheme(profile, Key.fromPeer(String(key)), kernel);
}

it.each(["unigram", "textseal-green-list"])(
  "%s: a whole row is biased as its tokens one by one",
  (name) => {
    fc.assert(
      fc.property(
        fc.record({
          V: fc.constantFrom(31, 32, 33, 1000, 50_257),
          gamma: fc.double({ min: 0.05, max: 0.95, noNaN: true }),
          key: fc.bigInt({ min: -(2n ** 40n), max: 2n ** 40n }),
        }),
        fc.nat(1000),
        (settings, salt) => {
          const context = randomTokens(10, settings.V, salt);
          const logits = Float32Array.from(randomTokens(settings.V, 1000, salt), (x) => x / 37);
          const ids = Uint32Array.from(logits.keys());
          const [whole, plain, each] = [logits.slice(), logits.slice(), logits.slice()];
          bind(name, settings, kernels[0]).reweight(context, whole);
          bind(name, settings, kernels[1]).reweight(context, plain);
          bind(name, settings, kernels[0]).reweight(context, each, ids);
          expect(whole).toEqual(each);
          expect(plain).toEqual(each);
          if (settings.V >= 1000) expect(whole).not.toEqual(logits);
        },
      ),
      { seed: 20261125, numRuns: 15 },
    );
  },
);
