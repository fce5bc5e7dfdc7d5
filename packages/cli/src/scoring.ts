/** Suspect files to verdicts, in memory that does not grow with the files. */
import type { Kernel, Key, Tokens } from "@verdigris/core";
import { Detector, type Verdict, holm, rejects } from "@verdigris/detector";
import { type PeerReport, asPeer } from "@verdigris/detector/peers";
import type { FindingKind, ReadProblem } from "@verdigris/text";
import { type PieceOfDocument, type Reading, readPieces } from "./pieces.js";

/** What to score, and how. */
export interface ScoreRequest {
  readonly reading: Reading;
  readonly key: Key;
  readonly kernel: Kernel;
  readonly alpha: number;
  /** Decoy keys for each file and for all together; single documents are scored without. */
  readonly decoys: number;
  readonly perDocument: boolean;
  /** Whether to reproduce the figures of the mark's own project, document by document. */
  readonly asPeer: boolean;
  /** Told of each record that could not be used, as it is met. */
  readonly onProblem: (problem: ReadProblem) => void;
  /** What a report looks at besides the verdicts. */
  readonly observer?: ScoreObserver | undefined;
}

/** Watches a call for its report. */
export interface ScoreObserver {
  /** A piece of the file at `path`, in the order in which they are scored. */
  piece(path: string, item: PieceOfDocument): void;
  /** z under each decoy key over everything. */
  decoys(z: Float64Array): void;
}

/** Characters that normalisation removed or replaced, by kind. */
export type Findings = ReadonlyMap<FindingKind, number>;

/** The verdict on one document, one file or all files. */
export interface Scored {
  readonly name: string;
  /** After Holm's correction for the other files, or the other documents. */
  readonly kind: Verdict["kind"];
  readonly verdict: Verdict;
  /** log10 of Holm's adjusted p; equals the verdict's where there was one test. */
  readonly log10PAdjusted: number;
  readonly findings: Findings;
}

/** Everything that was found. */
export interface ScoreResult {
  readonly pooled: Scored;
  readonly files: readonly Scored[];
  /** Empty unless asked for. */
  readonly documents: readonly Scored[];
  readonly problems: readonly ReadProblem[];
  /** What the mark's own project would print of each document; empty unless asked for. */
  readonly peers: readonly PeerScored[];
}

/** A document as the mark's own project sees it. */
export interface PeerScored {
  readonly name: string;
  /** Its figures, or why it refuses the text. */
  readonly report: PeerReport | { readonly refused: string };
}

/**
 * Scores files one after another. A record that cannot be used is a problem beside the results.
 * @throws VerdigrisError FILE_* for a file that cannot be read as a whole
 */
export async function scoreFiles(
  paths: readonly string[],
  request: ScoreRequest,
): Promise<ScoreResult> {
  const { observer } = request;
  const pooled = new Scope(request, request.decoys, (z) => observer?.decoys(z));
  const files: Judged[] = [];
  const documents: Judged[] = [];
  const problems: ReadProblem[] = [];
  const peers = new PeerScores(request);
  for (const path of paths) {
    const file = paths.length === 1 ? pooled : new Scope(request, request.decoys);
    let document = new Scope(request, 0);
    for await (const item of readPieces(path, request.reading)) {
      if (item.kind === "problem") {
        problems.push(item);
        request.onProblem(item);
        continue;
      }
      for (const scope of new Set([pooled, file])) scope.add(item);
      peers.add(item);
      observer?.piece(path, item);
      if (!request.perDocument) continue;
      document.add(item);
      if (!item.last) continue;
      documents.push(document.judge(item.id));
      document = new Scope(request, 0);
    }
    files.push(file.judge(path));
  }
  const all = paths.length === 1 ? files[0] : pooled.judge("all files");
  return {
    pooled: corrected([all])[0],
    files: corrected(files),
    documents: corrected(documents),
    problems,
    peers: peers.all,
  };
}

/** Reproduces the peer's figures of each document, whose tokens it keeps until the document ends. */
class PeerScores {
  readonly #request: ScoreRequest;
  #parts: Tokens[] = [];
  readonly all: PeerScored[] = [];

  constructor(request: ScoreRequest) {
    this.#request = request;
  }

  add({ id, last, piece }: PieceOfDocument): void {
    if (!this.#request.asPeer) return;
    this.#parts.push(piece.tokens);
    if (!last) return;
    this.all.push({ name: id, report: this.#report(joined(this.#parts)) });
    this.#parts = [];
  }

  #report(tokens: Tokens): PeerScored["report"] {
    const { profile } = this.#request.reading;
    try {
      const report = asPeer(profile, this.#request.key, tokens);
      return report ?? { refused: `${profile.scheme} has no detector of its own` };
    } catch (error) {
      if (error instanceof RangeError) return { refused: error.message };
      throw error;
    }
  }
}

function joined(parts: readonly Tokens[]): Tokens {
  const out = new Uint32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

type Judged = Pick<Scored, "name" | "verdict" | "findings">;

/** Texts judged together. */
class Scope {
  readonly #detector: Detector;
  readonly #findings = new Map<FindingKind, number>();

  constructor(
    { reading, key, kernel, alpha }: ScoreRequest,
    decoys: number,
    observeDecoys?: (z: Float64Array) => void,
  ) {
    const options = { alpha, decoys, kernel, observeDecoys };
    this.#detector = new Detector(reading.profile, key, options);
  }

  add({ piece, findings }: PieceOfDocument): void {
    this.#detector.add(piece);
    for (const { kind, count } of findings)
      this.#findings.set(kind, (this.#findings.get(kind) ?? 0) + count);
  }

  judge(name: string): Judged {
    return { name, verdict: this.#detector.verdict(), findings: this.#findings };
  }
}

/** Tests of one family with Holm's correction: the chance of any false accusation stays ≤ α. */
function corrected(tests: readonly Judged[]): readonly Scored[] {
  const adjusted = holm(tests.map(({ verdict }) => verdict.log10P));
  return tests.map((test, i) => {
    const { kind, alpha } = test.verdict;
    const withdrawn = kind === "detected" && !rejects(adjusted[i], alpha);
    return { ...test, kind: withdrawn ? "not-detected" : kind, log10PAdjusted: adjusted[i] };
  });
}
