/** Collections on disk: one small compressed file a scope. */
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import { VerdigrisError } from "@verdigris/core";
import { asFileError, writeWhole } from "@verdigris/text";
import { Collected } from "./collected.js";

const FILE = /^[0-9a-f]{24}-(?:key|tenant)-[0-9a-f]{24}\.collected$/;
/** A sketch is mostly zeros: little effort finds them. */
const LEVEL = { level: 1 };

/** @throws VerdigrisError FILE_NOT_FOUND, FILE_UNREADABLE, FILE_INVALID */
export async function readCollected(path: string): Promise<Collected> {
  const packed = await readFile(path).catch((error: unknown) => {
    throw asFileError(error, path);
  });
  const contents = await promisify(gunzip)(packed).catch((cause: unknown) => {
    throw new VerdigrisError("FILE_INVALID", `${path}: is no collection`, { cause });
  });
  return Collected.fromBytes(contents, path);
}

/** @throws VerdigrisError FILE_UNWRITABLE; the old file is there then */
export async function writeCollected(path: string, collected: Collected): Promise<void> {
  const packed = await promisify(gzip)(collected.toBytes(), LEVEL);
  await writeWhole(path, packed, { isPrivate: true });
}

/**
 * The collections of several instances, merged scope by scope, a group's side by side and its keys first; one is in memory
 * at a time. @throws VerdigrisError FILE_*; of instances that do not share salt and width, FILE_INVALID naming the file
 */
export async function* collections(directories: readonly string[]): AsyncGenerator<Collected> {
  const listed = await Promise.all(directories.map(filesIn));
  for (const name of [...new Set(listed.flat())].toSorted()) {
    const holders = directories.filter((_, i) => listed[i].includes(name));
    const [first, ...others] = holders.map((directory) => join(directory, name));
    const collected = await readCollected(first);
    for (const path of others) mergeFrom(collected, await readCollected(path), path);
    yield collected;
  }
}

function mergeFrom(collected: Collected, other: Collected, path: string): void {
  try {
    collected.merge(other);
  } catch (cause) {
    const why = `cannot be merged with another instance's (${(cause as Error).message})`;
    throw new VerdigrisError("FILE_INVALID", `${path}: ${why}`, { cause });
  }
}

async function filesIn(directory: string): Promise<readonly string[]> {
  const names = await readdir(directory).catch((error: unknown) => {
    throw asFileError(error, directory);
  });
  return names.filter((name) => FILE.test(name));
}
