import { schemaDialectOf } from "../../dialect/dialects";
import { RetortError } from "../../errors";
import { statementRefused } from "../../migrate/errors";
import { isStatementError } from "../../typeorm/data-source";
import type { CommandContext } from "../command";

/** The error of a command with what to do about it, where the database refused a statement or was lost; any other as it is. */
export async function refusal(context: CommandContext, command: string, error: unknown): Promise<unknown> {
  if (error instanceof RetortError) return error;
  try {
    const { dataSource } = await context.project();
    const kind = schemaDialectOf(dataSource).failureOf(error);
    return isStatementError(error) || kind !== "other" ? statementRefused(command, kind, error) : error;
  } catch {
    // Without a project, the error is about that.
    return error;
  }
}
