/**
 * How a mark's evidence divides: among tenants, over key epochs, between layers, in a coalition. Z0 is the z of an audit
 * if all that the student took carried one key. Each law follows from the survival law, in which the excess under a key
 * is proportional to the share of training examples with that key, and is tested on count students (L10).
 */
import { normalQuantile } from "@verdigris/detector";

/** z under the key of a tenant who holds the share `share` of what the student took: z_j = s_j · Z0. */
export function tenantZ(z0: number, share: number): number {
  return z0 * requireShare("share", share);
}

/** z after K equal key epochs: each epoch's key alone, and all combined by Stouffer's sum: a tax of √K. */
export function rotatedZ(
  z0: number,
  epochs: number,
): { readonly each: number; readonly combined: number } {
  const k = requireCount("epochs", epochs);
  return { each: z0 / k, combined: z0 / Math.sqrt(k) };
}

/** z of a layer that holds the share α of windows, when only its windows are audited: √α · Z0. */
export function layerZ(z0: number, share: number): number {
  return z0 * Math.sqrt(requireShare("share", share));
}

/** z of one of c equal members of a coalition: Z0 / c. */
export function coalitionZ(z0: number, members: number): number {
  return z0 / requireCount("members", members);
}

/** What an attribution among many can find. */
export interface AttributionPlan {
  /** z that any accusation needs: Bonferroni for all keys. */
  readonly threshold: number;
  /** Smallest share of the taken text with which a tenant is found with the wanted power; above 1: nobody is. */
  readonly smallestShare: number;
}

/** Plan of an attribution among `tenants` keys at family-wise error α. */
export function attributionPlan(
  z0: number,
  {
    tenants,
    alpha,
    power,
  }: { readonly tenants: number; readonly alpha: number; readonly power: number },
): AttributionPlan {
  const threshold = normalQuantile(alpha / requireCount("tenants", tenants));
  const needed = threshold - normalQuantile(power);
  return { threshold, smallestShare: z0 > 0 ? needed / z0 : Infinity };
}

function requireShare(name: string, value: number): number {
  if (value >= 0 && value <= 1) return value;
  throw new RangeError(`${name}: expected a number in [0, 1], got ${value}`);
}

function requireCount(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new RangeError(`${name}: expected a whole number from 1, got ${value}`);
}
