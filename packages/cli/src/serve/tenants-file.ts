/** The file that says who may ask, and with which mark their answers are written. */
import { dirname, resolve } from "node:path";
import { type Profile, VerdigrisError, parseWith } from "@verdigris/core";
import type { DetectableMark, DetectionOptions } from "@verdigris/gateway/detection";
import { RegistryView } from "@verdigris/gateway/registry";
import { type ResolveTenant, type Tenant, fixedTenants } from "@verdigris/gateway/serve";
import { digestOf } from "@verdigris/survival";
import { readTokenizer } from "@verdigris/text";
import * as z from "zod";
import { keyMismatch, readJsonFile, readProfile } from "../files.js";
import { type Io, tell } from "../io.js";
import { openRegistryAt } from "../keys/master.js";
import { keyFrom, keySourceSchema } from "./key-source.js";

const client = { name: z.string().min(1), apiKeySha256: z.string().regex(/^[0-9a-f]{64}$/i) };
const tenantSchema = z.strictObject({
  ...client,
  profile: z.string().min(1).describe("Path of the profile."),
  key: keySourceSchema,
  group: z.string().min(1).optional().describe("Accounts that are thought to be one customer."),
  machineToMachine: z.boolean().default(false),
  fewestTokens: z.int().min(0).default(0),
});
const detectionSchema = z
  .strictObject({ tokenizer: z.string().min(1), clients: z.array(z.strictObject(client)).min(1) })
  .optional();
const common = {
  tokenizer: z
    .string()
    .min(1)
    .optional()
    .describe("Path of the engine's tokenizer.json, for `gateway --collected`; else detection's."),
  detection: detectionSchema,
};
const listedSchema = z.strictObject({ tenants: z.array(tenantSchema).min(1), ...common });
const registrySchema = z.strictObject({
  registry: z
    .strictObject({
      url: z
        .string()
        .min(1)
        .optional()
        .describe("sqlite:FILE or postgres://…; else VERDIGRIS_REGISTRY."),
      provider: z.string().min(1),
      master: keySourceSchema,
      profiles: z.array(z.string().min(1)).min(1).describe("Paths; their keyId is null."),
    })
    .describe("What `verdigris keys` keeps."),
  ...common,
});

/** A tenants file, read. Paths in it start where it lies. */
export interface TenantsFile {
  readonly resolveTenant: ResolveTenant;
  /** For the detection endpoint; null if the file asks for none. */
  readonly detection: Pick<DetectionOptions, "marks" | "clients"> | null;
  /** All that a tenant may have; at least one. */
  readonly profiles: readonly Profile[];
  /** Path of a tokenizer.json; null if the file names none. */
  readonly tokenizer: string | null;
}

/** @throws VerdigrisError CONFIG_INVALID, FILE_*, PROFILE_INVALID or KEY_INVALID */
export async function readTenantsFile(io: Io, path: string): Promise<TenantsFile> {
  const value = await readJsonFile(path);
  // Someone may have put a key there.
  const where = { name: path, code: "CONFIG_INVALID", secret: ["key", "master"] } as const;
  const locate = (file: string): string => resolve(dirname(path), file);
  if (typeof value === "object" && value !== null && "registry" in value) {
    return registered(io, parseWith(registrySchema, value, where), locate);
  }
  const { tenants: listed, ...rest } = parseWith(listedSchema, value, where);
  const { detection } = rest;
  refuseRepeated(path, listed);
  const tenants = await Promise.all(
    listed.map(async ({ profile: profilePath, key: source, group, ...tenant }) => {
      const profile = await readProfile(locate(profilePath));
      const key = await keyFrom(io, source, { profile, locate });
      const mismatch = keyMismatch(profile, key);
      if (mismatch !== null) throw new TypeError(`${path}: ${tenant.name}: ${mismatch}`);
      return { ...tenant, group: group ?? tenant.name, profile, digest: digestOf(profile), key };
    }),
  );
  return {
    resolveTenant: fixedTenants(tenants),
    profiles: tenants.map(({ profile }) => profile),
    tokenizer: tokenizerIn(rest, locate),
    detection:
      detection === undefined
        ? null
        : {
            marks: await marksOf(tenants, locate(detection.tokenizer)),
            clients: detection.clients,
          },
  };
}

/** Tenants, keys and marks as the registry has them, from moment to moment. */
async function registered(
  io: Io,
  { registry: { profiles: paths, ...where }, ...rest }: z.infer<typeof registrySchema>,
  locate: (path: string) => string,
): Promise<TenantsFile> {
  const profiles = await Promise.all(
    paths.map(async (path) => {
      const profile = await readProfile(locate(path));
      return { profile, digest: digestOf(profile) };
    }),
  );
  const registry = await openRegistryAt(io, where, locate);
  const view = new RegistryView(registry, {
    profiles,
    now: () => Date.now(),
    onError: (error) => tell(io, `registry: ${(error as Error).message}`),
  });
  const { detection } = rest;
  const file = {
    resolveTenant: view.resolveTenant,
    profiles: profiles.map(({ profile }) => profile),
    tokenizer: tokenizerIn(rest, locate),
  };
  if (detection === undefined) return { ...file, detection: null };
  const { id } = profiles[0].profile.tokenizer;
  const tokenizer = await readTokenizer(locate(detection.tokenizer), id);
  const marks = async (): Promise<readonly DetectableMark[]> =>
    (await view.marks()).map(({ profile, key }) => ({ profile, key, tokenizer }));
  return { ...file, detection: { marks, clients: detection.clients } };
}

function tokenizerIn(
  { tokenizer, detection }: Pick<z.infer<typeof listedSchema>, "tokenizer" | "detection">,
  locate: (path: string) => string,
): string | null {
  const path = tokenizer ?? detection?.tokenizer;
  return path === undefined ? null : locate(path);
}

/** Two tenants of one name could not be told apart in records; two of one API key not at all. */
function refuseRepeated(path: string, tenants: readonly z.infer<typeof tenantSchema>[]): void {
  for (const field of ["name", "apiKeySha256"] as const) {
    const values = tenants.map((tenant) => tenant[field].toLowerCase());
    const repeated = values.find((value, i) => values.indexOf(value) !== i);
    if (repeated === undefined) continue;
    throw new VerdigrisError(
      "CONFIG_INVALID",
      `${path}: expected each tenant's own ${field}, got ${repeated} twice`,
    );
  }
}

async function marksOf(
  tenants: readonly Tenant[],
  path: string,
): Promise<readonly DetectableMark[]> {
  const tokenizer = await readTokenizer(path, tenants[0].profile.tokenizer.id);
  return tenants.map(({ profile, key }) => ({ profile, key, tokenizer }));
}
