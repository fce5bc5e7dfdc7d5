import { VerdigrisError } from "@verdigris/core";

/** Name of an environment variable. Capitals alone, so that most keys that are put in its place are refused. */
export const VARIABLE_NAME = /^[A-Z][A-Z0-9_]{0,127}$/;

/** What a header can carry without quoting. */
const TEXT = /^[\x21-\x7e]{1,4096}$/;

/**
 * What a server lets somebody in for. It leaves only through `reveal`; strings, JSON, inspection and `source` show the name
 * of its place. It is no part of what a model is: it enters no digest.
 */
export class ApiKey {
  readonly #text: string;
  /** Where it was read, for messages. */
  readonly source: string;

  /** @throws VerdigrisError KEY_INVALID, without the key, for what no header can carry */
  constructor(text: string, source: string) {
    this.#text = text.trim();
    this.source = source;
    if (TEXT.test(this.#text)) return;
    throw new VerdigrisError(
      "KEY_INVALID",
      `${source}: expected an API key of 1 to 4,096 visible ASCII characters, got ${this.#text.length} characters${this.#text === "" ? "" : " that are not, or more"}`,
    );
  }

  /**
   * The key in a variable of `env`; `field` asks for it.
   * @throws VerdigrisError CONFIG_INVALID naming field and variable if it is not set; KEY_INVALID
   */
  static fromEnvironment(
    env: Readonly<Record<string, string | undefined>>,
    { variable, field }: { readonly variable: string; readonly field: string },
  ): ApiKey {
    if (!VARIABLE_NAME.test(variable))
      throw new VerdigrisError(
        "CONFIG_INVALID",
        `${field}: expected the name of an environment variable in capitals, such as TEACHER_API_KEY, got something else (never write the key itself there)`,
      );
    const text = env[variable] ?? "";
    if (text.trim() !== "") return new ApiKey(text, variable);
    throw new VerdigrisError(
      "CONFIG_INVALID",
      `${field}: expected an API key in the environment variable ${variable}, which is ${env[variable] === undefined ? "not set" : "empty"}`,
    );
  }

  /** The secret itself. Never log it. */
  reveal(): string {
    return this.#text;
  }

  /** A text without the secret, should a server have sent it back. */
  hide(text: string): string {
    return text.replaceAll(this.#text, this.toString());
  }

  toString(): string {
    return `[API key in ${this.source}]`;
  }

  toJSON(): string {
    return this.toString();
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}
