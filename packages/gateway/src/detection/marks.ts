/** The marks an endpoint tests for. */
import { type Key, type Profile, type Tokens, bindScheme, createKernel } from "@verdigris/core";
import { Detector, type Piece, type Verdict, holm, rejects } from "@verdigris/detector";
import { type JudgedMark, type ScoreJson, pooledJson } from "@verdigris/detector/json";
import { type Tokenizer, normalise } from "@verdigris/text/portable";
import { invalidRequest } from "../errors.js";
import type { DetectBody } from "./body.js";

/** A mark to test for. */
export interface DetectableMark {
  readonly profile: Profile;
  readonly key: Key;
  /** The profile's; without it only token ids can be tested. */
  readonly tokenizer?: Tokenizer;
}

interface Mark extends DetectableMark {
  readonly mark: JudgedMark;
  /** Keeps decoy keys bound from one request to the next, and no transcript. */
  readonly detector: Detector;
}

/** What is tested of a text under one profile. */
interface Prepared {
  readonly piece: Piece;
  readonly findings: ReadonlyMap<string, number>;
}

/** Marks; those of one profile under several keys share its id. Keys stay inside. */
export class Marks {
  readonly #marks: readonly Mark[];
  /** @throws RangeError for no marks, one mark twice, or a key or tokenizer that is not the profile's */
  constructor(marks: readonly DetectableMark[], decoys: number | "auto") {
    if (marks.length === 0) throw new RangeError("marks: expected at least one, got none");
    const kernel = createKernel();
    const known = new Set<string>();
    this.#marks = marks.map((given) => {
      checkMark(given, known);
      const { profile, key } = given;
      const { law, weaknesses } = bindScheme(profile, key, kernel);
      const warnings = weaknesses.map(({ name, message }) => `${name}: ${message}`);
      const mark = { profile: profile.id, keyId: key.id, law: law.kind, warnings };
      const detector = new Detector(profile, key, { decoys, kernel });
      return { ...given, mark, detector };
    });
  }

  /**
   * Tests a text for several marks, with Holm's correction over them.
   * @throws RequestError for a profile that is not there, or that needs a tokenizer it has not
   */
  test(body: DetectBody): readonly ScoreJson[] {
    const tested = this.#asked(body).map((found) => {
      const { piece, findings } = prepared(body, found);
      return { found, findings, verdict: verdictOf(found.detector, piece, body.alpha) };
    });
    const adjusted = holm(tested.map(({ verdict }) => verdict.log10P));
    return tested.map(({ found, findings, verdict }, i) => {
      const withdrawn = verdict.kind === "detected" && !rejects(adjusted[i], body.alpha);
      const kind = withdrawn ? "not-detected" : verdict.kind;
      const judged = { name: "text", kind, verdict, log10PAdjusted: adjusted[i], findings };
      return { ...pooledJson(judged, found.mark), problems: [], files: [] };
    });
  }

  #asked({ profiles }: DetectBody): readonly Mark[] {
    if (profiles === undefined) return this.#marks;
    const ids = new Set(profiles);
    const asked = this.#marks.filter(({ profile }) => ids.has(profile.id));
    if (new Set(asked.map(({ profile }) => profile.id)).size === ids.size) return asked;
    const message = "profiles: expected ids of known profiles";
    throw invalidRequest(message, "unknown_profile", "profiles");
  }
}

function verdictOf(detector: Detector, piece: Piece, alpha: number): Verdict {
  detector.reset(alpha);
  try {
    detector.add(piece);
    return detector.verdict();
  } finally {
    detector.reset();
  }
}

function checkMark({ profile, key, tokenizer }: DetectableMark, known: Set<string>): void {
  const { id, keyId } = profile;
  const name = `${id} with key ${key.id}`;
  if (known.has(name)) throw new RangeError(`marks: expected different marks, got two of ${name}`);
  known.add(name);
  if (keyId !== null && keyId !== key.id) {
    throw new RangeError(`marks: expected key ${keyId} for profile ${id}, got ${key.id}`);
  }
  if (tokenizer !== undefined && tokenizer.identity.sha256 !== profile.tokenizer.sha256) {
    throw new RangeError(
      `marks: expected tokenizer ${profile.tokenizer.sha256} for profile ${id}, got ${tokenizer.identity.sha256}`,
    );
  }
}

/** Recorded tokens are taken as they are; texts are normalised and tokenised. */
function prepared(body: DetectBody, mark: DetectableMark): Prepared {
  const { findings = [], tokens } = tokensOf("tokens", body.tokens ?? body.text ?? "", mark);
  const shown = body.promptTokens ?? body.prompt;
  const isNeeded = shown !== undefined && mark.profile.promptRule !== "none";
  const prompt = isNeeded ? { prompt: tokensOf("promptTokens", shown, mark).tokens } : {};
  return {
    piece: { tokens, ...prompt },
    findings: new Map(findings.map(({ kind, count }) => [kind, count])),
  };
}

function tokensOf(
  param: string,
  given: string | readonly number[],
  { profile, tokenizer }: DetectableMark,
): { tokens: Tokens; findings?: ReturnType<typeof normalise>["findings"] } {
  if (typeof given === "string") {
    if (tokenizer === undefined) {
      const message = `${param}: expected token ids: profile ${profile.id} has no tokenizer here`;
      throw invalidRequest(message, "tokens_required", param);
    }
    const { text, findings } = normalise(given);
    return { tokens: tokenizer.encode(text), findings };
  }
  const at = given.findIndex((id) => id >= profile.V);
  if (at === -1) return { tokens: Uint32Array.from(given) };
  const message = `${param}[${at}]: expected an id below ${profile.V}, the vocabulary of profile ${profile.id}`;
  throw invalidRequest(message, "invalid_value", param);
}
