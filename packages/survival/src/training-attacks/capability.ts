/** What an attacked student can still do: losses on the same held-out text, nats per token. */
export interface Capability {
  readonly untrained: number;
  readonly unattacked: number;
  readonly attacked: number;
  /** Share of what training taught that is left; above 1 if the attack taught more. */
  readonly kept: number;
  /** An attack counts only if it keeps 95 % of the capability (statistics.md 17). */
  readonly counts: boolean;
}

/** Share of the capability that an attack must keep to count. */
const ENOUGH = 0.95;

/**
 * Capability by losses: (untrained − attacked) / (untrained − unattacked). 0 where training taught nothing: then there is
 * nothing to keep, and no attack counts.
 */
export function capabilityOf(losses: {
  readonly untrained: number;
  readonly unattacked: number;
  readonly attacked: number;
}): Capability {
  const { untrained, unattacked, attacked } = losses;
  const taught = untrained - unattacked;
  const kept = taught > 0 ? (untrained - attacked) / taught : 0;
  return { untrained, unattacked, attacked, kept, counts: kept >= ENOUGH };
}
