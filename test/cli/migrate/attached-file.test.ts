import { database } from "../../helpers/databases";
import { migrationProject } from "../../helpers/migrations";

const ENTITIES = `[new EntitySchema({ name: "Memo", database: "other.sqlite", columns: { id: { type: Number, primary: true } } })]`;

test("SQLite: an entity in another file is refused, before anything is written", async () => {
  const project = migrationProject(await database("sqlite").create(), { entities: ENTITIES });
  const missing = await project.hosted(["migrate", "generate", "memo"]);
  expect(missing.exitCode).not.toBe(0);
  expect(missing.stderr).toContain("cannot be attached");
  await project.query("CREATE TABLE made (id int)");
  for (const command of [["generate", "memo"], ["check"]]) {
    const { exitCode, stderr } = await project.hosted(["migrate", ...command]);
    expect([exitCode, stderr]).toEqual([
      2,
      expect.stringMatching(/other\.sqlite, which is attached[^]*synchronize: false/),
    ]);
  }
  expect(project.list("migrations")).toEqual([]);
});
