import { scratchProject } from "../helpers/project";

/** TypeORM knows an entity without a class by its name only, and `Author` at the prompt was that name: a text without `query`. */
test.each([
  ["in the configuration", "[require('./author.js')]"],
  ["found by a pattern", "['author.js']"],
])("an entity in plain JavaScript, without a class, is asked like any other: %s", async (_, entities) => {
  const project = scratchProject({
    files: {
      "author.js": `const { EntitySchema } = require("typeorm");
module.exports = new EntitySchema({ name: "Author", columns: {
  id: { type: Number, primary: true, generated: true }, name: { type: String } } });`,
      "ormconfig.js": `require("reflect-metadata");
const { DataSource } = require("typeorm");
module.exports = new DataSource({ type: "better-sqlite3", database: "a.sqlite", entities: ${entities}, migrations: ["migrations/*.js"] });`,
    },
  });
  await project.hosted(["migrate", "generate", "authors"]);
  await project.hosted(["migrate", "up"]);
  const script = `
    a = Author(name='Ursula')
    db.session.add(a, db.create(Author, { name: 'Terry' })); db.session.commit()
    a.name = 'Octavia'; db.session.commit()
    Author.query.filterBy(name='Octavia').orderBy(Author.c.id.desc()).all().map((one) => one.name)
    db.query(Author).count()
    db.session.get(Author, 1) === a`;
  expect(await project.retort(["shell"], { stdin: script })).toMatchObject({
    stdout: "[ 'Octavia' ]\n2\ntrue\n",
    stderr: "",
    exitCode: 0,
  });
});
