import { parseWith } from "@verdigris/core";
import { digestOf } from "../store.js";
import type { Study } from "./config.js";
import { type Setting, settingSchema } from "./setting.js";

/** One cell of a study's grid. */
export interface GridCell {
  /** Digest of the setting. */
  readonly id: string;
  /** What differs from the default cell, as `path = level`; empty for the default cell. */
  readonly changes: Readonly<Record<string, unknown>>;
  readonly setting: Setting;
  /** The cell of the same student without the mark (ρ = 0): the control that its capability is measured against. */
  readonly control: string;
}

/**
 * The cells of a study: the default one, each level of each axis alone, and every combination of each interaction; then
 * the controls they need. Each setting once, in this order.
 * @throws VerdigrisError CONFIG_INVALID for a path or level that no setting has
 */
export function gridOf(study: Study): readonly GridCell[] {
  const changes = [
    {},
    ...Object.entries(study.vary).flatMap(([path, levels]) =>
      levels.map((level) => ({ [path]: level })),
    ),
    ...study.cross.flatMap(combinations),
  ];
  const cells = new Map<string, GridCell>();
  const add = (of: Readonly<Record<string, unknown>>, setting: Setting): void => {
    const id = idOf(setting);
    const control = idOf(controlOf(setting));
    if (!cells.has(id)) cells.set(id, { id, changes: of, setting, control });
  };
  for (const change of changes) add(change, changed(study.default, change));
  // A map's iteration goes on to what is added meanwhile.
  for (const { changes: of, setting } of cells.values()) {
    if (setting.attack !== null) add({ ...of, attack: null }, { ...setting, attack: null });
    add({ ...of, attack: null, rho: 0 }, controlOf(setting));
  }
  return [...cells.values()];
}

/** The cell of the same student without its attack; null if it has none. */
export function unattackedOf(setting: Setting): string | null {
  return setting.attack === null ? null : idOf({ ...setting, attack: null });
}

function idOf(setting: Setting): string {
  return digestOf(setting).slice(0, 16);
}

/** The same teacher, student and audit without a mark in the corpus. */
function controlOf(setting: Setting): Setting {
  return { ...setting, rho: 0, keyring: { kind: "one" }, attack: null };
}

function combinations(
  axes: Readonly<Record<string, readonly unknown[]>>,
): readonly Readonly<Record<string, unknown>>[] {
  return Object.entries(axes).reduce<readonly Readonly<Record<string, unknown>>[]>(
    (all, [path, levels]) =>
      all.flatMap((one) => levels.map((level) => ({ ...one, [path]: level }))),
    [{}],
  );
}

/** A setting with levels put in at their paths. */
function changed(setting: Setting, change: Readonly<Record<string, unknown>>): Setting {
  const copy: unknown = structuredClone(setting);
  for (const [path, level] of Object.entries(change)) {
    const steps = path.split(".");
    const last = steps.pop() ?? path;
    let at = copy as Record<string, unknown>;
    // A step that leads nowhere stays in, for the schema to refuse.
    for (const step of steps) at = (at[step] ??= {}) as Record<string, unknown>;
    at[last] = level;
  }
  return parseWith(settingSchema, copy, { name: placeOf(change), code: "CONFIG_INVALID" });
}

/** What differs from the default cell, in a line; empty for the default cell. */
export function changesText(changes: GridCell["changes"]): string {
  return Object.entries(changes)
    .map(([path, level]) => `${path} = ${JSON.stringify(level)}`)
    .join(", ");
}

/** Where in a study a cell's setting comes from, for messages. */
export function placeOf(changes: GridCell["changes"]): string {
  const text = changesText(changes);
  return text === "" ? "study.default" : `study.default (${text})`;
}
