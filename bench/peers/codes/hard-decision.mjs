// A library's decoder of the payload's codes: majority per code bit, then algebraic decoding. A BCH code is what the
// Reed–Solomon code of its field and distance leaves of binary words, so ZXing's Reed–Solomon decoder decodes it.
//
//   cd bench/peers/codes && npm install
import { createRequire } from "node:module";

const FIELDS = { 63: [0x43, 64], 127: [0x89, 128] };

/** Decoder of one code, or null where the library is not installed. */
export function hardDecision({ n, k, distance }) {
  let library;
  try {
    library = createRequire(import.meta.url)("@zxing/library");
  } catch {
    return null;
  }
  const { GenericGF, ReedSolomonDecoder } = library;
  const decoder = new ReedSolomonDecoder(new GenericGF(...FIELDS[n], 1));
  /** Code bits 0 … n−1 → payload, or null if more bits are wrong than the code corrects. */
  return (bits) => {
    const received = Int32Array.from(bits).toReversed(); // highest power first
    try {
      decoder.decode(received, distance - 1);
    } catch {
      return null;
    }
    const word = received.toReversed();
    if (word.some((bit) => bit > 1)) return null;
    return word.subarray(n - k).reduce((sum, bit, i) => sum + bit * 2 ** i, 0);
  };
}
