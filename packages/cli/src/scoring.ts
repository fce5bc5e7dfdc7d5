/** Suspect files to verdicts, in memory that does not grow with the text. */
import type { Kernel, Key } from "@verdigris/core";
import { Detector, type Verdict, WeightedDetector, holm, rejects } from "@verdigris/detector";
import type { FindingKind, ReadProblem } from "@verdigris/text";
import { type PeerScored, PeerScores } from "./peer-scores.js";
import { type FileEnd, type PieceOfDocument, type Reading, readPieces } from "./pieces.js";
import { type Listed, Spool } from "./spool.js";
import type { Weighing } from "./weighing.js";

/** What to score, and how. */
export interface ScoreRequest {
  readonly reading: Reading;
  readonly key: Key;
  readonly kernel: Kernel;
  readonly alpha: number;
  /** Decoy keys for each file and for all together; single documents are scored without. */
  readonly decoys: number | "auto";
  /** Coins remembered exactly, for each file and for all together. */
  readonly memory: number;
  readonly perDocument: boolean;
  /** Whether to reproduce the figures of the mark's own project, document by document. */
  readonly asPeer: boolean;
  /** How positions are weighed; null if all count alike. */
  readonly weighing: Weighing | null;
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
  readonly documents: Listed<Scored>;
  readonly problems: Listed<ReadProblem>;
  /** What the mark's own project would print of each document; empty unless asked for. */
  readonly peers: Listed<PeerScored>;
  /** Gives temporary files back; the lists are empty then. */
  readonly close: () => void;
}

/**
 * Scores files one after another. A record that cannot be used is a problem beside the results, and so is a file that
 * cannot be read, if there are others. Memory: the coins remembered, about 40 bytes for each document (the p-values
 * that Holm's correction needs), and a verdict for each file.
 * @throws VerdigrisError FILE_* for a single file that cannot be read as a whole
 */
export async function scoreFiles(
  paths: readonly string[],
  request: ScoreRequest,
): Promise<ScoreResult> {
  const scoring = new Scoring(request, paths.length > 1);
  try {
    const { weighing } = request;
    for await (const item of readPieces(paths, request.reading)) {
      if (weighing === null || item.kind !== "piece") scoring.take(item);
      else scoring.take({ ...item, weights: await weighing.weigh(item.piece) });
    }
    return scoring.result();
  } catch (error) {
    scoring.close();
    throw error;
  }
}

/** Scores pieces as they come. */
class Scoring {
  readonly #request: ScoreRequest;
  readonly #pooled: Scope;
  /** The same as `#pooled` if there is one file only. */
  readonly #file: Scope;
  readonly #document: Scope;
  readonly #files: Judged[] = [];
  readonly #documents = new Spool<Judged>();
  readonly #documentsLog10P: number[] = [];
  readonly #problems = new Spool<ReadProblem>();
  readonly #peers: PeerScores;

  constructor(request: ScoreRequest, several: boolean) {
    const { decoys, observer, reading } = request;
    this.#request = request;
    this.#pooled = new Scope(request, decoys, (z) => observer?.decoys(z));
    this.#file = several ? new Scope(request, decoys) : this.#pooled;
    this.#document = new Scope(request, 0);
    this.#peers = new PeerScores(reading.profile, request);
  }

  take(item: WeighedItem | ReadProblem | FileEnd): void {
    if (item.kind === "piece") this.#add(item);
    else if (item.kind === "end") this.#end(item.path);
    else {
      this.#problems.add(item);
      this.#request.onProblem(item);
    }
  }

  result(): ScoreResult {
    const all = this.#file === this.#pooled ? this.#files[0] : this.#pooled.judge("all files");
    const files = this.#files.map(({ verdict }) => verdict.log10P);
    return {
      pooled: { ...all, kind: all.verdict.kind, log10PAdjusted: all.verdict.log10P },
      files: [...new Corrected(this.#files, files)],
      documents: new Corrected(this.#documents, this.#documentsLog10P),
      problems: this.#problems,
      peers: this.#peers.all,
      close: () => this.close(),
    };
  }

  close(): void {
    for (const spool of [this.#documents, this.#problems, this.#peers.all]) spool.close();
  }

  #add(item: WeighedItem): void {
    for (const scope of new Set([this.#pooled, this.#file])) scope.add(item);
    this.#peers.add(item);
    this.#request.observer?.piece(item.path, item);
    if (!this.#request.perDocument) return;
    this.#document.add(item);
    if (!item.last) return;
    const judged = this.#document.judge(item.id);
    this.#document.reset();
    this.#documents.add(judged);
    this.#documentsLog10P.push(judged.verdict.log10P);
  }

  /** A file of several that held nothing to score has no verdict, only its problems. */
  #end(path: string): void {
    // A file that broke off leaves a document without its end.
    this.#document.reset();
    this.#peers.reset();
    if (this.#file === this.#pooled) this.#files.push(this.#file.judge(path));
    else if (!this.#file.empty) {
      this.#files.push(this.#file.judge(path));
      this.#file.reset();
    }
  }
}

/** A piece, and how much its positions count if they do not count alike. */
type WeighedItem = PieceOfDocument & { readonly weights?: Float64Array };

type Judged = Pick<Scored, "name" | "verdict" | "findings">;

/** Texts judged together. */
class Scope {
  readonly #detector: Detector | WeightedDetector;
  #findings = new Map<FindingKind, number>();
  #empty = true;

  constructor(
    { reading, key, kernel, alpha, memory, weighing }: ScoreRequest,
    decoys: number | "auto",
    observeDecoys?: (z: Float64Array) => void,
  ) {
    const options = { alpha, decoys, kernel, memory, observeDecoys };
    const Kind = weighing === null ? Detector : WeightedDetector;
    this.#detector = new Kind(reading.profile, key, options);
  }

  /** Whether nothing was added. */
  get empty(): boolean {
    return this.#empty;
  }

  add({ piece, findings, weights = new Float64Array(0) }: WeighedItem): void {
    this.#empty = false;
    this.#detector.add({ ...piece, weights });
    for (const { kind, count } of findings)
      this.#findings.set(kind, (this.#findings.get(kind) ?? 0) + count);
  }

  judge(name: string): Judged {
    return { name, verdict: this.#detector.verdict(), findings: this.#findings };
  }

  reset(): void {
    if (this.#empty) return;
    this.#detector.reset();
    [this.#findings, this.#empty] = [new Map(), true];
  }
}

/** Tests of one family with Holm's correction: the chance of any false accusation stays ≤ α. */
class Corrected implements Listed<Scored> {
  readonly #tests: Listed<Judged>;
  readonly #adjusted: readonly number[];

  constructor(tests: Listed<Judged>, log10P: readonly number[]) {
    this.#tests = tests;
    this.#adjusted = holm(log10P);
  }

  get length(): number {
    return this.#tests.length;
  }

  *[Symbol.iterator](): Generator<Scored> {
    let i = 0;
    for (const test of this.#tests) {
      const log10PAdjusted = this.#adjusted[i++];
      const { kind, alpha } = test.verdict;
      const withdrawn = kind === "detected" && !rejects(log10PAdjusted, alpha);
      yield { ...test, kind: withdrawn ? "not-detected" : kind, log10PAdjusted };
    }
  }

  map<Result>(change: (test: Scored, index: number) => Result): readonly Result[] {
    return Array.from(this, change);
  }
}
