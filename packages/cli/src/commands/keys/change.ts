import { type Epoch, type Scope, parseScope } from "@verdigris/gateway/registry";
import { Command, InvalidArgumentError } from "commander";
import { writeSecret } from "../../files.js";
import { type Io, locate, tell } from "../../io.js";
import { type RegistryOptions, withOpenRegistry, withRegistry } from "../../keys/master.js";
import { numberIn } from "../../options.js";

const SCOPE = "provider, group:GROUP or tenant:GROUP/TENANT";
const epochNumber = numberIn({ min: 1, max: 1e6, whole: true });

interface RotateOptions extends RegistryOptions {
  readonly after: number;
  readonly starts?: number;
}

/** The commands that plan, revoke and hand out an epoch's key. */
export function changeCommands(io: Io): readonly Command[] {
  return [rotateCommand(io), revokeCommand(io), exportCommand(io)];
}

function rotateCommand(io: Io): Command {
  return withRegistry(new Command("rotate"))
    .description("plan the epoch after a given one; running servers follow without a restart")
    .argument("<scope>", SCOPE, scopeArgument)
    .requiredOption("--after <epoch>", "the epoch it follows", epochNumber)
    .option("--starts <time>", "when (ISO 8601); default: now", timeArgument)
    .action(async (scope: Scope, { after, starts, ...options }: RotateOptions) => {
      await withOpenRegistry(io, options, async (registry) => {
        const plan = { after, startsAt: starts ?? Date.now() };
        const { epoch, made } = await registry.rotate(scope, plan);
        const { number, keyId, startsAt } = epoch;
        const what = `epoch ${number}, key ${keyId}, starts ${new Date(startsAt).toISOString()}`;
        tell(io, made ? what : `${what}: it was there already`);
      });
    });
}

function revokeCommand(io: Io): Command {
  return withRegistry(new Command("revoke"))
    .description("say that an epoch's key proves nothing from now on")
    .argument("<scope>", SCOPE, scopeArgument)
    .argument("<epoch>", "its number", epochNumber)
    .action(async (scope: Scope, number: number, options: RegistryOptions) => {
      await withOpenRegistry(io, options, (registry) => registry.revoke(scope, number, Date.now()));
    });
}

function exportCommand(io: Io): Command {
  return withRegistry(new Command("export"))
    .description("write an epoch's key to a new file, to score texts with")
    .argument("<scope>", SCOPE, scopeArgument)
    .argument("<epoch>", "its number", epochNumber)
    .requiredOption("--out <file>", "new file that only you can read")
    .action(async (scope: Scope, number: number, options: RegistryOptions & { out: string }) => {
      await withOpenRegistry(io, options, async (registry) => {
        const epochs = await registry.epochs(scope);
        const epoch = epochs.find((one: Epoch) => one.number === number);
        if (epoch === undefined) {
          throw new RangeError(
            `epoch: expected one of ${epochs.length} that are there, got ${number}`,
          );
        }
        await writeSecret(locate(io, options.out), `${registry.key(epoch).reveal()}\n`);
        tell(io, `key id ${epoch.keyId}`);
      });
    });
}

function scopeArgument(text: string): Scope {
  try {
    return parseScope(text);
  } catch {
    throw new InvalidArgumentError(`Expected ${SCOPE}.`);
  }
}

function timeArgument(text: string): number {
  const at = /^\d{4}-\d{2}-\d{2}(T|$)/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isFinite(at)) return at;
  throw new InvalidArgumentError(`Expected a time such as 2026-12-01T00:00:00Z.`);
}
