import { testProfile } from "@verdigris/core/testing";

/** Keyed marks of each kind of seeding, which benchmarks of many keys go through. */
export function manyKeysProfiles(V) {
  const cases = [
    ["green-list", "left", 1],
    ["green-list", "left", 2],
    ["green-list", "left", 4],
    ["gumbel", "left", 2],
    ["green-list", "min", 3],
    ["green-list", "self", 2],
    ["green-list", "self", 4],
  ];
  return cases.map(([scheme, seeding, h]) => {
    const green = profileOf({ V, gamma: 0.25, h, seeding });
    return scheme === "gumbel" ? { ...green, scheme, parameters: {} } : green;
  });
}

/** The green-list profile the speed benchmarks bind. */
export function profileOf({ gamma, ...rest }) {
  return testProfile({ ...rest, parameters: { gamma, delta: 2 }, promptRule: "none" });
}

/** What tells profiles apart in a table. */
export function markOf({ scheme, seeding, h }) {
  return { scheme, seeding, h };
}
