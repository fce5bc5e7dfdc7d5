/** `gateway --collected DIR`: answers that pass are tokenised in another thread, and counted as `serve` counts its own. */
import { type Profile, VerdigrisError } from "@verdigris/core";
import { AnswerReader, type UpstreamServerOptions } from "@verdigris/gateway/serve";
import { tokenizerOf } from "../files.js";
import type { Io } from "../io.js";
import { TokenisingPool } from "../tokenising.js";
import { collectingIn } from "./collecting.js";
import type { TenantsFile } from "./tenants-file.js";

/** Counting of what passes, until it is closed. */
export interface Passing {
  readonly onPassed: NonNullable<UpstreamServerOptions["onPassed"]>;
  /** Answers that were not counted. */
  readonly lost: () => number;
  /** Waits for what has passed. */
  close(): Promise<void>;
}

/** Starts to count. @throws TypeError without a tokenizer; VerdigrisError CONFIG_INVALID or FILE_* */
export async function countingPassed(
  io: Io,
  directory: string,
  { tokenizer: path, profiles }: TenantsFile,
): Promise<Passing> {
  if (path === null) {
    throw new TypeError(
      '--collected: expected the engine\'s tokenizer.json in the tenants file ("tokenizer": PATH), got none',
    );
  }
  const profile = oneTokenizer(profiles);
  const place = { profile, where: { profilePath: "", path } };
  const options = { workers: 2, alone: 0 };
  const pool = new TokenisingPool(tokenizerOf(profile, place.where), place, options);
  await pool.start().catch(async (cause: unknown) => {
    await pool.close();
    // Another thread's errors lose their kind on the way.
    throw new VerdigrisError("FILE_INVALID", (cause as Error).message, { cause });
  });
  const collecting = await collectingIn(io, directory);
  const { onAnswer, onError } = collecting;
  const encode: ConstructorParameters<typeof AnswerReader>[0]["encode"] = async (texts) =>
    (await pool.run(texts)).map(({ tokens }) => tokens);
  const reader = new AnswerReader({ encode, onAnswer, onError });
  return {
    onPassed: (answer, tenant) => reader.note(answer, tenant),
    lost: () => reader.lost + collecting.lost(),
    async close() {
      await reader.settled();
      await Promise.all([collecting.close(), pool.close()]);
    },
  };
}

/** An engine has one: ids of another would be counted as windows of the wrong vocabulary. */
function oneTokenizer(profiles: readonly Profile[]): Profile {
  const [first, ...others] = profiles;
  const other = others.find(({ tokenizer }) => tokenizer.sha256 !== first.tokenizer.sha256);
  if (other === undefined) return first;
  const message = `--collected: expected profiles of one tokenizer, got ${first.id} and ${other.id} with different ones`;
  throw new VerdigrisError("CONFIG_INVALID", message);
}
