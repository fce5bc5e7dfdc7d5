// SynthID's tournament on probabilities (contract: src/primitives/tournament.ts). Even and odd tokens are summed apart,
// then together, so that plain JavaScript gives the same float64.
// Memory map (bytes): 16 MiB probabilities (4 MiB, shared with the shuffle's items), 21 MiB words of g-values (2 MiB)
const P: usize = 0x100_0000;
const WORDS: usize = 0x150_0000;

export function tournamentP(): usize {
  return P;
}

export function tournamentWords(): usize {
  return WORDS;
}

/** Multiplies p by (won or lost) of `layer`'s g-values, token by token; n is even. Layer −1 multiplies by nothing. */
// @ts-ignore: decorator
@inline function factor(at: usize, layer: i32, won: v128, lost: v128): v128 {
  const words = v128.load64_zero(WORDS + (at >> 1));
  const bits = v128.and(i32x4.shr_u(words, layer), i32x4.splat(1));
  const mask = i64x2.neg(i64x2.extend_low_i32x4_u(bits));
  return v128.bitselect(won, lost, mask);
}

/** The mass of tokens whose g-value of layer 0 is 1. */
export function tournamentMass(n: i32): f64 {
  const one = f64x2.splat(1), zero = f64x2.splat(0);
  let mass = f64x2.splat(0);
  const end = <usize>n << 3;
  for (let at: usize = 0; at < end; at += 16) {
    mass = f64x2.add(mass, f64x2.mul(v128.load(P + at), factor(at, 0, one, zero)));
  }
  return f64x2.extract_lane(mass, 0) + f64x2.extract_lane(mass, 1);
}

/** Plays `layer` and returns the mass of the next one. */
export function tournamentLayer(n: i32, layer: i32, won: f64, lost: f64): f64 {
  const one = f64x2.splat(1), zero = f64x2.splat(0);
  const w = f64x2.splat(won), l = f64x2.splat(lost);
  const next = min(layer + 1, 31);
  let mass = f64x2.splat(0);
  const end = <usize>n << 3;
  for (let at: usize = 0; at < end; at += 16) {
    const p = f64x2.mul(v128.load(P + at), factor(at, layer, w, l));
    v128.store(P + at, p);
    mass = f64x2.add(mass, f64x2.mul(p, factor(at, next, one, zero)));
  }
  return f64x2.extract_lane(mass, 0) + f64x2.extract_lane(mass, 1);
}
