import type { ShellContext } from "../context";

/** The value of an expression; without one, the value that was printed last. */
export async function valueOrLast(expression: string, shell: ShellContext): Promise<unknown> {
  return expression === "" ? shell.output.lastPrinted?.value : shell.valueOf(expression);
}

/** A query of all rows for an entity class; any other value as it is. */
export function queryOfClass(value: unknown, { entities, db }: ShellContext): unknown {
  return entities.ofTarget(value) ? db.query(value as never) : value;
}
