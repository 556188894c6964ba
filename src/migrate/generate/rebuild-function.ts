import { quotedText } from "../../dialect/literals";
import type { Plan, Statement } from "../../dialect/schema/dialect";
import type { Schema } from "../../dialect/schema/model";

/**
 * How SQLite tables are rebuilt, and what the runner of migrations must do around it.
 *
 * A generated file that rebuilds a table ends with the function `rebuild`, so that it works without Retort. The runner
 * does the following for every migration on SQLite, up and down, with a transaction or without. The file does not ask
 * for it, since TypeORM's own rebuilds through a "temporary_…" table need it as well.
 *  1. `PRAGMA foreign_keys = OFF` BEFORE the transaction begins: inside one it has no effect, and DROP TABLE would delete
 *     the rows of child tables. TypeORM's own runner does the same for `up` (`queryRunner.beforeMigration()`), but too
 *     late for `down`.
 *  2. `BEGIN IMMEDIATE`, the migration, then `PRAGMA foreign_key_check`: rows that dangle now and did not before the
 *     migration prevent the commit.
 *  3. At the end, also after an error: `PRAGMA foreign_keys` as it was, and `PRAGMA legacy_alter_table = OFF`, which an
 *     error in the middle of the function leaves on.
 *
 * Another runner may not do this: where foreign keys are on and a table references the one to be rebuilt, the function
 * throws before it changes anything. `transaction = false` means what it means in TypeORM.
 */

/** Whether dropping the table would delete or change rows that refer to it. @param table an expression */
const isUnsafe = (table: string) => `(SELECT "foreign_keys" FROM pragma_foreign_keys) AND EXISTS (
       SELECT 1 FROM "sqlite_master" AS "child", pragma_foreign_key_list("child"."name") AS "key"
       WHERE "child"."type" = 'table' AND "key"."table" = ${table} COLLATE NOCASE)`;

/**
 * Without a transaction around the migration, the steps before a rebuild that throws would stay done: it is asked first.
 * @param schemas before and after the migration, which may create a table that refers to the rebuilt one
 */
export function withRebuildCheck(plan: Plan, schemas: readonly Schema[]): Plan {
  const statements = plan.steps.flatMap((step) => step.statements);
  const tables = [...new Set(statements.flatMap((one) => (one.kind === "rebuild" ? [one.table] : [])))];
  const keys = schemas.flatMap((schema) => schema.tables).flatMap(({ foreignKeys }) => foreignKeys);
  const checks = tables.map((table): Statement => {
    const isReferredTo = keys.some(({ references }) => references.name.toLowerCase() === table.toLowerCase());
    return {
      kind: "assertNoRows",
      query: isReferredTo
        ? 'SELECT "foreign_keys" AS "rows" FROM pragma_foreign_keys'
        : `SELECT ${isUnsafe(quotedText(table))} AS "rows"`,
      message: unsafeMessage(`"${table.replaceAll('"', '""')}"`),
    };
  });
  if (checks.length === 0) return plan;
  const comment =
    "Foreign keys must be off for the last step, which this file cannot do itself: nothing is begun before";
  return { ...plan, steps: [{ comment, statements: checks }, ...plan.steps] };
}

const unsafeMessage = (table: string) =>
  `${table} cannot be rebuilt while foreign keys are on: rows that refer to it would be lost. ` +
  "Run this migration with: retort migrate up, or retort migrate down";

/** How the name of a table begins while its rows are copied. */
const OLD_TABLE_PREFIX = "retort_rebuilt_";

/**
 * The source of the function. It renames the old table instead of the new one, so that SQLite stores the new
 * statement as it is; `legacy_alter_table` keeps SQLite from rewriting views and triggers that name the table.
 * Indexes and triggers are read from the database instead of the file, so that those created by hand after the file
 * was written are kept too.
 */
export function rebuildFunction(typed: boolean): string {
  const [text, result] = typed ? [": string", ": Promise<void>"] : ["", ""];
  const parameters = typed
    ? `
  queryRunner: QueryRunner,
  table: string,
  options: { definition: string; into: string; from: string; twice?: boolean },
`
    : "queryRunner, table, options";
  return `/**
 * Creates a SQLite table again with another definition and copies its rows; indexes, triggers and the highest id are kept.
 * Throws where foreign keys are on: dropping the old table would delete or change the rows that refer to it.
 */
async function rebuild(${parameters})${result} {
  const { definition, into, from, twice } = options;
  const name = (text${text}) => \`"\${text.replaceAll('"', '""')}"\`;
  const temporary = name(\`${OLD_TABLE_PREFIX}\${table}\`);
  const [{ unsafe }] = await queryRunner.query(
    \`SELECT ${isUnsafe("?")} AS "unsafe"\`,
    [table],
  );
  if (unsafe) {
    throw new Error(
      \`${unsafeMessage("\${name(table)}")}\`,
    );
  }
  const kept = await queryRunner.query(
    \`SELECT "type", "name", "sql" FROM "sqlite_master" WHERE "tbl_name" = ? COLLATE NOCASE
     AND "type" IN ('index', 'trigger') AND "sql" IS NOT NULL ORDER BY "rowid"\`,
    [table],
  );
  const counted = await queryRunner.query(\`SELECT 1 FROM "sqlite_master" WHERE "name" = 'sqlite_sequence'\`);
  const [highest] = counted.length
    ? await queryRunner.query(\`SELECT "seq" FROM "sqlite_sequence" WHERE "name" = ?\`, [table])
    : [];

  await queryRunner.query("PRAGMA legacy_alter_table = ON");
  for (const object of kept) await queryRunner.query(\`DROP \${object.type} \${name(object.name)}\`);
  if (twice) {
    await queryRunner.query(\`CREATE TABLE \${temporary} AS SELECT * FROM \${name(table)}\`);
    await queryRunner.query(\`DROP TABLE \${name(table)}\`);
  } else await queryRunner.query(\`ALTER TABLE \${name(table)} RENAME TO \${temporary}\`);
  await queryRunner.query(definition);
  await queryRunner.query(\`INSERT INTO \${name(table)} (\${into}) SELECT \${from} FROM \${temporary}\`);
  await queryRunner.query(\`DROP TABLE \${temporary}\`);
  for (const object of kept) await queryRunner.query(object.sql);
  await queryRunner.query("PRAGMA legacy_alter_table = OFF");
  if (highest && /\\bautoincrement\\b/i.test(definition)) {
    await queryRunner.query(\`DELETE FROM "sqlite_sequence" WHERE "name" = ?\`, [table]);
    await queryRunner.query(\`INSERT INTO "sqlite_sequence" ("name", "seq") VALUES (?, ?)\`, [table, highest.seq]);
  }
}
`;
}
