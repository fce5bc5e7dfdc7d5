import { type PlayTournament, factors } from "./tournament.js";

/** What assembly/tournament.ts exports. */
export interface TournamentExports {
  readonly memory: WebAssembly.Memory;
  tournamentP(): number;
  tournamentWords(): number;
  tournamentMass(n: number): number;
  tournamentLayer(n: number, layer: number, won: number, lost: number): number;
}

/** The tournament in SIMD WebAssembly, two probabilities at a time: one pass a layer. */
export function wasmTournament(wasm: TournamentExports): PlayTournament {
  return (p, words, { depth, leaves }) => {
    const even = p.length + (p.length & 1);
    const ours = new Float64Array(wasm.memory.buffer, wasm.tournamentP(), even);
    ours[even - 1] = 0;
    ours.set(p);
    new Uint32Array(wasm.memory.buffer, wasm.tournamentWords(), p.length).set(words);
    let mass = wasm.tournamentMass(even);
    for (let layer = 0; layer < depth; layer++) {
      mass = wasm.tournamentLayer(even, layer, ...factors(mass, leaves));
    }
    p.set(ours.subarray(0, p.length));
  };
}
