import type { QueryRunner } from "typeorm";
import { dialectOf } from "../../dialect/dialects";
import type { Plan, Step } from "../run/plan";
import type { Finding } from "./finding";
import { Linter, type Method, type MethodFindings } from "./linter";
import { RowQueries } from "./row-queries";
import { dataSourceOf } from "../../typeorm/data-source";

export interface LintResult extends MethodFindings {
  readonly step: Step;
}

/**
 * Reads the statements of the plan's migrations, counts the rows that they concern, and changes nothing.
 * @param wanted `failures`: only what must fail; the other findings need counts of whole tables
 */
export async function lint(runner: QueryRunner, plan: Plan, wanted: "all" | "failures" = "all"): Promise<LintResult[]> {
  const dialect = dialectOf(dataSourceOf(runner));
  const linter = new Linter(dialect, new RowQueries(runner, dialect), wanted);
  const linted: LintResult[] = [];
  for (const step of plan) {
    // A half-applied migration was checked before it was started.
    if (step.resumed) continue;
    linted.push({ step, ...(await linter.read(step.migration.instance[step.direction])) });
  }
  return linted;
}

/** What the existing rows do not allow of a migration's method. */
export async function findFailures(runner: QueryRunner, method: Method): Promise<readonly Finding[]> {
  const dialect = dialectOf(dataSourceOf(runner));
  const { findings } = await new Linter(dialect, new RowQueries(runner, dialect), "failures").read(method);
  return findings.filter(({ kind }) => kind === "must-fail");
}
