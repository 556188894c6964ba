import { eachDatabase } from "../helpers/databases";
import { entity } from "../helpers/entities/schemas";
import { Workshop } from "../helpers/workshop";

/**
 * On PostgreSQL the enum of a column "a.b" was looked for in a schema of that name; MariaDB prints a backslash in a value
 * twice, and the value was read as another one. A name with a quote was
 * not the same name when the enum followed its column's rename.
 */
eachDatabase((kind) => {
  test("an enum of a column with a dot, with a backslash in a value", async () => {
    const type = kind.name === "sqlite" ? "simple-enum" : "enum";
    const note = (...values: string[]) => [entity("Note", { "a.b": { type, enum: values } })];
    const shop = await Workshop.open(kind);
    try {
      await shop.migrate(note("plain", "back\\slash", "it's"));
      const quote = kind.name === "mariadb" ? "`" : '"';
      await shop.query(`INSERT INTO note (${quote}a.b${quote}) VALUES ('it''s')`);
      const back = kind.name === "mariadb" ? "back\\\\slash" : "back\\slash";
      await shop.query(`INSERT INTO note (${quote}a.b${quote}) VALUES ('${back}')`);
      await shop.migrate(note("back\\slash", "it's", "more"));
      const rows = await shop.query(`SELECT * FROM note ORDER BY id`);
      expect(rows.map((row) => row["a.b"])).toEqual(["it's", "back\\slash"]);
      const quoted = [entity("Note", { 'quo"te': { type, enum: ["back\\slash", "it's", "more"], nullable: true } })];
      await shop.migrate(quoted, { renames: ['Note.a.b:quo"te'] });
      await shop.migrate(note("back\\slash", "it's", "more"), { renames: ['Note.quo"te:a.b'] });
    } finally {
      await shop.close();
    }
  });
});
