import { eachDatabase } from "../../helpers/databases";
import { migrationProject, type MigrationProject } from "../../helpers/migrations";

/** Two entities, the second one as it comes to be. */
function entities(...more: string[]): string {
  return `require("reflect-metadata");
const { EntitySchema } = require("typeorm");
exports.Author = new EntitySchema({ name: "Author", columns: {
  id: { type: Number, primary: true, generated: true },
  name: { type: String, length: 40 },
}, relations: { books: { type: "one-to-many", target: "Book", inverseSide: "author" } } });
exports.Book = new EntitySchema({ name: "Book", columns: {
  id: { type: Number, primary: true, generated: true },
  title: { type: String, length: 80 },
  ${more.join("\n  ")}
}, relations: { author: { type: "many-to-one", target: "Author", inverseSide: "books", onDelete: "CASCADE" } } });
`;
}

async function names(project: MigrationProject): Promise<unknown[]> {
  return (await project.query("SELECT name FROM migrations ORDER BY id")).map(({ name }) => name);
}

eachDatabase((kind) => {
  test("a project made with TypeORM's own command is taken over unchanged, carried on, and handed back", async () => {
    const project = migrationProject(await kind.create(), { entities: `Object.values(require("./entities.js"))` });
    project.write("entities.js", entities());
    const typeorm = async (...argv: string[]) => {
      const { exitCode, stdout, stderr } = await project.typeorm(...argv);
      expect([argv, exitCode, stdout + stderr]).toEqual([argv, 0, expect.any(String)]);
    };
    const retort = async (...argv: string[]) => {
      const { exitCode, stdout, stderr } = await project.hosted(["migrate", ...argv]);
      expect([argv, exitCode, stderr]).toEqual([argv, 0, expect.any(String)]);
      return stdout;
    };
    // TypeORM's: two migrations, files and history; rows that belong together.
    await typeorm("migration:generate", "-o", "migrations/Start");
    await typeorm("migration:run");
    project.write("entities.js", entities(`pages: { type: Number, nullable: true },`));
    await typeorm("migration:generate", "-o", "migrations/Pages");
    await typeorm("migration:run");
    await project.query(`INSERT INTO author (name) VALUES ('susan')`);
    const id = kind.name === "mariadb" ? "`authorId`" : `"authorId"`;
    await project.query(`INSERT INTO book (title, ${id}) VALUES ('one', 1), ('two', 1)`);
    const files = project.list("migrations").map((file) => project.read(`migrations/${file}`));

    // Retort's: everything is applied, nothing differs, nothing was made by looking.
    expect(JSON.parse(await retort("status", "--json"))).toMatchObject({
      applied: 2,
      pending: 0,
      edited: 0,
      missing: 0,
    });
    expect(await retort("check")).toBe("");
    await retort("verify");
    await expect(project.query("SELECT * FROM retort_migrations")).rejects.toThrow();
    project.write(
      "entities.js",
      entities(`pages: { type: Number, nullable: true },`, `isbn: { type: String, length: 13, nullable: true },`),
    );
    await retort("generate", "isbn");
    await retort("up");
    await retort("redo", "2");
    expect(await retort("check")).toBe("");
    expect(await project.query("SELECT count(*) AS n FROM book").then(([row]) => Number(row!["n"]))).toBe(2);
    expect(
      project
        .list("migrations")
        .slice(0, 2)
        .map((file) => project.read(`migrations/${file}`)),
    ).toEqual(files);

    // TypeORM's again: it knows what is applied, takes the last one back, and applies it.
    const applied = await names(project);
    expect((await project.typeorm("migration:show")).stdout.match(/\[X\]/g)).toHaveLength(3);
    await typeorm("migration:revert");
    expect(await names(project)).toEqual(applied.slice(0, 2));
    await typeorm("migration:run");
    expect(await names(project)).toEqual(applied);
    expect(JSON.parse(await retort("status", "--json"))).toMatchObject({ applied: 3, pending: 0 });
    expect(await project.query("SELECT count(*) AS n FROM book").then(([row]) => Number(row!["n"]))).toBe(2);
    await retort("down", "base");
    expect(await names(project)).toEqual([]);
  });
});
