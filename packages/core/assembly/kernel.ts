// SIMD kernel: four ChaCha8 blocks side by side, one per 32-bit lane. Contract: src/prf/kernel.ts.
// Memory map (bytes), fixed and never grown, so views from JavaScript stay valid:
//   0        key, 8 words            64       output of `blocks`, 16 vectors (256 B)
//   320      green mask of four groups, 16 vectors (256 B)
//   576      delta the table was made for (complemented)
//   1,024    bias table (8 KiB)
//   64 KiB   batch areas, four columns of 64 KiB
//   1 MiB    row of logits or words (2 MiB)
const KEY: usize = 0;
const OUT: usize = 64;
const MASK: usize = 320;
const TABLE_DELTA: usize = 576;
const TABLE: usize = 1024;
const COLUMN: usize = 65_536;

// @ts-ignore: decorator
@inline function rot16(x: v128): v128 {
  return v128.shuffle<u8>(x, x, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
}
// @ts-ignore: decorator
@inline function rot8(x: v128): v128 {
  return v128.shuffle<u8>(x, x, 3, 0, 1, 2, 7, 4, 5, 6, 11, 8, 9, 10, 15, 12, 13, 14);
}
// @ts-ignore: decorator
@inline function rot12(x: v128): v128 {
  return v128.or(i32x4.shl(x, 12), i32x4.shr_u(x, 20));
}
// @ts-ignore: decorator
@inline function rot7(x: v128): v128 {
  return v128.or(i32x4.shl(x, 7), i32x4.shr_u(x, 25));
}

/** Four blocks with inputs (x0, x1, x2, x3) per lane; word i of the four blocks goes to OUT + 16 i. */
function blocks(x0: v128, x1: v128, x2: v128, x3: v128): void {
  let s0 = i32x4.splat(0x61707865), s1 = i32x4.splat(0x3320646e);
  let s2 = i32x4.splat(0x79622d32), s3 = i32x4.splat(0x6b206574);
  let s4 = v128.load32_splat(KEY), s5 = v128.load32_splat(KEY, 4);
  let s6 = v128.load32_splat(KEY, 8), s7 = v128.load32_splat(KEY, 12);
  let s8 = v128.load32_splat(KEY, 16), s9 = v128.load32_splat(KEY, 20);
  let s10 = v128.load32_splat(KEY, 24), s11 = v128.load32_splat(KEY, 28);
  let s12 = x0, s13 = x1, s14 = x2, s15 = x3;
  for (let r = 0; r < 4; r++) {
    s0 = i32x4.add(s0, s4); s1 = i32x4.add(s1, s5); s2 = i32x4.add(s2, s6); s3 = i32x4.add(s3, s7);
    s12 = rot16(v128.xor(s12, s0)); s13 = rot16(v128.xor(s13, s1)); s14 = rot16(v128.xor(s14, s2)); s15 = rot16(v128.xor(s15, s3));
    s8 = i32x4.add(s8, s12); s9 = i32x4.add(s9, s13); s10 = i32x4.add(s10, s14); s11 = i32x4.add(s11, s15);
    s4 = rot12(v128.xor(s4, s8)); s5 = rot12(v128.xor(s5, s9)); s6 = rot12(v128.xor(s6, s10)); s7 = rot12(v128.xor(s7, s11));
    s0 = i32x4.add(s0, s4); s1 = i32x4.add(s1, s5); s2 = i32x4.add(s2, s6); s3 = i32x4.add(s3, s7);
    s12 = rot8(v128.xor(s12, s0)); s13 = rot8(v128.xor(s13, s1)); s14 = rot8(v128.xor(s14, s2)); s15 = rot8(v128.xor(s15, s3));
    s8 = i32x4.add(s8, s12); s9 = i32x4.add(s9, s13); s10 = i32x4.add(s10, s14); s11 = i32x4.add(s11, s15);
    s4 = rot7(v128.xor(s4, s8)); s5 = rot7(v128.xor(s5, s9)); s6 = rot7(v128.xor(s6, s10)); s7 = rot7(v128.xor(s7, s11));

    s0 = i32x4.add(s0, s5); s1 = i32x4.add(s1, s6); s2 = i32x4.add(s2, s7); s3 = i32x4.add(s3, s4);
    s15 = rot16(v128.xor(s15, s0)); s12 = rot16(v128.xor(s12, s1)); s13 = rot16(v128.xor(s13, s2)); s14 = rot16(v128.xor(s14, s3));
    s10 = i32x4.add(s10, s15); s11 = i32x4.add(s11, s12); s8 = i32x4.add(s8, s13); s9 = i32x4.add(s9, s14);
    s5 = rot12(v128.xor(s5, s10)); s6 = rot12(v128.xor(s6, s11)); s7 = rot12(v128.xor(s7, s8)); s4 = rot12(v128.xor(s4, s9));
    s0 = i32x4.add(s0, s5); s1 = i32x4.add(s1, s6); s2 = i32x4.add(s2, s7); s3 = i32x4.add(s3, s4);
    s15 = rot8(v128.xor(s15, s0)); s12 = rot8(v128.xor(s12, s1)); s13 = rot8(v128.xor(s13, s2)); s14 = rot8(v128.xor(s14, s3));
    s10 = i32x4.add(s10, s15); s11 = i32x4.add(s11, s12); s8 = i32x4.add(s8, s13); s9 = i32x4.add(s9, s14);
    s5 = rot7(v128.xor(s5, s10)); s6 = rot7(v128.xor(s6, s11)); s7 = rot7(v128.xor(s7, s8)); s4 = rot7(v128.xor(s4, s9));
  }
  v128.store(OUT, i32x4.add(s0, i32x4.splat(0x61707865)));
  v128.store(OUT, i32x4.add(s1, i32x4.splat(0x3320646e)), 16);
  v128.store(OUT, i32x4.add(s2, i32x4.splat(0x79622d32)), 32);
  v128.store(OUT, i32x4.add(s3, i32x4.splat(0x6b206574)), 48);
  v128.store(OUT, i32x4.add(s4, v128.load32_splat(KEY)), 64);
  v128.store(OUT, i32x4.add(s5, v128.load32_splat(KEY, 4)), 80);
  v128.store(OUT, i32x4.add(s6, v128.load32_splat(KEY, 8)), 96);
  v128.store(OUT, i32x4.add(s7, v128.load32_splat(KEY, 12)), 112);
  v128.store(OUT, i32x4.add(s8, v128.load32_splat(KEY, 16)), 128);
  v128.store(OUT, i32x4.add(s9, v128.load32_splat(KEY, 20)), 144);
  v128.store(OUT, i32x4.add(s10, v128.load32_splat(KEY, 24)), 160);
  v128.store(OUT, i32x4.add(s11, v128.load32_splat(KEY, 28)), 176);
  v128.store(OUT, i32x4.add(s12, x0), 192);
  v128.store(OUT, i32x4.add(s13, x1), 208);
  v128.store(OUT, i32x4.add(s14, x2), 224);
  v128.store(OUT, i32x4.add(s15, x3), 240);
}

/** Transposes four vectors of four words: input rows ↔ lanes. */
// @ts-ignore: decorator
@inline function lanes(a: v128, b: v128, c: v128, d: v128, word: i32): v128 {
  const lo = word < 2;
  const p = lo ? v128.shuffle<u32>(a, b, 0, 4, 1, 5) : v128.shuffle<u32>(a, b, 2, 6, 3, 7);
  const q = lo ? v128.shuffle<u32>(c, d, 0, 4, 1, 5) : v128.shuffle<u32>(c, d, 2, 6, 3, 7);
  return (word & 1) == 0 ? v128.shuffle<u64>(p, q, 0, 2) : v128.shuffle<u64>(p, q, 1, 3);
}

/** Words 0–3 of n blocks: column j of the inputs at `area` + 64 KiB · j is replaced by output word j. */
export function hash(n: i32, area: usize): void {
  for (let i = 0; i < n; i += 4) {
    const at = area + (<usize>i << 2);
    blocks(v128.load(at), v128.load(at + COLUMN), v128.load(at + 2 * COLUMN), v128.load(at + 3 * COLUMN));
    v128.store(at, v128.load(OUT));
    v128.store(at + COLUMN, v128.load(OUT, 16));
    v128.store(at + 2 * COLUMN, v128.load(OUT, 32));
    v128.store(at + 3 * COLUMN, v128.load(OUT, 48));
  }
}

/**
 * out byte i = 1 if token i is green under seed i. Arrays of words; `top` = gamma256 >> (8 − planes). Planes go from the most
 * significant bit down, and each is computed only for the coins that the ones before leave undecided, half of them each
 * time: `list` has room for n half-words, and holds which they are.
 */
export function green(n: i32, lo: usize, hi: usize, token: usize, planes: i32, top: i32, out: usize, list: usize): void {
  const last = planes - 1;
  let left = firstPlane(n, lo, hi, token, (top >>> last) & 1, out, list);
  for (let p = 1; p < planes; p++) {
    left = nextPlane(left, lo, hi, token, p, (top >>> (last - p)) & 1, out, list);
  }
}

/** Plane 0 of all coins; the value is how many it leaves undecided. `threshold`: that plane's bit of it. */
function firstPlane(n: i32, lo: usize, hi: usize, token: usize, threshold: i32, out: usize, list: usize): i32 {
  let left = 0;
  for (let i = 0; i < n; i += 4) {
    const at = <usize>i << 2;
    const t = v128.load(token + at);
    blocks(i32x4.shr_u(t, 9), i32x4.splat(0), v128.load(lo + at), v128.load(hi + at));
    const count = min(4, n - i);
    for (let j = 0; j < count; j++) {
      left = decide(i + j, load<i32>(token + at + (<usize>j << 2)), j, threshold, out, list, left);
    }
  }
  return left;
}

/** Plane p of the `left` coins on the list, which it shortens. */
function nextPlane(left: i32, lo: usize, hi: usize, token: usize, p: i32, threshold: i32, out: usize, list: usize): i32 {
  let kept = 0;
  for (let i = 0; i < left; i += 4) {
    const at = list + (<usize>i << 1);
    const a = <usize>load<u16>(at) << 2, b = <usize>load<u16>(at, 2) << 2;
    const c = <usize>load<u16>(at, 4) << 2, d = <usize>load<u16>(at, 6) << 2;
    const t = gather(token, a, b, c, d);
    blocks(i32x4.shr_u(t, 9), i32x4.splat(p), gather(lo, a, b, c, d), gather(hi, a, b, c, d));
    kept = decide(<i32>a >>> 2, i32x4.extract_lane(t, 0), 0, threshold, out, list, kept);
    if (i + 1 < left) kept = decide(<i32>b >>> 2, i32x4.extract_lane(t, 1), 1, threshold, out, list, kept);
    if (i + 2 < left) kept = decide(<i32>c >>> 2, i32x4.extract_lane(t, 2), 2, threshold, out, list, kept);
    if (i + 3 < left) kept = decide(<i32>d >>> 2, i32x4.extract_lane(t, 3), 3, threshold, out, list, kept);
  }
  return kept;
}

/** Coin i, by its token's bit in a lane of the last blocks: green below the threshold's bit, undecided where equal. */
// @ts-ignore: decorator
@inline function decide(i: i32, t: i32, lane: i32, threshold: i32, out: usize, list: usize, left: i32): i32 {
  const b = bit(t, <usize>lane << 2);
  store<u8>(out + <usize>i, threshold & ~b);
  store<u16>(list + (<usize>left << 1), i);
  return left + (b ^ threshold ^ 1);
}

// @ts-ignore: decorator
@inline function gather(column: usize, a: usize, b: usize, c: usize, d: usize): v128 {
  const one = v128.load32_lane(column + b, v128.load32_zero(column + a), 1);
  return v128.load32_lane(column + d, v128.load32_lane(column + c, one, 2), 3);
}

// @ts-ignore: decorator
@inline function bit(t: i32, lane: usize): i32 {
  return (load<i32>(OUT + lane + (<usize>((t >>> 5) & 15) << 4)) >>> (t & 31)) & 1;
}

/** out word i = the word of (seed i, token i). */
export function words(n: i32, lo: usize, hi: usize, token: usize, out: usize): void {
  for (let i = 0; i < n; i += 4) {
    const at = <usize>i << 2;
    const t = v128.load(token + at);
    blocks(i32x4.shr_u(t, 4), i32x4.splat(0), v128.load(lo + at), v128.load(hi + at));
    for (let j: usize = 0; j < 4; j++) {
      const w = load<u32>(token + at + (j << 2)) & 15;
      store<u32>(out + at + (j << 2), load<u32>(OUT + (<usize>w << 4) + (j << 2)));
    }
  }
}

/** Adds `delta` to the green logits of tokens 0 … V−1 at `row`. `top` = gamma256 >> (8 − planes). */
export function biasRow(lo: i32, hi: i32, planes: i32, top: i32, delta: f32, row: usize, V: i32): void {
  const seedLo = i32x4.splat(lo), seedHi = i32x4.splat(hi);
  loadTable(delta);
  for (let first = 0; first < V; first += 2048) {
    greenMask(i32x4.add(i32x4.splat(first >>> 9), i32x4(0, 1, 2, 3)), seedLo, seedHi, planes, top);
    for (let start = first; start < min(V, first + 2048); start += 512) {
      const mask = MASK + (<usize>(start - first) >>> 7);
      addBias(mask, row + (<usize>start << 2), min(512, V - start), delta);
    }
  }
}

/**
 * MASK bit = 1 where a value byte of four groups is below the threshold. From the least significant plane up, a
 * plane whose threshold bit is 1 lets 0 bits pass, one whose bit is 0 stops 1 bits; the last threshold bit is 1.
 */
function greenMask(group: v128, lo: v128, hi: v128, planes: i32, top: i32): void {
  for (let p = planes - 1; p >= 0; p--) {
    blocks(group, i32x4.splat(p), lo, hi);
    if (p == planes - 1) {
      for (let i: usize = 0; i < 256; i += 16) v128.store(MASK + i, v128.not(v128.load(OUT + i)));
    } else if ((top >>> (planes - 1 - p)) & 1) {
      for (let i: usize = 0; i < 256; i += 16) {
        v128.store(MASK + i, v128.or(v128.load(MASK + i), v128.not(v128.load(OUT + i))));
      }
    } else {
      for (let i: usize = 0; i < 256; i += 16) {
        v128.store(MASK + i, v128.andnot(v128.load(MASK + i), v128.load(OUT + i)));
      }
    }
  }
}

/** TABLE[byte] = eight logits' biases: `delta` where the bit is 1, else −0, which leaves every logit as it is. */
function loadTable(delta: f32): void {
  const loaded = ~reinterpret<i32>(delta); // complemented, so that zeroed memory is no delta
  if (load<i32>(TABLE_DELTA) == loaded) return;
  store<i32>(TABLE_DELTA, loaded);
  for (let byte: usize = 0; byte < 256; byte++) {
    for (let bit: usize = 0; bit < 8; bit++) {
      store<f32>(TABLE + (byte << 5) + (bit << 2), (byte >>> bit) & 1 ? delta : -0.0);
    }
  }
}

/** Adds biases to `count` ≤ 512 logits; mask words of 32 logits lie 16 bytes apart. */
function addBias(mask: usize, row: usize, count: i32, delta: f32): void {
  const whole = count & ~31;
  for (let t = 0; t < whole; t += 32) {
    addThirtyTwo(load<u32>(mask + (<usize>t >>> 1)), row + (<usize>t << 2));
  }
  addLast(load<u32>(mask + (<usize>whole >>> 1)), row + (<usize>whole << 2), count - whole, delta);
}

/** Adds the biases of a mask word's first `count` < 32 logits. */
function addLast(word: u32, at: usize, count: i32, delta: f32): void {
  for (let t = 0; t < count; t++, at += 4) {
    if ((word >>> t) & 1) store<f32>(at, load<f32>(at) + delta);
  }
}

/** Adds `delta` to the logits at `row` whose bit at `bits` is 1: token t in bit t mod 32 of word t div 32. */
export function biasBits(bits: usize, delta: f32, row: usize, V: i32): void {
  loadTable(delta);
  const whole = V & ~31;
  for (let t = 0; t < whole; t += 32) {
    addThirtyTwo(load<u32>(bits + (<usize>t >>> 3)), row + (<usize>t << 2));
  }
  addLast(load<u32>(bits + (<usize>whole >>> 3)), row + (<usize>whole << 2), V - whole, delta);
}

// @ts-ignore: decorator
@inline function addThirtyTwo(word: u32, at: usize): void {
  addEight(at, (word & 255) << 5);
  addEight(at + 32, (word >>> 3) & 0x1fe0);
  addEight(at + 64, (word >>> 11) & 0x1fe0);
  addEight(at + 96, (word >>> 19) & 0x1fe0);
}

// @ts-ignore: decorator
@inline function addEight(at: usize, entry: usize): void {
  v128.store(at, f32x4.add(v128.load(at), v128.load(TABLE + entry)));
  v128.store(at, f32x4.add(v128.load(at, 16), v128.load(TABLE + entry, 16)), 16);
}

/** The words of tokens 0 … V−1 under one seed, V rounded up to a multiple of 64. */
export function wordRow(lo: i32, hi: i32, V: i32, out: usize): void {
  const seedLo = i32x4.splat(lo), seedHi = i32x4.splat(hi);
  const groups = (V + 15) >>> 4;
  for (let g = 0; g < groups; g += 4) {
    blocks(i32x4.add(i32x4.splat(g), i32x4(0, 1, 2, 3)), i32x4.splat(0), seedLo, seedHi);
    const to = out + (<usize>g << 6);
    for (let i: usize = 0; i < 16; i += 4) {
      const at = OUT + (i << 4);
      const a = v128.load(at), b = v128.load(at, 16), c = v128.load(at, 32), d = v128.load(at, 48);
      v128.store(to + (i << 2), lanes(a, b, c, d, 0));
      v128.store(to + (i << 2), lanes(a, b, c, d, 1), 64);
      v128.store(to + (i << 2), lanes(a, b, c, d, 2), 128);
      v128.store(to + (i << 2), lanes(a, b, c, d, 3), 192);
    }
  }
}

export { textSealBits } from "./textseal";
export { torchBits, torchItems, torchShuffle, torchTrack } from "./torch-lists";
