import type { Ask } from "../../migrate/generate/question";
import { generate, type GenerateResult } from "../../migrate/generate/generate";
import { errorIfHalfApplied } from "../../migrate/run/plan";
import { displayPath } from "../../migrate/errors";
import { pendingFiles } from "../../migrate/history/state";
import { escapeText } from "../../terminal/escaped-text";
import type { CommandContext } from "../command";
import { nameOf } from "./create";
import { printJson } from "./json";
import { noteMissing, openMigrations } from "./open";
import { isTerminal, choose } from "./prompt";

interface Options {
  message?: string;
  rename?: string[];
  drop?: string[];
  backfill?: string[];
  batched?: boolean;
  requireProof?: boolean;
  dryRun?: boolean;
  json?: boolean;
}

/** Writes a migration from the difference of entities and database. */
export async function run(command: CommandContext<Options>): Promise<void> {
  const {
    rename,
    drop,
    backfill,
    batched = false,
    requireProof = false,
    dryRun = false,
    json = false,
  } = command.options;
  const opened = await openMigrations(command, { use: "read", entities: "required" });
  const state = await opened.state();
  const halfApplied = errorIfHalfApplied(state);
  if (halfApplied) throw halfApplied;
  if (!command.options.json) noteMissing(command, state);
  const result = await generate(opened.context, {
    name: nameOf(command) || undefined,
    resolutions: { renames: rename ?? [], drops: drop ?? [], backfills: backfill ?? [] },
    ...(isTerminal(command) && { ask: askOnTerminal(command) }),
    pending: pendingFiles(state).map(({ name }) => name),
    after: Math.max(0, ...[...state.files, ...state.history].map(({ timestamp }) => timestamp)),
    batched,
    requireProof,
    dryRun,
  });
  if (json) printJson(command, generatedJson(result, opened.context.root));
  else print(command, result, opened.context.root);
}

function askOnTerminal(command: CommandContext): Ask {
  return ({ text, query, choices }) => choose(command, query === undefined ? text : `${text}\n  ${query}`, choices);
}

function generatedJson(result: GenerateResult, root: string): object {
  if (result.status === "unchanged") return { status: result.status, file: null };
  const { status, className, timestamp, file, steps, losses, proof, text } = result;
  return {
    status,
    name: className,
    timestamp,
    file: displayPath(root, file),
    steps,
    losses,
    proof,
    ...(status === "shown" && { text }),
  };
}

function print(command: CommandContext, result: GenerateResult, root: string): void {
  if (result.status === "unchanged") {
    command.note("Nothing to do: the entities and the database agree.");
    return;
  }
  if (result.status === "shown") command.print(result.text.trimEnd());
  for (const step of result.steps) command.note(`  ${step}`);
  for (const loss of result.losses) command.noteStyled(command.noteStyle.warn(escapeText(`  ${loss}`)));
  if (result.proof.status === "not proven")
    command.noteStyled(command.noteStyle.warn(escapeText(`  not proven: ${result.proof.reason}`)));
  if (result.status === "written") command.print(displayPath(root, result.file));
}
