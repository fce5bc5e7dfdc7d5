/** The numbers that other projects' detectors print, reproduced beside our own. One peer is one file and a line here. */
import type { Key, Profile, Tokens } from "@verdigris/core";
import { hfWatermark } from "./hf-watermark.js";
import { lmWatermarkingPeer } from "./lm-watermarking.js";
import { markLlm } from "./markllm.js";
import { sbw } from "./sbw.js";
import { sglang } from "./sglang.js";
import { synthIdPeer } from "./synthid.js";
import { textSeal } from "./textseal.js";
import { threeBricks } from "./three-bricks.js";
import { vllm } from "./vllm.js";
import type { PeerDetector, PeerReport } from "./peer-detector.js";

export * from "./hf-watermark.js";
export * from "./lm-watermarking.js";
export * from "./markllm.js";
export * from "./morphmark.js";
export * from "./n-grams.js";
export * from "./permutation-test.js";
export * from "./sbw.js";
export * from "./sglang.js";
export * from "./synthid.js";
export * from "./textseal.js";
export * from "./textseal-generate.js";
export * from "./three-bricks.js";
export * from "./unbiased-llr.js";
export * from "./vllm.js";
export type { PeerDetector, PeerReport } from "./peer-detector.js";

/** Every reproduced detector. */
export const peerDetectors: readonly PeerDetector[] = [
  hfWatermark,
  lmWatermarkingPeer,
  markLlm,
  sbw,
  sglang,
  synthIdPeer,
  textSeal,
  threeBricks,
  vllm,
];

/** What the scheme's own project would print, or null where there is none to reproduce. */
export function asPeer(profile: Profile, key: Key, tokens: Tokens): PeerReport | null {
  const detector = peerDetectors.find(({ schemes }) => schemes.includes(profile.scheme));
  return detector === undefined ? null : detector.report(profile, key, tokens);
}

/** Whether the detector of a scheme's own project is reproduced. */
export function hasPeerDetector({ scheme }: Profile): boolean {
  return peerDetectors.some(({ schemes }) => schemes.includes(scheme));
}
