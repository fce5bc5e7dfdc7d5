import type { Key, Profile, Tokens } from "@verdigris/core";

/** What a peer's own detector would print for a text. */
export interface PeerReport {
  /** Project and version whose arithmetic this is. */
  readonly peer: string;
  /** Its numbers under its own names: counts, z, p. */
  readonly figures: Readonly<Record<string, number | boolean>>;
  /** Why they may differ from ours: repeated coins, nominal γ, an approximate tail. */
  readonly caveats: readonly string[];
}

/** Reproduces a peer's detector, defects included, so that a user can check us against it. */
export interface PeerDetector {
  /** Names in `profile.scheme` that it covers. */
  readonly schemes: readonly string[];
  /** @throws RangeError for a text the peer would refuse */
  report(profile: Profile, key: Key, tokens: Tokens): PeerReport;
}
