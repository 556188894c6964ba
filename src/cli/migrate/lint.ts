import { pluralize } from "../../text";
import { ExitCode } from "../../errors";
import type { LintResult } from "../../migrate/lint/lint";
import { lint } from "../../migrate/lint/lint";
import { errorIfHalfApplied, planUp } from "../../migrate/run/plan";
import { ansi, escapeLine, escapeText } from "../../terminal/escaped-text";
import type { CommandContext } from "../command";
import { formatFinding } from "./findings";
import { printJson, stepJson } from "./json";
import { openMigrations } from "./open";

interface Options {
  json?: boolean;
}

/** Lists what pending migrations would lose, rebuild or fail on. Runs nothing; exits with 1 when one of them must fail. */
export async function run(command: CommandContext<Options>): Promise<ExitCode> {
  const { context, running, state } = await openMigrations(command, { use: "read", entities: false });
  const now = await state();
  const halfApplied = errorIfHalfApplied(now);
  if (halfApplied) throw halfApplied;
  const linted = await lint(running.runner, planUp(now, command.args[0]));
  if (command.options.json) printJson(command, lintJson(linted, context.root));
  else print(command, linted);
  const mustFail = linted.some(({ findings }) => findings.some(({ kind }) => kind === "must-fail"));
  return mustFail ? ExitCode.failure : ExitCode.done;
}

function lintJson(linted: readonly LintResult[], root: string): object {
  return {
    migrations: linted.map(({ step, findings, unanalyzed }) => ({
      ...stepJson(step, root),
      findings: findings.map(({ kind, table, text, rows = null, query = null }) => ({
        kind,
        table,
        text,
        rows,
        query,
      })),
      unknown: unanalyzed,
    })),
  };
}

function print(command: CommandContext, linted: readonly LintResult[]): void {
  for (const { step, findings, unanalyzed } of linted) {
    for (const finding of findings) {
      command.printStyled(ansi`${escapeLine(step.migration.name)}  ${formatFinding(finding, command.style)}`);
      if (finding.query !== undefined) command.printStyled(command.style.dim(escapeText(`  ${finding.query}`)));
    }
    if (unanalyzed > 0) {
      const statements = pluralize(unanalyzed, "statement is", "statements are");
      command.note(`${step.migration.name}: ${statements} built while it runs and could not be analyzed`);
    }
  }
  if (linted.every(({ findings }) => findings.length === 0)) command.note("No problems found.");
}
