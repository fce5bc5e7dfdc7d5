/** The numbers that other projects' detectors print, reproduced beside our own. One peer is one file and a line here. */
import type { Key, Profile, Tokens } from "@verdigris/core";
import type { PeerDetector, PeerReport } from "./peer-detector.js";

export type { PeerDetector, PeerReport } from "./peer-detector.js";

/** Every reproduced detector. */
export const peerDetectors: readonly PeerDetector[] = [];

/** What the scheme's own project would print, or null where there is none to reproduce. */
export function asPeer(profile: Profile, key: Key, tokens: Tokens): PeerReport | null {
  const detector = peerDetectors.find(({ schemes }) => schemes.includes(profile.scheme));
  return detector === undefined ? null : detector.report(profile, key, tokens);
}
