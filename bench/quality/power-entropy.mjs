// Power by the entropy of the text.
import { ContextIndex, CountModel, uniformModel } from "@verdigris/survival";
import { material, scored, share, textsOf } from "./lab.mjs";

let entropies = null;

/** Power on 100 tokens by thirds of the texts' mean entropy, under a count model of the unmarked answers. */
export function byEntropy(arm) {
  const texts = textsOf(arm.pieces, 100, 240);
  const model = entropyModel();
  const all = texts.map((pieces) => {
    const each = pieces.flatMap((tokens) =>
      [...tokens].slice(1).map((_, i) => model(tokens.subarray(Math.max(0, i - 1), i + 1))),
    );
    const { log10P, effect } = scored(arm.profile, arm.key, pieces);
    return {
      nats: each.reduce((sum, value) => sum + value, 0) / each.length,
      log10P,
      effect,
    };
  });
  all.sort((a, b) => a.nats - b.nats);
  const third = Math.floor(all.length / 3);
  const strata = [0, 1, 2].map((i) => all.slice(i * third, (i + 1) * third));
  const mean = (texts_, field) =>
    Number((texts_.reduce((sum, one) => sum + one[field], 0) / texts_.length).toFixed(3));
  return {
    mark: arm.name,
    strata: strata.map((some) => ({
      nats: mean(some, "nats"),
      excess: mean(some, "effect"),
      powerAt1e3: share(some.filter(({ log10P }) => log10P <= -3).length, some.length),
      powerAt1e6: share(some.filter(({ log10P }) => log10P <= -6).length, some.length),
    })),
  };
}

/** Entropy of the next token after up to two tokens, nats. */
function entropyModel() {
  if (entropies !== null) return entropies;
  const index = new ContextIndex(
    material.unmarked.map(({ tokens }) => tokens),
    {
      order: 2,
      vocabularySize: material.vocabularySize,
    },
  );
  const base = uniformModel(material.vocabularySize);
  const model = new CountModel(index, { inertia: 3, shortest: 1, base });
  const mass = new Float64Array(material.vocabularySize);
  const known = new Map();
  entropies = (context) => {
    const name = context.join();
    const before = known.get(name);
    if (before !== undefined) return before;
    const ids = model.addMasses(model.mixture(context).levels, mass);
    const total = ids.reduce((sum, id) => sum + mass[id], 0);
    let nats = 0;
    for (const id of ids) {
      nats -= (mass[id] / total) * Math.log(mass[id] / total);
      mass[id] = 0;
    }
    known.set(name, nats);
    return nats;
  };
  return entropies;
}
