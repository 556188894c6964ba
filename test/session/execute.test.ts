import { sql, type RetortError } from "../../src";
import { benchOn } from "../helpers/bench";
import { database, eachDatabase } from "../helpers/databases";
import { Post, User } from "../helpers/entities/blog";
import { replOver } from "../helpers/repl";

const failureOf = (work: Promise<unknown>): Promise<RetortError> =>
  work.then(
    () => Promise.reject(new Error("it did not fail")),
    (error: unknown) => error as RetortError,
  );

eachDatabase((kind) => {
  const bench = benchOn(kind);
  const quoted = (text: string) => (kind.name === "mariadb" ? text.replaceAll('"', "") : text);
  const placeholder = kind.name === "postgres" ? "$1" : "?";

  beforeEach(async () => {
    const { db, session } = bench;
    session.add(db.create(User, { username: "joe", age: 1 }), db.create(User, { username: "susan", age: 2 }));
    await session.commit();
    bench.quiet();
  });

  test("session 40: execute gives rows as objects, of a text with parameters and of sql`…`", async () => {
    const { session } = bench;
    const text = quoted(`SELECT "username", "age" FROM "user" WHERE "age" > ${placeholder} ORDER BY "age"`);
    const rows = await session.execute(text, [1]);
    expect([...rows]).toEqual([{ username: "susan", age: 2 }]);
    expect(rows.changes).toBe(0);
    session.add(session.create(Post, { body: "one" }), session.create(Post, { body: "two" }));
    const { body } = bench.db.columns(Post);
    const found = await session.execute(sql`SELECT ${body} AS text FROM post WHERE ${body} <> ${"one"}`);
    expect([...found]).toEqual([{ text: "two" }]);
    await session.rollback();
  });

  test("session 40: a statement that reads leaves no transaction open", async () => {
    await bench.session.execute("SELECT 1 AS one");
    expect(bench.session.inTransaction).toBe(false);
  });

  test("session 40: what was changed before is flushed, and seen", async () => {
    const { db, session } = bench;
    session.add(db.create(User, { username: "ann", age: 3 }));
    const [row] = await session.execute(quoted('SELECT COUNT(*) AS n FROM "user"'));
    expect(Number(row!["n"])).toBe(3);
    await session.rollback();
    expect(await bench.stored('SELECT "username" FROM "user"')).toHaveLength(2);
  });

  test("session 40: a statement that writes belongs to the transaction, and loaded objects follow it", async () => {
    const { session } = bench;
    const susan = await session.query(User).filterBy({ username: "susan" }).one();
    const rows = await session.execute(
      quoted(`UPDATE "user" SET "age" = ${placeholder} WHERE "username" = 'susan'`),
      [9],
    );
    expect([[...rows], rows.changes, session.inTransaction]).toEqual([[], 1, true]);
    expect((await session.get(User, susan.id))!.age).toBe(9);
    await session.rollback();
    expect((await session.get(User, susan.id))!.age).toBe(2);
    expect(await bench.stored(`SELECT "age" FROM "user" WHERE "username" = 'susan'`)).toEqual([{ age: 2 }]);
    await session.execute(quoted(`DELETE FROM "user" WHERE "username" = 'joe'`));
    await session.commit();
    expect(await bench.stored('SELECT "username" FROM "user"')).toEqual([{ username: "susan" }]);
  });

  test("session 40: statements of the transaction itself are refused by name", async () => {
    for (const text of [
      "COMMIT",
      "  -- now\n begin",
      "/* x */ ROLLBACK TO SAVEPOINT a",
      "start transaction",
      "SAVEPOINT a",
    ])
      expect(await failureOf(bench.session.execute(text))).toMatchObject({ code: "session/transaction-statement" });
  });

  test("session 40: several statements in one text are refused before any of them is sent", async () => {
    const { session } = bench;
    for (const text of [
      `UPDATE "user" SET "age" = 50; COMMIT`,
      "SELECT 1; COMMIT; SELECT 2",
      "SELECT 1;; /* x */ SELECT 2",
    ])
      expect(await failureOf(session.execute(quoted(text)))).toMatchObject({ code: "session/several-statements" });
    expect(await session.execute("SELECT ';' AS \n a; -- ; end\n")).toEqual([{ a: ";" }]);
    await session.rollback();
    expect(await bench.stored(`SELECT "age" FROM "user" WHERE "age" = 50`)).toEqual([]);
    const body = { sqlite: "UPDATE note SET id = 1; ", mariadb: "SET @a = 1; SET @b = 2; " };
    if (bench.kind === "postgres") return;
    await session.execute("CREATE TABLE note (id int)");
    const each = bench.kind === "mariadb" ? "FOR EACH ROW " : "";
    await session.execute(`CREATE TRIGGER noted AFTER INSERT ON note ${each}BEGIN ${body[bench.kind]}END`);
    await session.execute("DROP TABLE note");
    await session.commit();
    if (bench.kind === "mariadb") {
      expect(await session.execute("SELECT 1 AS a; # done")).toEqual([{ a: 1 }]);
      for (const text of ["# now\nCOMMIT", "/*!40000 COMMIT */", "SELECT 1 /*! ; COMMIT */"])
        expect(await failureOf(session.execute(text))).toMatchObject({
          code: expect.stringMatching(/^session\//) as string,
        });
    }
  });

  test("session 40: a change of the schema is part of the transaction, or refused while one is open", async () => {
    const { session } = bench;
    const create = quoted(`CREATE TABLE "made" ("id" int)`);
    const susan = await session.query(User).filterBy({ username: "susan" }).one();
    susan.age = 77;
    if (bench.kind === "mariadb") {
      expect(await failureOf(session.execute(create))).toMatchObject({ code: "session/ends-transaction" });
      await session.rollback();
      await session.execute(create);
      susan.age = 78;
      await session.flush();
    } else await session.execute(create);
    await session.rollback();
    expect(await bench.stored(`SELECT "age" FROM "user" WHERE "age" > 70`)).toEqual([]);
    await session.execute(quoted(`DROP TABLE IF EXISTS "made"`));
    await session.commit();
  });

  test("session 40: at the prompt sql`…` alone runs in the session, and prints its rows", async () => {
    const shell = replOver(bench.db);
    try {
      await shell.repl.run(quoted(`sql\`UPDATE "user" SET "age" = 50 WHERE "username" = \${'susan'}\``));
      expect(bench.session.inTransaction).toBe(true);
      shell.output();
      await shell.repl.run(quoted(`sql\`SELECT "username" AS who, "age" FROM "user" WHERE "age" > \${10}\``));
      expect(shell.output()).toMatch(/who +│? *age[^]*susan +│? *50/);
      await shell.repl.run("part = sql`1`");
      bench.quiet();
      await shell.repl.run("part");
      expect(bench.sent()).toEqual([]);
      await shell.repl.run("db.session.rollback()");
      expect(await bench.stored(`SELECT "age" FROM "user" WHERE "username" = 'susan'`)).toEqual([{ age: 2 }]);
    } finally {
      shell.repl.close();
    }
  });
});

eachDatabase(
  (kind) => {
    const bench = benchOn(kind);

    test("session 40: a SELECT that writes or locks runs in the session's transaction", async () => {
      const { session } = bench;
      await bench.stored("CREATE TABLE log (n int)");
      await bench.stored(
        "CREATE FUNCTION note() RETURNS int LANGUAGE sql AS $$ INSERT INTO log VALUES (1) RETURNING n $$",
      );
      const [row] = await session.execute("SELECT note() AS n");
      expect([row, session.inTransaction]).toEqual([{ n: 1 }, true]);
      await session.rollback();
      expect(await bench.stored("SELECT * FROM log")).toEqual([]);
      await session.execute("SELECT * FROM log FOR UPDATE");
      expect(session.inTransaction).toBe(true);
      await session.rollback();
      await bench.stored("DROP FUNCTION note()");
      await bench.stored("DROP TABLE log");
    });
  },
  ["postgres"],
);

describe("SQLite", () => {
  const bench = benchOn(database("sqlite"));

  test("session 40: TypeORM's own statement is told whose lock it meets, and does not block the process", async () => {
    const { db, session, dataSource } = bench;
    session.add(db.create(User, { username: "joe" }));
    await session.flush();
    const started = performance.now();
    expect(await failureOf(dataSource.query("UPDATE user SET age = 1"))).toMatchObject({
      code: "database/locked",
      message: expect.stringContaining("a session of this process is writing"),
      hint: expect.stringContaining("session.execute"),
    });
    expect(performance.now() - started).toBeLessThan(1_000);
    expect(await dataSource.query("SELECT count(*) AS n FROM user")).toEqual([{ n: 0 }]);
    await session.commit();
    const other = await bench.fresh();
    other.session.add(other.create(User, { username: "ann" }));
    await other.session.flush();
    expect(await failureOf(dataSource.query("DELETE FROM user"))).toMatchObject({ code: "database/locked" });
    await other.session.rollback();
    await dataSource.query("UPDATE user SET age = 1");
    expect(await bench.stored("SELECT age FROM user")).toEqual([{ age: 1 }]);
    expect(await bench.stored("PRAGMA busy_timeout")).toEqual([{ timeout: 5_000 }]);
  });
});
