/** What the endpoint is, for machines. */
import { scoreSchema } from "@verdigris/detector/json";
import * as z from "zod";
import type { JsonObject } from "../json.js";
import { detectSchema } from "./body.js";

const error = z.object({
  error: z.object({
    message: z.string(),
    type: z.string(),
    param: z.string().nullable(),
    code: z.string(),
  }),
});

const answer = z.object({
  version: z.literal(1),
  results: z.array(scoreSchema).describe("One for each profile, in the order asked for."),
});

/** The OpenAPI 3.1 document. */
export function openApiDocument(): JsonObject {
  const failures = {
    "400": "The request cannot be answered as it is.",
    "401": "No API key, or an unknown one.",
    "413": "The body is too large.",
    "429": "Too many requests; see retry-after.",
  };
  const detect = {
    summary: "Tests a text for marks",
    operationId: "detect",
    security: [{ apiKey: [] }],
    requestBody: { required: true, content: json(detectSchema) },
    responses: {
      "200": { description: "The verdicts.", content: json(answer) },
      ...Object.fromEntries(
        Object.entries(failures).map(([status, description]) => [
          status,
          { description, content: json(error) },
        ]),
      ),
    },
  };
  return {
    openapi: "3.1.0",
    info: { title: "Verdigris detection", version: "1" },
    paths: {
      "/v1/detect": { post: detect },
      "/healthz": { get: plain("healthz", "Is it running?") },
      "/readyz": { get: { ...plain("readyz", "Can it answer?") } },
    },
    components: { securitySchemes: { apiKey: { type: "http", scheme: "bearer" } } },
  };
}

function json(schema: z.ZodType): JsonObject {
  const io = schema === detectSchema ? "input" : "output";
  const { $schema: _, ...plainSchema } = z.toJSONSchema(schema, { io });
  return { "application/json": { schema: plainSchema } };
}

function plain(operationId: string, summary: string): JsonObject {
  return {
    summary,
    operationId,
    security: [],
    responses: { "200": { description: "Yes." }, "503": { description: "No." } },
  };
}
