import type { Level } from "@verdigris/gateway/registry";
import { Command, Option } from "commander";
import { type Io, tell } from "../../io.js";
import { type RegistryOptions, withOpenRegistry, withRegistry } from "../../keys/master.js";
import { numberOption } from "../../options.js";

interface AddOptions extends RegistryOptions {
  readonly group: string;
  readonly level: Level;
  readonly profile: string;
  readonly apiKeySha256: string;
  readonly machineToMachine?: boolean;
  readonly fewestTokens: number;
}

/** `verdigris keys add`: a new tenant. */
export function addCommand(io: Io): Command {
  const fewest = { min: 0, max: 1e6, whole: true };
  return withRegistry(new Command("add"))
    .description("register a tenant; makes the registry where there is none")
    .argument("<tenant>", "its name in records")
    .requiredOption("--group <name>", "the customer its accounts are thought to belong to")
    .addOption(
      new Option("--level <level>", "whose key marks its answers")
        .choices(["provider", "group", "tenant"] satisfies Level[])
        .default("group"),
    )
    .requiredOption("--profile <id>", "profile its answers are marked with")
    .requiredOption("--api-key-sha256 <hex>", "SHA-256 of its API key")
    .option("--machine-to-machine", "answers that no person reads: they go unmarked")
    .addOption(
      numberOption("--fewest-tokens <n>", "shorter answers go unmarked", fewest).default(0),
    )
    .action((name: string, options: AddOptions) => addTenant(io, name, options));
}

function addTenant(io: Io, name: string, options: AddOptions): Promise<void> {
  const { group, level, profile, apiKeySha256, fewestTokens } = options;
  const machineToMachine = options.machineToMachine === true;
  const tenant = { name, group, level, profile, apiKeySha256, machineToMachine, fewestTokens };
  return withOpenRegistry(io, options, async (registry) => {
    const { keyId, number } = await registry.addTenant(tenant, Date.now());
    tell(
      io,
      `tenant ${name} of ${group}: marked with the ${level}'s key ${keyId}, epoch ${number}`,
    );
    if (level === "tenant") tell(io, ONE_TENANT);
  });
}

/** Said where it can still be changed. */
const ONE_TENANT =
  "note: a tenant's own key says which account an answer came from; what a model learned from many accounts shows only a " +
  "key they share: of n equal accounts each has 1/n of the evidence";
