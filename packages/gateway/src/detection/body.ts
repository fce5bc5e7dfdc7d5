/** The body of a detection request. */
import * as z from "zod";

const tokenIds = z.array(z.int().min(0).max(0xffff_ffff)).min(1);

/** What a client sends. */
export const detectSchema = z
  .strictObject({
    text: z.string().min(1).optional().describe("The text to test; or `tokens`."),
    tokens: tokenIds.optional().describe("Its token ids, where they are known: better evidence."),
    prompt: z.string().optional().describe("What its writer was shown, if it is known."),
    promptTokens: tokenIds.optional().describe("The same as token ids."),
    profiles: z
      .array(z.string())
      .min(1)
      .max(100)
      .optional()
      .describe("Ids of the profiles to test for. Default: all."),
    alpha: z
      .number()
      .gt(0)
      .lt(1)
      .default(1e-3)
      .describe("Chance of a false alarm over all profiles tested."),
  })
  .refine(({ text, tokens }) => (text === undefined) !== (tokens === undefined), {
    message: "expected text or tokens, and not both",
    path: ["text"],
  });

export type DetectBody = z.infer<typeof detectSchema>;
