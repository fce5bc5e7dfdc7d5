import { profileJsonSchema } from "@verdigris/core";
import { Argument, Command } from "commander";
import * as z from "zod";
import { scoreLineSchema, scoreSchema } from "@verdigris/detector/json";
import { checkSchema } from "../formats/check.js";
import { forecastSchema } from "../formats/forecast-schema.js";
import { monitorLineSchema, monitorSchema } from "../formats/monitor-schema.js";
import { identifySchema } from "../formats/schema.js";
import { type Io, print } from "../io.js";

/** JSON Schemas, draft 2020-12, of what goes in and comes out. Unknown fields are allowed: a version may gain some. */
export const jsonSchemas = {
  profile: profileJsonSchema,
  score: () => z.toJSONSchema(scoreSchema, { io: "input" }),
  "score-lines": () => z.toJSONSchema(scoreLineSchema, { io: "input" }),
  identify: () => z.toJSONSchema(identifySchema, { io: "input" }),
  // Loaded on demand: few calls need the laboratory.
  budgets: async () =>
    z.toJSONSchema((await import("@verdigris/survival")).budgetsSchema, { io: "input" }),
  check: () => z.toJSONSchema(checkSchema, { io: "input" }),
  monitor: () => z.toJSONSchema(monitorSchema, { io: "input" }),
  "monitor-lines": () => z.toJSONSchema(monitorLineSchema, { io: "input" }),
  forecast: () => z.toJSONSchema(forecastSchema, { io: "input" }),
  experiment: async () =>
    z.toJSONSchema((await import("@verdigris/survival")).experimentSchema, { io: "input" }),
  study: async () =>
    z.toJSONSchema((await import("@verdigris/survival")).studySchema, { io: "input" }),
} as const satisfies Readonly<Record<string, () => object | Promise<object>>>;

/** `verdigris schema`: the published JSON Schemas. */
export function schemaCommand(io: Io): Command {
  return new Command("schema")
    .description(
      "print a JSON Schema: of profiles and configurations, or of the JSON that a command prints",
    )
    .addArgument(new Argument("<name>", "what it is of").choices(Object.keys(jsonSchemas)))
    .action(async (name: keyof typeof jsonSchemas) =>
      print(io, `${JSON.stringify(await jsonSchemas[name](), null, 2)}\n`),
    );
}
