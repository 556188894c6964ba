import * as typeorm from "typeorm";
import { connect, type Query } from "../../src";
import { makeClasses } from "../../src/inspect/classes";
import type { Descriptions } from "../../src/inspect/describe";
import { inspect } from "../../src/inspect/inspect";
import { renderEntities } from "../../src/inspect/render";
import { eachDatabase } from "../helpers/databases";
import { Workshop } from "../helpers/workshop";
import { HANDMADE } from "./handmade";

type Row = Record<string, any>;

eachDatabase((database) => {
  const { sql, beyond, remarks, differences, lines } = HANDMADE[database.name];
  let shop: Workshop;
  let described: Descriptions;

  beforeAll(async () => {
    shop = await Workshop.open(database);
    await shop.use([]);
    for (const statement of [...sql, ...beyond]) await shop.query(statement);
    described = await inspect(shop.dataSource);
  });
  afterAll(() => shop.close());

  const classes = () => makeClasses(described.entities, typeorm);

  test("the classes agree with a schema that was written by hand; what they cannot say is named", async () => {
    expect([...described.remarks, ...described.readOnly].sort()).toEqual([...remarks].sort());
    const found = (await shop.check(classes())).differences.map(({ text }) => text);
    // TypeORM 0.3 has the width of a bit column as an option.
    expect(differences).toEqual(expect.arrayContaining(found));
  });

  test("their source has types, defaults, relations, indexes, checks and enums", () => {
    const source = renderEntities(described.entities);
    for (const line of lines) expect(source).toContain(line);
    expect(source).toContain("postsByEditor!: Relation<Post[]>;");
    expect(source).toMatch(/@OneToOne\(\(\) => User, \(user\) => user\.profile/);
    expect(source).toMatch(/@ManyToMany\(\(\) => Tag, \(tag\) => tag\.posts\)/);
    expect(source).toMatch(/@ViewEntity\(\{\s+name: "titles"/);
  });

  test("a session reads and writes with the classes: relations of every kind, a view, a table without a key", async () => {
    const entities = classes();
    const { dataSource } = await shop.use(entities);
    const db = await connect(dataSource);
    const { session } = db;
    const named = (name: string) => entities.find((one) => one.name === name)!;
    const make = (name: string, values: Row): Row => db.create(named(name) as never, values as never);
    const user = make("User", { userName: "susan" });
    const post = make("Post", { title: "first", author: user, editor: user, tags: [make("Tag", { name: "new" })] });
    session.addAll([user, make("Profile", { user, bio: "…" }), post]);
    await session.commit();
    await db.close();

    const other = await connect(dataSource);
    const read = (name: string): Query<Row> => other.query(named(name) as never);
    const susan = await read("User").filterBy({ userName: "susan" }).one();
    expect((await susan["profile"]).bio).toBe("…");
    const [first] = await susan["posts"].all();
    expect(await susan["postsByEditor"].all()).toEqual([first]);
    expect((await first.tags.all()).map(({ name }: Row) => name)).toEqual(["new"]);
    expect((await read("Title").all()).map(({ title }) => title)).toEqual(["first"]);
    expect(await read("Log").all()).toEqual([]);
    await other.close();
  });

  test("some tables only, without relations to the others", async () => {
    const { entities } = await inspect(shop.dataSource, { tables: ["post*"] });
    expect(entities.map(({ className }) => className).sort()).toEqual(["Post", "PostTag"]);
    expect(renderEntities(entities)).not.toMatch(/\(\) => (?!Post|")/);
  });
});
