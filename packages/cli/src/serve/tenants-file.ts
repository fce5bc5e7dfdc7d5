/** The file that says who may ask, and with which mark their answers are written. */
import { dirname, resolve } from "node:path";
import { VerdigrisError, parseWith } from "@verdigris/core";
import type { DetectableMark } from "@verdigris/gateway/detection";
import { type ResolveTenant, type Tenant, fixedTenants } from "@verdigris/gateway/serve";
import { digestOf } from "@verdigris/survival";
import { readTokenizer } from "@verdigris/text";
import * as z from "zod";
import { keyMismatch, readJsonFile, readProfile } from "../files.js";
import type { Io } from "../io.js";
import { keyFrom, keySourceSchema } from "./key-source.js";

const client = { name: z.string().min(1), apiKeySha256: z.string().regex(/^[0-9a-f]{64}$/i) };
const tenantSchema = z.strictObject({
  ...client,
  profile: z.string().min(1).describe("Path of the profile."),
  key: keySourceSchema,
  machineToMachine: z.boolean().default(false),
  fewestTokens: z.int().min(0).default(0),
});
const fileSchema = z.strictObject({
  tenants: z.array(tenantSchema).min(1),
  detection: z
    .strictObject({ tokenizer: z.string().min(1), clients: z.array(z.strictObject(client)).min(1) })
    .optional(),
});

/** A tenants file, read. Paths in it start where it lies. */
export interface TenantsFile {
  readonly resolveTenant: ResolveTenant;
  readonly tenants: readonly Tenant[];
  /** For the detection endpoint; null if the file asks for none. */
  readonly detection: {
    readonly marks: readonly DetectableMark[];
    readonly clients: readonly { readonly name: string; readonly apiKeySha256: string }[];
  } | null;
}

/** @throws VerdigrisError CONFIG_INVALID, FILE_*, PROFILE_INVALID or KEY_INVALID */
export async function readTenantsFile(io: Io, path: string): Promise<TenantsFile> {
  const value = await readJsonFile(path);
  const { tenants: listed, detection } = parseWith(fileSchema, value, {
    name: path,
    code: "CONFIG_INVALID",
    // Someone may have put a key there.
    secret: ["key"],
  });
  refuseRepeated(path, listed);
  const locate = (file: string): string => resolve(dirname(path), file);
  const tenants = await Promise.all(
    listed.map(async ({ profile: profilePath, key: source, ...tenant }) => {
      const profile = await readProfile(locate(profilePath));
      const key = await keyFrom(io, source, { profile, locate });
      const mismatch = keyMismatch(profile, key);
      if (mismatch !== null) throw new TypeError(`${path}: ${tenant.name}: ${mismatch}`);
      return { ...tenant, profile, digest: digestOf(profile), key };
    }),
  );
  return {
    resolveTenant: fixedTenants(tenants),
    tenants,
    detection:
      detection === undefined
        ? null
        : {
            marks: await marksOf(tenants, locate(detection.tokenizer)),
            clients: detection.clients,
          },
  };
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
