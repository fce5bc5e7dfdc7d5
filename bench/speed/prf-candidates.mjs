// The PRF of a green list, three ways, γ = 1/4: ChaCha8 in SIMD WASM (ours), the same in plain JavaScript, and AES-128
// counter blocks through node:crypto. One row of biases, and the flags of 10^5 (seed, token) pairs. One core.
//
//   node bench/speed/prf-candidates.mjs [--json FILE]        needs built packages (pnpm build)
import { createCipheriv } from "node:crypto";
import { createKernel } from "@verdigris/core";
import { interleaved, report, round } from "./timing.mjs";

const DELTA = 2;
const GAMMA_256 = 64;
/** Multiples of 32, so that no row ends within a word. */
const SIZES = [49_152, 128_256, 262_144];
const N = 100_000;
const PIECE = 10_000;
const KEY = Uint32Array.from({ length: 8 }, (_, i) => 0x9e3779b9 * (i + 1));

/**
 * AES-128 in the layout that suits it best: a block [group, 0, seedLo, seedHi] holds both deciding bits of 64 tokens,
 * as words of even planes and odd planes, so that a lookup costs one block. A cipher in ECB mode keeps no state
 * between calls, and one call encrypts many blocks, which hides the cost of leaving JavaScript.
 */
function createAes() {
  const cipher = createCipheriv("aes-128-ecb", Buffer.from(KEY.buffer, 0, 16), null);
  cipher.setAutoPadding(false);
  const blocks = new Uint32Array(4 * Math.max(PIECE, Math.ceil(SIZES.at(-1) / 64)));
  /** Encrypts the first n blocks. (4n words) */
  const encrypt = (n) => {
    const out = cipher.update(new Uint8Array(blocks.buffer, 0, 16 * n));
    return new Uint32Array(out.buffer, out.byteOffset, 4 * n);
  };
  const put = (i, group, lo, hi) => {
    blocks[4 * i] = group;
    blocks[4 * i + 2] = lo;
    blocks[4 * i + 3] = hi;
  };
  return {
    biasRow(seed, logits) {
      const n = Math.ceil(logits.length / 64);
      for (let i = 0; i < n; i++) put(i, i, seed.lo, seed.hi);
      const bits = encrypt(n);
      for (let start = 0, w = 0; start < logits.length; start += 32, w += (w & 1) === 0 ? 1 : 3) {
        let green = ~(bits[w] | bits[w + 2]); // a quarter: both bits 0
        for (; green !== 0; green &= green - 1)
          logits[start + 31 - Math.clz32(green & -green)] += DELTA;
      }
    },
    green(pairs, out) {
      for (let i = 0; i < pairs.n; i++)
        put(i, pairs.token[i] >>> 6, pairs.seedLo[i], pairs.seedHi[i]);
      const bits = encrypt(pairs.n);
      for (let i = 0; i < pairs.n; i++) {
        const w = 4 * i + ((pairs.token[i] >>> 5) & 1);
        out[i] = (~(bits[w] | bits[w + 2]) >>> (pairs.token[i] & 31)) & 1;
      }
    },
  };
}

function createChaCha(path) {
  const kernel = createKernel(path);
  return {
    row: (V) => kernel.row(V),
    biasRow: (seed, logits) => kernel.biasRow(KEY, seed, GAMMA_256, DELTA, logits),
    green: (pairs, out) => kernel.green(KEY, pairs, GAMMA_256, out),
  };
}

const candidates = {
  "ChaCha8, SIMD WASM": createChaCha("wasm"),
  "AES-128-ECB, node:crypto": createAes(),
  "ChaCha8, plain JavaScript": createChaCha("plain"),
};

/** One row per call, under a new seed each time. */
function rowTask({ row, biasRow }, V) {
  const logits = row?.(V) ?? new Float32Array(V);
  const seed = { lo: 1, hi: 2 };
  let calls = 0;
  return () => {
    if (calls++ % 512 === 0) logits.fill(0);
    seed.lo++;
    biasRow(seed, logits);
    return logits[0];
  };
}

/** Flags of N pairs, a piece at a time. */
function greenSteps({ green }) {
  const word = (i, salt) => Math.imul(i + salt, 0x9e3779b1) ^ (Math.imul(i, 0x85ebca6b) >>> 13);
  const column = (start, salt) =>
    Uint32Array.from({ length: PIECE }, (_, i) => word(start + i, salt));
  const flags = new Float64Array(PIECE);
  const steps = [];
  for (let start = 0; start < N; start += PIECE) {
    const token = column(start, 3).map((value) => value % SIZES[0]);
    const pairs = { seedLo: column(start, 1), seedHi: column(start, 2), token, n: PIECE };
    steps.push(() => (green(pairs, flags), flags[0]));
  }
  return steps;
}

/** Every candidate must mark a quarter of the row, or its speed means nothing. */
for (const [name, { biasRow }] of Object.entries(candidates)) {
  const logits = new Float32Array(SIZES[1]);
  biasRow({ lo: 3, hi: 4 }, logits);
  const share = logits.reduce((sum, logit) => sum + logit, 0) / DELTA / logits.length;
  if (Math.abs(share - 0.25) > 0.0075) throw new Error(`${name}: green share ${share}`);
}

const forEach = (make) =>
  Object.fromEntries(Object.entries(candidates).map(([name, each]) => [name, make(each)]));
const rowTimes = SIZES.map((V) =>
  interleaved(
    forEach((each) => rowTask(each, V)),
    { rounds: 201 },
  ),
);
const greenTime = interleaved(forEach(greenSteps), { rounds: 31, warmUp: 5 });
const rows = Object.keys(candidates).map((name) => ({
  candidate: name,
  ...Object.fromEntries(SIZES.map((V, i) => [`row of ${V} µs`, round(rowTimes[i][name])])),
  "pairs M/s": round(N / greenTime[name]),
}));
report("prf-candidates", rows, { gamma: GAMMA_256 / 256, pairs: N });
