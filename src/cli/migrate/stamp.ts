import { planStamp, type Stamp } from "../../migrate/run/plan";
import { stamp } from "../../migrate/run/stamp";
import type { CommandContext } from "../command";
import { migrationJson, printJson, stateJson } from "./json";
import { openMigrations, type OpenedMigrations } from "./open";
import { LOCK_TIMEOUT } from "./run-migrations";

interface Options {
  purge?: boolean;
  dryRun?: boolean;
  lockTimeout?: number;
  json?: boolean;
}

/** Sets the history without running anything. */
export async function run(command: CommandContext<Options>): Promise<void> {
  const { purge = false, dryRun = false, lockTimeout = LOCK_TIMEOUT, json = false } = command.options;
  const target = command.args[0]!;
  const opened = await openMigrations(command, { use: dryRun ? "read" : "write", entities: false });
  const wait = {
    timeout: lockTimeout,
    waiting: () => command.note("Waiting for another run of migrations to end …"),
  };
  const plan = dryRun
    ? planStamp(await opened.state(), target, purge)
    : await stamp(opened.running, target, purge, wait);
  if (json) await printAsJson(command, opened, plan);
  else print(command, plan);
}

async function printAsJson(command: CommandContext, opened: OpenedMigrations, { add, remove }: Stamp): Promise<void> {
  const { root } = opened.context;
  printJson(command, {
    added: add.map((file) => migrationJson(file, root)),
    removed: remove.map(({ name, timestamp }) => migrationJson({ name, timestamp, file: undefined }, root)),
    ...stateJson(await opened.state()),
  });
}

function print(command: CommandContext, { add, remove }: Stamp): void {
  for (const { name } of remove) command.print(`removed  ${name}`);
  for (const { name } of add) command.print(`added    ${name}`);
  if (add.length + remove.length === 0) command.note("Nothing to do: the history already matches.");
}
