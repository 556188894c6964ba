import type { DataSource, QueryRunner } from "typeorm";
import { schemaDialectOf } from "../../dialect/dialects";
import type { RunContext } from "../../migrate/run/context";
import { pluralize } from "../../text";
import type { Problem } from "./problem";

/** Rows that refer to rows that do not exist: keys that were not checked when they were written. */
export async function danglingKeys(dataSource: DataSource, { database, runner }: RunContext): Promise<Problem[]> {
  const dangling = (await database.danglingRows?.()) ?? (await danglingInEntities(dataSource, runner));
  return [...dangling].map(([what, rows]) => ({
    code: "doctor/dangling",
    message: `${pluralize(rows, "row")} of ${what} ${rows === 1 ? "refers" : "refer"} to a row that does not exist`,
    hint: "correct or delete these rows: the next migration of the table may refuse them",
  }));
}

/** Counts them by the foreign keys of the entities. */
async function danglingInEntities({ entityMetadatas, driver }: DataSource, runner: QueryRunner) {
  const found = new Map<string, number>();
  const quoted = (tablePath: string) =>
    tablePath
      .split(".")
      .map((part) => driver.escape(part))
      .join(".");
  for (const { foreignKeys, tablePath } of entityMetadatas)
    for (const { columnNames, referencedColumnNames, referencedEntityMetadata } of foreignKeys) {
      const pairs = columnNames.map(
        (name, at) => `p.${driver.escape(referencedColumnNames[at]!)} = c.${driver.escape(name)}`,
      );
      const isSet = columnNames.map((name) => `c.${driver.escape(name)} IS NOT NULL`);
      const parent = quoted(referencedEntityMetadata.tablePath);
      const [row] = (await runner.query(
        `SELECT count(*) AS n FROM ${quoted(tablePath)} c WHERE ${isSet.join(" AND ")} ` +
          `AND NOT EXISTS (SELECT 1 FROM ${parent} p WHERE ${pairs.join(" AND ")})`,
      )) as [{ n: string | number }];
      if (Number(row.n) > 0) found.set(`"${tablePath}" (${columnNames.join(", ")})`, Number(row.n));
    }
  return found;
}

/** Scratch databases of commands that were killed. */
export async function leftOvers(dataSource: DataSource, { runner }: RunContext): Promise<Problem[]> {
  const names = (await schemaDialectOf(dataSource).scratch.abandoned?.(runner)) ?? [];
  if (names.length === 0) return [];
  return [
    {
      code: "doctor/scratch",
      message: `${pluralize(names.length, "scratch database", "scratch databases")} of a command that was killed: ${names.join(", ")}`,
      hint: "retort migrate verify    (drops them)",
    },
  ];
}
