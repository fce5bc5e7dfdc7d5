import { type Snapshot, scopeText, stateOf } from "@verdigris/gateway/registry";
import { Command } from "commander";
import { type Io, print } from "../../io.js";
import { type RegistryOptions, withOpenRegistry, withRegistry } from "../../keys/master.js";
import { formatOption } from "../../options.js";

interface ListOptions extends RegistryOptions {
  readonly format: "text" | "json";
}

/** `verdigris keys list`: what is registered, and how it stands. */
export function listCommand(io: Io): Command {
  return withRegistry(new Command("list"))
    .description("list tenants, epochs and their states; no key, only public ids")
    .addOption(formatOption(["text", "json"]))
    .action((options: ListOptions) =>
      withOpenRegistry(io, options, async (registry) => {
        const list = listOf(await registry.snapshot(), Date.now());
        const json = (): string => `${JSON.stringify(list, null, 2)}\n`;
        await print(io, options.format === "json" ? json() : textOf(list));
      }),
    );
}

interface List {
  readonly tenants: Snapshot["tenants"];
  readonly epochs: readonly {
    readonly scope: string;
    readonly number: number;
    readonly state: string;
    readonly keyId: string;
    readonly startsAt: string;
    readonly endsAt: string | null;
    readonly revokedAt: string | null;
  }[];
}

function listOf({ tenants, epochs }: Snapshot, now: number): List {
  const time = (at: number | null): string | null =>
    at === null ? null : new Date(at).toISOString();
  return {
    tenants,
    epochs: epochs.map((epoch) => ({
      scope: scopeText(epoch.scope),
      number: epoch.number,
      state: stateOf(epoch, now),
      keyId: epoch.keyId,
      startsAt: new Date(epoch.startsAt).toISOString(),
      endsAt: time(epoch.endsAt),
      revokedAt: time(epoch.revokedAt),
    })),
  };
}

function textOf({ tenants, epochs }: List): string {
  const lines = [
    ...tenants.map(
      ({ name, group, level, profile }) =>
        `tenant ${name}  group ${group}  marked with the ${level}'s key  profile ${profile}`,
    ),
    ...epochs.map(({ scope, number, state, keyId, startsAt, endsAt }) => {
      const until = endsAt === null ? "" : ` until ${endsAt}`;
      return `${scope}  epoch ${number}  ${state}  key ${keyId}  from ${startsAt}${until}`;
    }),
  ];
  return lines.map((line) => `${line}\n`).join("");
}
