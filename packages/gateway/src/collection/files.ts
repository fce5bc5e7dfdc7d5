/** Collections on disk: one small compressed file a scope, in the place of each process. */
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { setImmediate as breath } from "node:timers/promises";
import { promisify } from "node:util";
import { createGzip, gunzip } from "node:zlib";
import { VerdigrisError, createKernel } from "@verdigris/core";
import { ServingSketch } from "@verdigris/detector";
import { asFileError, writeWhole } from "@verdigris/text";
import { Collected } from "./collected.js";
import type { EmptySketch } from "./hashing.js";
import { type Place, inPlace, pathOf, placesIn } from "./places.js";

const FILE = /^[0-9a-f]{24}-(?:key|tenant)-[0-9a-f]{24}\.collected$/;
/** A sketch is mostly zeros: little effort finds them, and little memory, which would be garbage after each file. */
const PACKING = { level: 1, windowBits: 12, memLevel: 6 };
/** Most bytes of a collection that are unpacked in one piece. */
const PIECE = 2 ** 26;

/** Reads a file, with a breath after each .1 ms of work. @throws VerdigrisError FILE_NOT_FOUND, FILE_UNREADABLE, FILE_INVALID */
export async function readCollected(path: string, empty: EmptySketch): Promise<Collected> {
  const packed = await readFile(path).catch((error: unknown) => {
    throw asFileError(error, path);
  });
  // Its last word is the length of what it holds: in one piece, nothing is copied on this thread.
  const length = packed.length < 4 ? 0 : packed.readUInt32LE(packed.length - 4);
  const options = { chunkSize: Math.min(PIECE, Math.max(64, length + 1)) };
  const contents = await promisify(gunzip)(packed, options).catch((cause: unknown) => {
    throw new VerdigrisError("FILE_INVALID", `${path}: is no collection`, { cause });
  });
  const steps = Collected.reading(contents, path, empty);
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
    await breath();
  }
}

/** Writes into a place that is held. @throws VerdigrisError FILE_UNWRITABLE; the old file is there then */
export async function writeCollected(
  place: Place,
  name: string,
  collected: Collected,
): Promise<void> {
  const packed = await pipeline(collected.pieces(), createGzip(PACKING), buffer);
  // Who has lost the place must not make it again, nor write into what the next one writes.
  const writer = `.${place.generation}`;
  const options = { isPrivate: true, makesFolders: false, writer };
  await writeWhole(join(pathOf(place), name), packed, options);
}

/**
 * The collections of all processes and instances, merged scope by scope, a group's side by side and its keys first; one is in
 * memory at a time. @throws VerdigrisError FILE_*; of instances that do not share salt and width, FILE_INVALID naming the file
 */
export async function* collections(directories: readonly string[]): AsyncGenerator<Collected> {
  const places = (await Promise.all(directories.map(placesIn))).flat();
  const kernel = createKernel();
  const empty: EmptySketch = (shape) => new ServingSketch(shape, kernel);
  const listed = await Promise.all(
    places.map(async (place) => ({ place, names: new Set(await inPlace(place, filesIn)) })),
  );
  for (const name of new Set(listed.flatMap(({ names }) => [...names]).toSorted())) {
    const holders = listed.filter(({ names }) => names.has(name));
    let all: Collected | null = null;
    for (const { place } of holders) {
      all = await inPlace(place, (path) => mergedWith(all, join(path, name), empty));
    }
    if (all !== null) yield all;
  }
}

/** What a file holds, and what was read before it. */
async function mergedWith(
  all: Collected | null,
  path: string,
  empty: EmptySketch,
): Promise<Collected> {
  const own = await readCollected(path, empty);
  if (all === null) return own;
  try {
    all.merge(own);
    return all;
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
