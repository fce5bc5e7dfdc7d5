import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { AnswerPart, Delta } from "./answer.js";

/** What is kept of one choice: enough to recognise its text, not to read it. */
export interface ChoiceRecord {
  readonly index: number;
  /** SHA-256 of the text in UTF-8, hexadecimal. */
  readonly textSha256: string;
  /** Its tokens; null where the upstream neither sent ids nor counted those of a single choice. */
  readonly tokens: number | null;
  readonly finishReason: string | null;
  /** Standard score of the mark when the answer was given out; where our own server wrote it. */
  readonly zScore?: number;
}

/** What a choice says, for whoever counts tokens. It is told once, and not kept. */
export interface Said {
  readonly text: string;
  /** The ids of all its tokens; null where the engine did not send them with all of its text. */
  readonly tokenIds: readonly number[] | null;
}

/** Choices beyond these are not recorded: no upstream gives more, and memory must have a bound. */
const MAX_CHOICES = 128;

/** Digests an answer as it passes. Its text is kept only if that is asked for, until the answer has passed. */
export class Transcript {
  readonly #choices = new Map<number, Choice>();
  readonly #longest: number;
  /** UTF-16 code units and ids so far. */
  #length = 0;
  #id: string | null = null;
  #completionTokens: number | null = null;

  /** Keeps what is said up to so many code units and ids. Default 0: nothing. */
  constructor(longest = 0) {
    this.#longest = longest;
  }

  add({ id, deltas, completionTokens }: AnswerPart): void {
    this.#id ??= id;
    this.#completionTokens = completionTokens ?? this.#completionTokens;
    for (const delta of deltas) {
      this.#length += delta.text.length + (delta.tokenIds?.length ?? 0);
      const choice = this.#choiceOf(delta.choice);
      choice?.add(delta);
      if (this.#length <= this.#longest) choice?.keep(delta);
    }
  }

  /** Id the upstream gave the answer. */
  get id(): string | null {
    return this.#id;
  }

  /** Tokens of all choices together, where the upstream counted them. */
  get completionTokens(): number | null {
    return this.#completionTokens;
  }

  /** The choices so far, by index. Call it once, at the end. */
  choices(): readonly ChoiceRecord[] {
    const counted = this.#choices.size === 1 ? this.#completionTokens : null;
    return this.#inOrder().map(([index, choice]) => choice.record(index, counted));
  }

  /** What the choices say, by index; null if nothing was read, or more than is kept. */
  said(): readonly Said[] | null {
    if (this.#choices.size === 0 || this.#length > this.#longest) return null;
    return this.#inOrder().map(([, choice]) => choice.said);
  }

  #inOrder(): readonly (readonly [number, Choice])[] {
    return [...this.#choices].toSorted(([a], [b]) => a - b);
  }

  #choiceOf(index: number): Choice | undefined {
    let choice = this.#choices.get(index);
    if (choice === undefined && this.#choices.size < MAX_CHOICES) {
      choice = new Choice();
      this.#choices.set(index, choice);
    }
    return choice;
  }
}

/** Code units that are hashed at once: deltas are short, and each would cost as much. */
const BLOCK = 1024;

class Choice {
  readonly #hash = sha256.create();
  /** Text that is not hashed yet. */
  #pending = "";
  #tokens: number | null = null;
  #finishReason: string | null = null;
  #text = "";
  /** Null once some text came without its ids. */
  #ids: number[] | null = [];

  get said(): Said {
    return { text: this.#text, tokenIds: this.#ids };
  }

  keep({ text, tokenIds }: Delta): void {
    this.#text += text;
    if (tokenIds === null && text !== "") this.#ids = null;
    for (const id of tokenIds ?? []) this.#ids?.push(id);
  }

  add({ text, tokenIds, finishReason }: Delta): void {
    if (tokenIds !== null) this.#tokens = (this.#tokens ?? 0) + tokenIds.length;
    this.#finishReason = finishReason ?? this.#finishReason;
    this.#pending += text;
    if (this.#pending.length < BLOCK) return;
    // Half of a surrogate pair waits for its other half.
    const end = this.#pending.length - (/[\uD800-\uDBFF]$/.test(this.#pending) ? 1 : 0);
    this.#hash.update(utf8ToBytes(this.#pending.slice(0, end)));
    this.#pending = this.#pending.slice(end);
  }

  record(index: number, counted: number | null): ChoiceRecord {
    this.#hash.update(utf8ToBytes(this.#pending));
    return {
      index,
      textSha256: bytesToHex(this.#hash.digest()),
      tokens: this.#tokens ?? counted,
      finishReason: this.#finishReason,
    };
  }
}
