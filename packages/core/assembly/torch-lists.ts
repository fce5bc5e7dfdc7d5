// Green lists of torch's CPU generator: MT19937 (Matsumoto and Nishimura 1998) and the head of its Fisher–Yates
// shuffle. Contract: src/primitives/torch-lists.ts. Step i swaps places i and i + u32 mod (V − i).
// Memory map (bytes), above kernel.ts:
//   3 MiB    state of one generator (624 words), then of four side by side (624 vectors)
//   4 MiB    for every modulus m the inverse of its odd part (4 MiB)
//   8 MiB    floor((2^32 − 1)/m) (4 MiB)             12 MiB   the same of its odd part (4 MiB)
//   16 MiB   items of a shuffle (4 MiB)              20 MiB   a list as bits (128 KiB)
const N: u32 = 624;
const M: u32 = 397;
const STATE: usize = 0x30_0000;
const STATES: usize = 0x30_1000;
const INVERSE: usize = 0x40_0000;
const LIMIT: usize = 0x80_0000;
const ODD_LIMIT: usize = 0xc0_0000;
const ITEMS: usize = 0x100_0000;
const BITS: usize = 0x140_0000;

/** Moduli known so far. */
let known: u32 = 0;

/** Fills the tables up to modulus V. */
function prepare(V: u32): void {
  while (known < V) {
    known++;
    const odd = known >>> ctz(known);
    let inverse = odd; // right to 3 bits; each step doubles them (Newton)
    for (let step = 0; step < 4; step++) inverse *= 2 - odd * inverse;
    store<u32>(INVERSE + (<usize>known << 2), inverse);
    store<u32>(LIMIT + (<usize>known << 2), u32.MAX_VALUE / known);
    store<u32>(ODD_LIMIT + (<usize>known << 2), u32.MAX_VALUE / odd);
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

/** How far swaps i … i + 623 reach: the words of one block, each modulo its own V − i. At STATES. */
function reachOfBlock(V: u32, i: u32): void {
  twist();
  let moduli = i32x4.sub(i32x4.splat(V - i), i32x4(0, 1, 2, 3));
  let limits = LIMIT + (<usize>(V - i) << 2) - 12;
  for (let j: usize = 0; j < N * 4; j += 16, limits -= 16) {
    const limit = v128.load(limits);
    const u = tempered(v128.load(STATE + j));
    v128.store(STATES + j, moduloEach(u, moduli, v128.shuffle<u32>(limit, limit, 3, 2, 1, 0)));
    moduli = i32x4.sub(moduli, i32x4.splat(4));
  }
}

/** u mod m, lane by lane, given floor((2^32 − 1)/m): the quotient's estimate is right or one too small. */
// @ts-ignore: decorator
@inline function moduloEach(u: v128, m: v128, limit: v128): v128 {
  const low = i64x2.extmul_low_i32x4_u(u, limit), high = i64x2.extmul_high_i32x4_u(u, limit);
  const rest = i32x4.sub(u, i32x4.mul(v128.shuffle<u32>(low, high, 1, 3, 5, 7), m));
  return i32x4.min_u(rest, i32x4.sub(rest, m)); // a rest below m wraps around
}

/** The first k items of the permutation of 0 … V−1, at ITEMS; k < V runs k swaps, else V − 1. */
export function torchShuffle(value: u32, V: u32, k: u32): void {
  prepare(V);
  seed(value);
  let identity = i32x4(0, 1, 2, 3);
  for (let at: usize = 0; at < <usize>V << 2; at += 16) {
    v128.store(ITEMS + at, identity);
    identity = i32x4.add(identity, i32x4.splat(4));
  }
  const steps = min(k, V - 1);
  for (let i: u32 = 0; i < steps; ) {
    reachOfBlock(V, i);
    const end = min(steps, i + N);
    for (let reach = STATES; i < end; i++, reach += 4) {
      const here = ITEMS + (<usize>i << 2);
      const other = here + (<usize>load<u32>(reach) << 2);
      const item = load<u32>(here);
      store<u32>(here, load<u32>(other));
      store<u32>(other, item);
    }
  }
}

/** The list as bits, token t in bit t mod 32 of word t div 32; at the address it returns. */
export function torchBits(value: u32, V: u32, k: u32): usize {
  torchShuffle(value, V, k);
  memory.fill(BITS, 0, <usize>((V + 31) >>> 5) << 2);
  const end = ITEMS + (<usize>k << 2);
  for (let at = ITEMS; at < end; at += 4) {
    const item = load<u32>(at);
    const word = BITS + (<usize>(item >>> 5) << 2);
    store<u32>(word, load<u32>(word) | (1 << (item & 31)));
  }
  return BITS;
}

export function torchItems(): usize {
  return ITEMS;
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
  const ahead = <usize>M << 4, behind = <usize>(N - M) << 4;
  const last = STATES + (<usize>(N - 1) << 4);
  let word = v128.load(STATES);
  let at = STATES;
  for (; at < STATES + behind; at += 16) {
    const next = v128.load(at, 16);
    v128.store(at, twisted(word, next, v128.load(at + ahead)));
    word = next;
  }
  for (; at < last; at += 16) {
    const next = v128.load(at, 16);
    v128.store(at, twisted(word, next, v128.load(at - behind)));
    word = next;
  }
  v128.store(last, twisted(word, v128.load(STATES), v128.load(last - behind)));
}

/**
 * Places where four items land within the first `steps` swaps, each under its own seed, or −1. A lane's item sits
 * `wanted` places past the swap's own; something happens to it when `wanted` is 0 or the word is `wanted` mod m.
 */
function track(seeds: v128, tokens: v128, V: u32, steps: u32): v128 {
  seedFour(seeds);
  const none = i32x4.splat(-1);
  let wanted = tokens;
  let found = none;
  let turn = leastLane(tokens); // the next swap whose own place holds a lane's item
  for (let first: u32 = 0; first < steps; first += N) {
    twistFour();
    const end = min(steps, first + N);
    let at = STATES;
    for (let i = first; i < end; i += 4) {
      const next = min(end, i + 4);
      if (next == i + 4 && turn >= next && !anyOfFour(at, wanted, V - i)) {
        wanted = i32x4.sub(wanted, i32x4.splat(4));
        at += 64;
        continue;
      }
      for (let j = i; j < next; j++, at += 16) {
        const rest = remainders(tempered(v128.load(at)), V - j);
        const open = i32x4.eq(found, none);
        found = v128.bitselect(i32x4.splat(j), found, v128.and(open, i32x4.eq(rest, wanted)));
        if (i32x4.all_true(i32x4.ne(found, none))) return found;
        wanted = v128.bitselect(rest, wanted, i32x4.eq(wanted, i32x4.splat(0)));
        wanted = i32x4.sub(wanted, i32x4.splat(1));
      }
      turn = leastLane(v128.or(i32x4.add(wanted, i32x4.splat(next)), i32x4.ne(found, none)));
    }
  }
  return found;
}

// @ts-ignore: decorator
@inline function leastLane(x: v128): u32 {
  const two = i32x4.min_u(x, v128.shuffle<u32>(x, x, 2, 3, 0, 1));
  return i32x4.extract_lane(i32x4.min_u(two, v128.shuffle<u32>(two, two, 1, 0, 3, 2)), 0);
}

/** Whether one of four swaps from the word at `at` and modulus m on may reach a lane's item. */
// @ts-ignore: decorator
@inline function anyOfFour(at: usize, wanted: v128, m: u32): bool {
  const any = v128.or(
    v128.or(mayReach(at, wanted, m), mayReach(at + 16, i32x4.sub(wanted, i32x4.splat(1)), m - 1)),
    v128.or(
      mayReach(at + 32, i32x4.sub(wanted, i32x4.splat(2)), m - 2),
      mayReach(at + 48, i32x4.sub(wanted, i32x4.splat(3)), m - 3),
    ),
  );
  return v128.any_true(any);
}

// @ts-ignore: decorator
@inline function mayReach(at: usize, wanted: v128, m: u32): v128 {
  return mayDivide(i32x4.sub(tempered(v128.load(at)), wanted), m);
}

/** Lanes whose x is a multiple of the odd part of m (Granlund and Montgomery 1994, section 9). */
// @ts-ignore: decorator
@inline function mayDivide(x: v128, m: u32): v128 {
  const product = i32x4.mul(x, v128.load32_splat(INVERSE + (<usize>m << 2)));
  return i32x4.le_u(product, v128.load32_splat(ODD_LIMIT + (<usize>m << 2)));
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
