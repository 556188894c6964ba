/**
 * How SQLite tables are rebuilt, and what the runner of migrations owes to a file that does it.
 *
 * A generated file that rebuilds a table carries the recipe as a function of its own at its end, so that it works
 * without Retort. The recipe, in short: keep the table's index and trigger statements and its place in
 * sqlite_sequence; rename the table away; create it anew from its edited text; copy; drop; replay; restore the sequence.
 *
 * The runner (Retort's, on SQLite, for every migration, up and down, with a transaction or without):
 *  1. `PRAGMA foreign_keys = OFF` BEFORE the transaction begins; inside one it does nothing, and DROP TABLE would delete
 *     the rows of child tables. TypeORM's own runner does the same on the way up (`queryRunner.beforeMigration()`), but
 *     too late on the way down. A migration of TypeORM's that rebuilds through a "temporary_…" table needs it as well,
 *     so this is not asked for by the file: it is so for every migration.
 *  2. `BEGIN IMMEDIATE`, the migration, then `PRAGMA foreign_key_check`, compared with what it said before the
 *     migration: rows that dangle now and did not before refuse the commit.
 *  3. In any case, at the end, success or not: `PRAGMA foreign_keys` as it was, and `PRAGMA legacy_alter_table = OFF`
 *     (the recipe switches it on and off; an error in between leaves it on).
 *
 * The file's own guard: when foreign keys are on and another table (or the table itself) refers to the table that is
 * to be rebuilt, the recipe throws before it touches anything, because somebody runs the file with a tool that would
 * lose rows. No migration carries a property for any of this; `transaction = false` means what it means in TypeORM.
 */
export {};
