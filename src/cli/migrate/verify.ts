import { ExitCode } from "../../errors";
import { notProven, displayPath } from "../../migrate/errors";
import type { VerifiedMigration } from "../../migrate/verify/verify";
import { verify } from "../../migrate/verify/verify";
import { ansi, escapeLine, escapeText } from "../../terminal/escaped-text";
import type { CommandContext } from "../command";
import { migrationJson, printJson } from "./json";
import { openMigrations } from "./open";
import { LOCK_TIMEOUT } from "./run-migrations";

interface Options {
  json?: boolean;
}

/** Runs every migration up and down on a scratch database. The project's own is not changed. */
export async function run(command: CommandContext<Options>): Promise<ExitCode> {
  const { json = false } = command.options;
  const { context, running } = await openMigrations(command, { use: "read" });
  const options = { transaction: "each", lockTimeout: LOCK_TIMEOUT, strict: false } as const;
  const notify = (verified: VerifiedMigration) => json || print(command, verified);
  const { migrations, differences } = await verify(context, running, options, notify);
  if (json) {
    printJson(command, {
      migrations: migrations.map(({ migration, status, problem, losses }) => ({
        ...migrationJson(migration, context.root),
        status,
        problem: problem || null,
        losses,
      })),
      differences: differences ?? null,
    });
  }
  const failed = migrations.find(({ status }) => status === "failed");
  if (failed)
    throw notProven(
      failed.migration.file ? displayPath(context.root, failed.migration.file) : failed.migration.name,
      failed.problem,
    );
  if (!json) conclude(command, migrations, differences ?? []);
  return (differences ?? []).length > 0 ? ExitCode.different : ExitCode.done;
}

function print(command: CommandContext, { migration, status, problem, losses }: VerifiedMigration): void {
  const { style } = command;
  const colours = { proven: "good", irreversible: "warn", failed: "bad" } as const;
  command.printStyled(ansi`${style[colours[status]](escapeLine(status.padEnd(12)))}  ${escapeLine(migration.name)}`);
  if (status === "irreversible") command.noteStyled(command.noteStyle.dim(escapeText(`  ${problem}`)));
  for (const loss of losses) command.noteStyled(command.noteStyle.dim(escapeText(`  ${loss}`)));
}

function conclude(
  command: CommandContext,
  migrations: readonly VerifiedMigration[],
  differences: readonly string[],
): void {
  if (migrations.length === 0) command.note("There are no migrations to verify.");
  for (const difference of differences) command.note(`  not created by the migrations: ${difference}`);
}
