import type { Statement, Step } from "./dialect";
import { describe } from "./describe";
import type { Operation } from "./operation";

/** @param verbatim the database stores this text, so every character counts */
export function sql(text: string, verbatim?: boolean): Statement {
  return { kind: "sql", sql: text, verbatim };
}

/** The statements of one operation, with its description as the comment. @param remark follows the description */
export function stepOf(operation: Operation, statements: readonly Statement[], remark?: string): Step {
  const comment = describe(operation);
  return {
    comment: comment[0]!.toUpperCase() + comment.slice(1) + (remark === undefined ? "" : ` ${remark}`),
    statements,
  };
}
