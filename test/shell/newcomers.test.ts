import { BaseEntity, Column, Entity, PrimaryGeneratedColumn } from "typeorm";
import { openRepl, type TestRepl } from "../helpers/repl";

@Entity()
class Legacy extends BaseEntity {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column("varchar")
  name!: string;
}

let opened: TestRepl;
beforeAll(async () => {
  opened = await openRepl();
});
afterAll(() => opened.close());

test.each([
  ["exit", ".exit"],
  ["exit()", ".exit"],
  ["quit", ".exit"],
  ["quit();", ".exit"],
  ["\\q", ".exit"],
  ["help", ".help"],
  ["help()", ".help"],
  ["help(Shop)", ".help"],
  ["\\dt", ".entities"],
  ["\\d shop", ".schema Shop"],
  ["\\d nothing", ".entities"],
  ["help shop", ".help Shop"],
  ["describe shop", ".schema Shop"],
  ["show tables", ".entities"],
  ["db migrate -m 'two words'", '.migrate generate "two words"'],
  ["flask db upgrade", ".migrate up"],
  ["migration:run", ".migrate up"],
  ["npx typeorm-ts-node-commonjs migration:generate -d data-source.ts src/migrations/posts", ".migrate generate posts"],
  ["npx prisma migrate dev --name posts", ".migrate generate posts"],
  ["bundle exec rake db:rollback", ".migrate down"],
  ["python manage.py showmigrations", ".migrate status"],
  ["migrate up", ".migrate up"],
  ["retort migrate status", ".migrate status"],
  ["rails c", ".help"],
  ["git status", "Ctrl-Z"],
  ["ls", "Ctrl-Z"],
  ["clear", "Ctrl-L"],
  ["commit()", "db.session.commit()"],
  ["rollback", "db.session.rollback()"],
  ["em.find(Shop)", "db.session"],
  ["AppDataSource.getRepository(Shop)", "db.dataSource"],
  ["shopRepository.find()", "Shop.query"],
  ["None", "null"],
])("shell 18: %s is answered with %s", async (input, next) => {
  const lines = await opened.type(input);
  expect(lines).toHaveLength(2);
  expect(lines[1]!.trim()).toMatch(/^→ /);
  expect(lines[1]).toContain(next);
});

test.each([
  "SELECT 1",
  "select * from shop",
  "SELECT name FROM shop WHERE id = 1;",
  "insert into shop(name) values ('x')",
  "update shop set name = 'x'",
  "delete from shop",
  "create table t(a int)",
  "begin",
])("shell 18: SQL typed as it is, %s, is answered with how it is sent", async (input) => {
  const [first, next] = await opened.type(input);
  expect(first).toBe("this is SQL, and the prompt takes JavaScript");
  expect(next).toContain("sql`");
  expect(next).toContain(input.replace(/;$/, ""));
});

test.each([
  ["Shop.find()", "Shop.query.all()"],
  ["Shop.find({ where: { name: 'x' } })", "Shop.query.filterBy({ name: 'x' }).all()"],
  ["Shop.findBy({ name: 'x' })", "Shop.query.filterBy({ name: 'x' }).all()"],
  ["Shop.findOneBy({ id: 1 })", "Shop.query.filterBy({ id: 1 }).first()"],
  ["Shop.findOneByOrFail({ id: 1 })", "Shop.query.filterBy({ id: 1 }).one()"],
  ["Shop.findByPk(1)", "Shop.query.get(1)"],
  ["Shop.objects", "Shop.query.all()"],
  ["Shop.objects.all()", "Shop.query.all()"],
  ["Shop.objects.filter({ id: 1 })", "Shop.query.all()"],
  ["Shop.count()", "Shop.query.count()"],
  ["Shop.create({ name: 'x' })", "Shop({ name: 'x' })"],
  ["Shop.save()", "db.session.add(object)"],
  ["Shop.where({ name: 'x' })", "Shop.query.filterBy({ name: 'x' }).all()"],
  ["Shop.query.where({ name: 'x' })", "Shop.query.filterBy({ name: 'x' })"],
  ["Shop.query.where(Shop.c.id.gt(1)).all()", "Shop.query.filter(Shop.c.id.gt(1))"],
  ["Shop.query.getMany()", "Shop.query.all()"],
  ["Shop.query.order_by('id')", "Shop.query.orderBy('id')"],
  ["Shop.query.take(3)", "Shop.query.limit(3)"],
  ["Shop.query.filter(Shop.c.id > 10)", "Shop.c.id.gt(10)"],
  ["Shop.query.filter(Shop.c.name == 'x').all()", "Shop.c.name.eq('x')"],
  ["Shop('x')", "Shop(name='x'), or Shop({ name: 'x' })"],
  ["Shop.query.al()", 'did you mean "all"?'],
  ["Shop.qery.all()", 'Shop.qery is undefined, so it has no "all"; did you mean "query"?'],
  ["db.sesion.add({})", 'db.sesion is undefined, so it has no "add"; did you mean "session"?'],
  ["db.migrate()", ".migrate generate"],
  ["db.create_all()", ".migrate generate, then .migrate up"],
  ["db.execute('select 1')", "db.session.execute('select 1')"],
  ["db.session.save(1)", "db.session.add(object)"],
  ["db.session.remove(1)", "db.session.delete(object)"],
  ["session.findOne()", "Shop.query.all()"],
])("shell 18: %s, a word of another ORM, is answered with %s", async (input, next) => {
  const lines = await opened.type(input);
  expect(lines.join("\n")).toContain(next);
});

test.each([
  ["for s in Shop.query.all(): print(s)", "for (const s of Shop.query.all()) print(s)"],
  ["for s in Shop.query.all():", "for (const s of Shop.query.all()) { … }"],
  ["[s.name for s in Shop.query.all()]", "Shop.query.all().map(s => s.name)"],
  ["if Shop.query.count() > 1: print(1)", "if (Shop.query.count() > 1) print(1)"],
  ["def twice(n):", "function twice(n) { … }"],
  ["Shop.query.all().map(lambda s: s.name)", "Shop.query.all().map((s) => s.name)"],
])("shell 18: Python typed as it is, %s, is answered with JavaScript", async (input, next) => {
  const [first, hint] = await opened.type(input);
  expect(first).toBe("this is Python, and the prompt takes JavaScript");
  expect(hint).toBe(`  → ${next}`);
});

test("shell 18: a name that begins like Python, and an error inside a loop of JavaScript, stay what they are", async () => {
  expect((await opened.type("for (const s of 1 2) { }"))[0]).toMatch(/^SyntaxError/);
  expect((await opened.type("({ if: 1, for: 2 })")).join("")).toContain("if: 1");
});

test("shell 18: a line that begins with ( is read as Node reads it, and that is said where it fails", async () => {
  expect((await opened.type("began = Date.now()\n({ a: 1 })")).at(-1)).toContain("end that line with a semicolon");
});

test("shell 18: a name that the project or an input defines keeps its meaning", async () => {
  expect(await opened.type("exit = 3; exit")).toEqual(["3"]);
  expect(await opened.type("Shop.find = () => 'own'; Shop.find()")).toEqual(["'own'"]);
  await opened.type("delete Shop.find; exit = undefined");
});

test.each([
  [".help shop", ".help Shop"],
  [".help filterby", ".help filterBy"],
  [".help exprt", ".help export"],
])("shell 7: %s, which there is no help on, is answered with %s", async (input, next) => {
  expect((await opened.type(input)).join("\n")).toContain(next);
});

test("shell 18: a short name that another tool uses is a name", async () => {
  expect((await opened.type("c")).join("\n")).toBe("ReferenceError: c is not defined");
});

test.each([
  ["?when", /CASE/],
  ["?Like", /find operator/],
  ["?db.session", /add, query, commit/],
  ["?Shop.query", /query of all rows/],
  [".help filterBy", /filterBy\(\{ property: value \}\)/],
  [".help .export", /writes the rows/],
])("shell 18: %s is explained", async (input, text) => {
  expect((await opened.type(input)).join("\n")).toMatch(text);
});

test("shell 18: where `query` of a class is TypeORM's own, as of BaseEntity, the query of its rows is db.query(Entity)", async () => {
  const legacy = await openRepl({ entities: [Legacy] });
  const [first, next] = await legacy.type("Legacy.query.filterBy({ name: 'x' })");
  expect(first).toBe("Legacy.query is a method of TypeORM's BaseEntity, which sends SQL");
  expect(next).toContain("→ db.query(Legacy).filterBy({ name: 'x' })");
  expect((await legacy.type("Legacy.objects.all()")).join("\n")).toContain("→ db.query(Legacy).all()");
  expect(await legacy.type("db.query(Legacy).count()")).toContain("0");
  await legacy.close();
});
