// Green lists of torch's CPU generator: MT19937 (Matsumoto and Nishimura 1998) and the head of its Fisher–Yates
// shuffle. Contract: src/primitives/torch-lists.ts. Step i swaps places i and i + u32 mod (V − i).
// Memory map (bytes), above kernel.ts:
//   3 MiB    state of one generator (624 words), then of four side by side (624 vectors)
//   4 MiB    reciprocals: for every modulus m the inverse of its odd part, then floor((2^32 − 1)/m) (2 × 4 MiB)
//   12 MiB   identity (4 MiB)          16 MiB   items of a shuffle (4 MiB)          20 MiB   flags (1 MiB)
const N: u32 = 624;
const M: u32 = 397;
const STATE: usize = 0x30_0000;
const STATES: usize = 0x30_1000;
const INVERSE: usize = 0x40_0000;
const LIMIT: usize = 0x80_0000;
const IDENTITY: usize = 0xc0_0000;
const ITEMS: usize = 0x100_0000;
const FLAGS: usize = 0x140_0000;

/** Moduli and identity filled in so far. */
let known: u32 = 0;

/** Fills the tables up to modulus V. */
function prepare(V: u32): void {
  while (known < V) {
    store<u32>(IDENTITY + (<usize>known << 2), known);
    known++;
    const odd = known >>> ctz(known);
    let inverse = odd; // right to 3 bits; each step doubles them (Newton)
    for (let step = 0; step < 4; step++) inverse *= 2 - odd * inverse;
    store<u32>(INVERSE + (<usize>known << 2), inverse);
    store<u32>(LIMIT + (<usize>known << 2), u32.MAX_VALUE / known);
  }
}

/** u mod m without a division: the quotient's estimate is right or one too small. */
// @ts-ignore: decorator
@inline function modulo(u: u32, m: u32): u32 {
  const q = <u32>((<u64>u * <u64>load<u32>(LIMIT + (<usize>m << 2))) >> 32);
  const r = u - q * m;
  return r >= m ? r - m : r;
}

// --- one generator ---------------------------------------------------------------------------------------------

function seed(value: u32): void {
  let last = value;
  store<u32>(STATE, last);
  for (let j: u32 = 1; j < N; j++) {
    last = (last ^ (last >>> 30)) * 1812433253 + j;
    store<u32>(STATE + (<usize>j << 2), last);
  }
}

/** New words j … j + 3 of the state, from `far` = words j + M on. */
// @ts-ignore: decorator
@inline function twistWords(at: usize, far: usize): void {
  v128.store(at, twisted(v128.load(at), v128.load(at, 4), v128.load(far)));
}

// @ts-ignore: decorator
@inline function twisted(word: v128, next: v128, far: v128): v128 {
  const y = v128.or(
    v128.and(word, i32x4.splat(0x80000000)),
    v128.and(next, i32x4.splat(0x7fffffff)),
  );
  const odd = i32x4.neg(v128.and(y, i32x4.splat(1)));
  return v128.xor(v128.xor(far, i32x4.shr_u(y, 1)), v128.and(odd, i32x4.splat(0x9908b0df)));
}

function twist(): void {
  for (let j: usize = 0; j < 224; j += 4) twistWords(STATE + (j << 2), STATE + ((j + M) << 2));
  for (let j: usize = 224; j < 227; j++) twistOne(j, j + 1, j + M);
  for (let j: usize = 227; j < 623; j += 4) twistWords(STATE + (j << 2), STATE + ((j - 227) << 2));
  twistOne(623, 0, 396);
}

function twistOne(j: usize, next: usize, far: usize): void {
  const y = (load<u32>(STATE + (j << 2)) & 0x80000000) | (load<u32>(STATE + (next << 2)) & 0x7fffffff);
  const mix: u32 = (y & 1) != 0 ? 0x9908b0df : 0;
  store<u32>(STATE + (j << 2), load<u32>(STATE + (far << 2)) ^ (y >>> 1) ^ mix);
}

// @ts-ignore: decorator
@inline function tempered(x: v128): v128 {
  let y = v128.xor(x, i32x4.shr_u(x, 11));
  y = v128.xor(y, v128.and(i32x4.shl(y, 7), i32x4.splat(0x9d2c5680)));
  y = v128.xor(y, v128.and(i32x4.shl(y, 15), i32x4.splat(0xefc60000)));
  return v128.xor(y, i32x4.shr_u(y, 18));
}

/** The tempered words of one block, at STATES. */
function wordsOfBlock(): void {
  twist();
  for (let j: usize = 0; j < N * 4; j += 16) v128.store(STATES + j, tempered(v128.load(STATE + j)));
}

/** The first k items of the permutation of 0 … V−1, at ITEMS; k < V runs k swaps, else V − 1. */
export function torchShuffle(value: u32, V: u32, k: u32): void {
  begin(value, V);
  const steps = min(k, V - 1);
  for (let i: u32 = 0; i < steps; ) {
    wordsOfBlock();
    const end = min(steps, i + N);
    for (let word = STATES; i < end; i++, word += 4) {
      const here = ITEMS + (<usize>i << 2);
      const other = here + (<usize>modulo(load<u32>(word), V - i) << 2);
      const item = load<u32>(here);
      store<u32>(here, load<u32>(other));
      store<u32>(other, item);
    }
  }
}

/** Adds `bias` to the logits at `row` of the list's tokens. */
export function torchBias(value: u32, V: u32, k: u32, bias: f32, row: usize): void {
  begin(value, V);
  const steps = min(k, V - 1);
  for (let i: u32 = 0; i < steps; ) {
    wordsOfBlock();
    const end = min(steps, i + N);
    for (let word = STATES; i < end; i++, word += 4) {
      const here = ITEMS + (<usize>i << 2);
      const other = here + (<usize>modulo(load<u32>(word), V - i) << 2);
      const logit = row + (<usize>load<u32>(other) << 2);
      store<u32>(other, load<u32>(here));
      store<f32>(logit, load<f32>(logit) + bias);
    }
  }
  if (k == V) {
    const logit = row + (<usize>load<u32>(ITEMS + (<usize>(V - 1) << 2)) << 2);
    store<f32>(logit, load<f32>(logit) + bias);
  }
}

/** Sets the bytes at FLAGS of the list's tokens to 1, the others to 0. */
export function torchFlags(value: u32, V: u32, k: u32): usize {
  torchShuffle(value, V, k);
  memory.fill(FLAGS, 0, V);
  for (let i: u32 = 0; i < k; i++) store<u8>(FLAGS + <usize>load<u32>(ITEMS + (<usize>i << 2)), 1);
  return FLAGS;
}

export function torchItems(): usize {
  return ITEMS;
}

function begin(value: u32, V: u32): void {
  prepare(V);
  seed(value);
  memory.copy(ITEMS, IDENTITY, <usize>V << 2);
}

// --- four generators side by side ------------------------------------------------------------------------------

function seedFour(values: v128): void {
  let last = values;
  v128.store(STATES, last);
  for (let j: u32 = 1; j < N; j++) {
    const mixed = v128.xor(last, i32x4.shr_u(last, 30));
    last = i32x4.add(i32x4.mul(mixed, i32x4.splat(1812433253)), i32x4.splat(j));
    v128.store(STATES + (<usize>j << 4), last);
  }
}

/** The next 624 words of four generators. */
function twistFour(): void {
  const end = STATES + (<usize>(N - M) << 4);
  for (let at = STATES; at < end; at += 16) twistVector(at, at + 16, at + (<usize>M << 4));
  const last = STATES + (<usize>(N - 1) << 4);
  for (let at = end; at < last; at += 16) twistVector(at, at + 16, at - (<usize>(N - M) << 4));
  twistVector(last, STATES, last - (<usize>(N - M) << 4));
}

// @ts-ignore: decorator
@inline function twistVector(at: usize, next: usize, far: usize): void {
  v128.store(at, twisted(v128.load(at), v128.load(next), v128.load(far)));
}

/**
 * Places where four items land within the first `steps` swaps, each under its own seed, or −1. A lane's item sits
 * `wanted` places past the swap's own; something happens to it when `wanted` is 0 or the word is `wanted` mod m.
 */
function track(seeds: v128, tokens: v128, V: u32, steps: u32): v128 {
  seedFour(seeds);
  let wanted = tokens;
  let found = i32x4.splat(-1);
  for (let first: u32 = 0; first < steps; first += N) {
    twistFour();
    const end = min(steps, first + N);
    let at = STATES;
    for (let i = first; i < end; i++, at += 16) {
      const u = tempered(v128.load(at));
      const m = V - i;
      const hit = divides(i32x4.sub(u, wanted), m);
      if (v128.any_true(v128.or(hit, i32x4.eq(wanted, i32x4.splat(0))))) {
        const lands = v128.and(v128.and(hit, i32x4.ge_u(u, wanted)), i32x4.eq(found, i32x4.splat(-1)));
        found = v128.bitselect(i32x4.splat(i), found, lands);
        if (i32x4.all_true(i32x4.ne(found, i32x4.splat(-1)))) return found;
        const moves = i32x4.eq(wanted, i32x4.splat(0));
        wanted = v128.bitselect(remainders(u, m), wanted, moves);
      }
      wanted = i32x4.sub(wanted, i32x4.splat(1));
    }
  }
  return found;
}

/** Lanes whose x is a multiple of m (Granlund and Montgomery 1994, section 9). */
// @ts-ignore: decorator
@inline function divides(x: v128, m: u32): v128 {
  const product = i32x4.mul(x, v128.load32_splat(INVERSE + (<usize>m << 2)));
  const twos = ctz(m);
  // Both shifts count modulo 32: for an odd m they are by 0, and the two halves are the product itself.
  const rotated = v128.or(i32x4.shr_u(product, twos), i32x4.shl(product, 32 - twos));
  return i32x4.le_u(rotated, v128.load32_splat(LIMIT + (<usize>m << 2)));
}

/** u mod m of each lane. */
function remainders(u: v128, m: u32): v128 {
  let out = i32x4.splat(modulo(i32x4.extract_lane(u, 0), m));
  out = i32x4.replace_lane(out, 1, modulo(i32x4.extract_lane(u, 1), m));
  out = i32x4.replace_lane(out, 2, modulo(i32x4.extract_lane(u, 2), m));
  return i32x4.replace_lane(out, 3, modulo(i32x4.extract_lane(u, 3), m));
}

/** out word i = place of item i among the first `steps` places under seed i, or −1. n is rounded up to fours. */
export function torchTrack(n: i32, seeds: usize, tokens: usize, V: u32, steps: u32, out: usize): void {
  prepare(V);
  for (let i = 0; i < n; i += 4) {
    const at = <usize>i << 2;
    v128.store(out + at, track(v128.load(seeds + at), v128.load(tokens + at), V, steps));
  }
}
