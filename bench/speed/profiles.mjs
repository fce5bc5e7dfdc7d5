import { testProfile } from "@verdigris/core/testing";

/** The green-list profile the speed benchmarks bind. */
export function profileOf({ gamma, ...rest }) {
  return testProfile({ ...rest, parameters: { gamma, delta: 2 }, promptRule: "none" });
}
