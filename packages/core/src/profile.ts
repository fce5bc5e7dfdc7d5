import * as z from "zod";
import { VerdigrisError } from "./errors.js";
import { fieldsAt } from "./schema-fields.js";

/** Largest vocabulary: what a kernel's memory holds. */
export const MAX_VOCABULARY = 1 << 19;

const date = z.iso.datetime({ offset: true }).nullable();

/** Fields every profile has; `parameters` is checked by the scheme it names. */
export const profileSchema = z.strictObject({
  id: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/)
    .describe("Name of the deployed mark; enters the key derivation."),
  version: z.int().min(1).describe("Raised when the mark changes; enters the key derivation."),
  scheme: z.string().min(1).describe("Name in the scheme registry."),
  parameters: z.record(z.string(), z.unknown()).describe("The scheme's own parameters."),
  prf: z.string().describe("Pseudo-random function and its version."),
  V: z.int().min(2).max(MAX_VOCABULARY).describe("Vocabulary size: every token id is below it."),
  tokenizer: z.strictObject({
    id: z.string().min(1),
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
  }),
  h: z.int().min(0).max(64).describe("Context width: tokens before the scored one."),
  seeding: z.enum(["left", "min", "self"]).describe("How a context becomes a PRF input."),
  promptRule: z
    .enum(["exclude-windows", "none"])
    .describe("exclude-windows: a window that occurs in the prompt is not scored."),
  specialTokens: z
    .array(z.int().min(0))
    .readonly()
    .describe("Ids that are never scored and break windows."),
  validFrom: date,
  validTo: date,
  embedding: z
    .enum(["reweight", "select"])
    .optional()
    .describe(
      "How the mark gets in. select: passages are chosen among several, and nothing may be claimed about training. Default: reweight.",
    ),
  keyId: z.string().min(1).nullable().describe("Public identifier of the key, if one is fixed."),
});

/** Everything a detector must know of a deployed mark, except the key. */
export type Profile = Readonly<z.infer<typeof profileSchema>>;

/**
 * Parses `value` with `schema`; the error names each field, the accepted range and what came.
 * @throws VerdigrisError with `code`
 */
export function parseWith<T>(
  schema: z.ZodType<T>,
  value: unknown,
  where: {
    readonly name: string;
    readonly code: "PROFILE_INVALID" | "CONFIG_INVALID" | "FILE_INVALID";
    /** Fields, at any depth, whose value a message must not show. */
    readonly secret?: readonly string[];
  },
): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const lines = result.error.issues.map((issue) => {
    const field = [where.name, ...issue.path.map(String)].join(".");
    // The value of a field that nobody knows is not shown: it may be a secret.
    if (issue.code === "unrecognized_keys") {
      const known = fieldsAt(schema, value, issue.path).join(", ");
      const but = known === "" ? "" : ` but ${known}`;
      return `${field}: expected no fields${but}, got ${issue.keys.map(show).join(", ")}`;
    }
    const hidden = issue.path.some((step) => where.secret?.includes(String(step)) === true);
    const came = valueAt(value, issue.path);
    return `${field}: ${expectation(issue.message)}, got ${hidden && came !== undefined ? "something else" : show(came)}`;
  });
  throw new VerdigrisError(where.code, lines.join("; "));
}

/** What was expected, without what zod says of what came: that follows. */
function expectation(message: string): string {
  return message
    .replace(/^Invalid (input|option|string): /, "")
    .replace(/^Invalid discriminator value. E/, "e")
    .replace(/, received [\w ]+$/, "");
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let at: unknown = value;
  for (const step of path) {
    if (typeof at !== "object" || at === null) return undefined;
    at = (at as Record<PropertyKey, unknown>)[step];
  }
  return at;
}

function show(value: unknown): string {
  const text = value === undefined ? "nothing" : JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
