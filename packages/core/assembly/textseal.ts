// TextSeal's green list as bits (contract: src/primitives/textseal.ts): token t is green if x ^ (x >> 13), signed,
// modulo 8191 is below `top`, where x = base + t · step. Two tokens a vector, on z = x + 2^63, which is not negative.
// Memory map: the bits go where torch-lists.ts has its own (20 MiB).
const BITS: usize = 0x140_0000;
const SIGN: i64 = i64.MIN_VALUE;

/** Three digits of 26 bits of x ^ (x >> 13) + 2^63, added up: below 2^28, and equal to it modulo 8191. */
// @ts-ignore: decorator
@inline function folded(z: v128): v128 {
  const shifted = i64x2.sub(i64x2.shr_u(z, 13), i64x2.splat(1 << 50));
  const y = v128.xor(z, shifted);
  const digit = i64x2.splat((1 << 26) - 1);
  return i64x2.add(
    i64x2.add(v128.and(y, digit), v128.and(i64x2.shr_u(y, 26), digit)),
    i64x2.shr_u(y, 52),
  );
}

/** The bits of tokens 0 … V−1, at the address it returns; those past V are of no meaning. */
export function textSealBits(base: i64, step: i64, top: i32, V: i32): usize {
  let low = i64x2(base + SIGN, base + SIGN + step);
  let high = i64x2.add(low, i64x2.splat(2 * step));
  const four = i64x2.splat(4 * step);
  const m = i32x4.splat(8191);
  for (let t = 0; t < V; t += 32) {
    let word = 0;
    for (let j = 0; j < 32; j += 4) {
      const v = v128.shuffle<u32>(folded(low), folded(high), 0, 2, 4, 6);
      // 2^63 is 2048 modulo 8191, and is taken off again.
      let level = i32x4.add(v128.and(v, m), i32x4.add(i32x4.shr_u(v, 13), i32x4.splat(8191 - 2048)));
      level = i32x4.add(v128.and(level, m), i32x4.shr_u(level, 13));
      level = i32x4.min_u(level, i32x4.sub(level, m)); // below m it wraps around
      word |= i32x4.bitmask(i32x4.lt_s(level, i32x4.splat(top))) << j;
      low = i64x2.add(low, four);
      high = i64x2.add(high, four);
    }
    store<i32>(BITS + (<usize>t >>> 3), word);
  }
  return BITS;
}
