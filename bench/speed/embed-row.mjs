// Biasing one whole row of logits, against a plain copy of a row of the same size. Microseconds, one core.
//
//   node bench/speed/embed-row.mjs [--json FILE]        needs built packages (pnpm build)
import { Key, bindScheme, createKernel } from "@verdigris/core";
import { profileOf } from "./profiles.mjs";
import { interleaved, report, round } from "./timing.mjs";

const KEY = Key.fromBytes(new Uint8Array(32).fill(7));
const SIZES = [49_152, 128_256, 262_144];

/** One row: where the logits live decides whether a copy in and out is needed. */
function rowTasks(V) {
  const kernel = createKernel();
  const quarter = bindScheme(profileOf({ V, gamma: 0.25, h: 4, seeding: "left" }), KEY, kernel);
  const half = bindScheme(profileOf({ V, gamma: 0.5, h: 4, seeding: "left" }), KEY, kernel);
  const fresh = Float32Array.from({ length: V }, (_, i) => Math.sin(i));
  const row = kernel.row(V);
  const foreign = Float32Array.from(fresh);
  const context = new Uint32Array(4);
  // A new context each call, and logits that cannot drift to infinity.
  const mark = (scheme, logits) => {
    context[3] = (context[3] + 1) % V;
    if (context[3] % 512 === 0) logits.set(fresh);
    scheme.reweight(context, logits);
    return logits[0];
  };
  return {
    kernel,
    tasks: {
      copy: () => (row.set(fresh), row[1]),
      quarter: () => mark(quarter, row),
      half: () => mark(half, row),
      foreign: () => mark(quarter, foreign),
    },
  };
}

const rows = SIZES.map((V) => {
  const { kernel, tasks } = rowTasks(V);
  const time = interleaved(tasks, { rounds: 401, calls: 4 });
  return {
    V,
    path: kernel.path,
    "copy µs": round(time.copy),
    "γ=1/4 µs": round(time.quarter),
    "γ=1/2 µs": round(time.half),
    "γ=1/4 in foreign memory µs": round(time.foreign),
    "γ=1/4 ÷ copy": round(time.quarter / time.copy),
    "γ=1/2 ÷ copy": round(time.half / time.copy),
  };
});
report("embed-row", rows, { goal: "γ=1/4 ÷ copy ≤ 5 at V = 128,256" });
