import { Key, type Profile } from "@verdigris/core";
import { readTokenizer } from "@verdigris/text";
import type { Text } from "../corpus.js";
import { ApiKey } from "../endpoint/api-key.js";
import type { ServedModel } from "../live-material.js";
import type { MarkedArm } from "../corpus.js";
import type { Material } from "../material.js";
import { canonicalJson, digestOf } from "../store.js";
import type { Setting } from "./setting.js";

/** Material that can go to another thread: keys in their text form, a tokenizer as its file. */
export interface PortableMaterial extends Omit<Material, "arms" | "tokenizer" | "served"> {
  readonly arms: readonly Portable<MarkedArm>[];
  readonly served?: {
    readonly unmarked: PortableServer;
    readonly arms: readonly (PortableServer & Portable<MarkedArm>)[];
  };
}

type PortableServer = Omit<ServedModel, "apiKey"> & {
  readonly access?: { readonly text: string; readonly source: string };
};

type Portable<Arm extends MarkedArm> = Omit<Arm, "key"> & { readonly keyText: string };

function withoutKey<Arm extends MarkedArm>({ key, ...arm }: Arm): Portable<Arm> {
  return { ...arm, keyText: key.reveal() };
}

function withKey<Arm extends Portable<MarkedArm>>({
  keyText,
  ...arm
}: Arm): Omit<Arm, "keyText"> & { readonly key: Key } {
  return { ...arm, key: Key.fromText(keyText) };
}

function withoutAccess<Server extends ServedModel>({
  apiKey,
  ...server
}: Server): Omit<Server, "apiKey"> & PortableServer {
  const access = apiKey && { text: apiKey.reveal(), source: apiKey.source };
  return { ...server, ...(access !== undefined && { access }) };
}

function withAccess<Server extends PortableServer>({
  access,
  ...server
}: Server): Omit<Server, "access"> & ServedModel {
  const apiKey = access && new ApiKey(access.text, access.source);
  return { ...server, ...(apiKey !== undefined && { apiKey }) };
}

/** Material to hand to another thread of this process. */
export function portable(material: Material): PortableMaterial {
  const { digest, vocabularySize, tokenizerFile, model, served, unmarked, human } = material;
  return {
    digest,
    vocabularySize,
    unmarked,
    human,
    ...(tokenizerFile !== undefined && { tokenizerFile }),
    ...(model !== undefined && { model }),
    ...(served !== undefined && {
      served: {
        unmarked: withoutAccess(served.unmarked),
        arms: served.arms.map((arm) => withoutAccess(withoutKey(arm))),
      },
    }),
    arms: material.arms.map(withoutKey),
  };
}

/** The material that `portable` was given. */
export async function unpacked({ arms, served, ...material }: PortableMaterial): Promise<Material> {
  const { tokenizerFile } = material;
  return {
    ...material,
    arms: arms.map(withKey),
    ...(served !== undefined && {
      served: {
        unmarked: withAccess(served.unmarked),
        arms: served.arms.map((arm) => withAccess(withKey(arm))),
      },
    }),
    ...(tokenizerFile !== undefined && { tokenizer: await readTokenizer(tokenizerFile) }),
  };
}

/**
 * Material with its vocabulary folded into `size` ids, so that marks that cost time in proportion to the vocabulary can be
 * studied: the most frequent size − 1 tokens keep an id of their own, the rest shares the last.
 * Recorded marks and the tokenizer do not fit it, and are gone.
 */
export function folded(material: Material, size: number): Material {
  const counts = new Uint32Array(material.vocabularySize);
  for (const texts of [material.unmarked, material.human])
    for (const { tokens } of texts) for (const token of tokens) counts[token]++;
  const byCount = Uint32Array.from(counts.keys()).sort((a, b) => counts[b] - counts[a] || a - b);
  const ids = new Uint32Array(material.vocabularySize).fill(size - 1);
  byCount.subarray(0, size - 1).forEach((token, id) => (ids[token] = id));
  const fold = (text: Text): Text => ({ ...text, tokens: text.tokens.map((token) => ids[token]) });
  return {
    digest: digestOf({ material: material.digest, folded: size }),
    vocabularySize: size,
    arms: [],
    unmarked: material.unmarked.map(fold),
    human: material.human.map(fold),
  };
}

/** The profile of a study's mark; its tokenizer is the material's. */
export function profileOf(mark: Setting["mark"], material: Material): Profile {
  return {
    ...mark,
    id: "study",
    version: 1,
    V: material.vocabularySize,
    tokenizer: { id: "material", sha256: material.digest },
    promptRule: "exclude-windows",
    specialTokens: [],
    validFrom: null,
    validTo: null,
    keyId: null,
  };
}

/** The i-th key of a study, and of one part of its keyring. Public: anyone can repeat the study. */
export function studyKey(index: number, part: number): Key {
  const master = Key.fromBytes(new Uint8Array(32));
  return master.derive({ provider: "verdigris study", tenant: String(part), epoch: String(index) });
}

/** The marked arms that a teacher is bound to; null for one that writes any mark under any key. */
export function armsOf(
  { kind }: Setting["teacher"],
  { arms, served }: Pick<Material, "arms" | "served">,
): readonly MarkedArm[] | null {
  if (kind === "recorded") return arms;
  return kind === "endpoint" ? (served?.arms ?? []) : null;
}

/** The recorded arm with a mark. @throws RangeError if there is none */
export function recordedArm<Arm extends MarkedArm>(
  mark: Setting["mark"],
  arms: readonly Arm[],
): Arm {
  const named = ({ scheme, h, seeding, parameters }: Omit<Setting["mark"], "prf">): string =>
    canonicalJson({ scheme, h, seeding, parameters });
  const found = arms.find(({ profile }) => named(profile) === named(mark));
  if (found !== undefined) return found;
  const known = arms.map(({ profile }) => named(profile)).join(" or ");
  throw new RangeError(`mark: expected ${known} with this teacher, got ${named(mark)}`);
}
