import { type Key, type Profile, integerListKey, peerKey } from "@verdigris/core";
import { type SynthIdPrf, synthIdPrf } from "@verdigris/core/primitives";

/** The g-values of a `synthid` profile under a key. @throws VerdigrisError KEY_INVALID */
export function synthIdPrfOf(profile: Profile, key: Key): SynthIdPrf {
  const { depth, tableSize, tableSeed } = profile.parameters as {
    depth: number;
    tableSize: number;
    tableSeed: number;
  };
  const range = { min: -(2n ** 63n), max: 2n ** 63n - 1n, length: depth };
  return synthIdPrf(
    peerKey(integerListKey(range), key),
    profile.prf === "synthid-chain-v1"
      ? { kind: "chain" }
      : { kind: "table", size: tableSize, seed: BigInt(tableSeed) },
  );
}
