import { func, sql, when, type Scalar, type Statement } from "../../src";
import { eachDatabase } from "../helpers/databases";
import { Author, libraryOn } from "../helpers/entities/library";

eachDatabase((database) => {
  const library = libraryOn(database);

  const EXISTS = "exists";

  /** Expressions with a parameter, each made anew: the database has to find two of them equal. */
  const expressions: [string, () => Scalar, unknown[]][] = [
    ["a function", () => func.replace(Author.c.name, "y", "!"), ["Nobod! 100%", "Octavia", "Terr!", "Ursula"]],
    ["sql", () => sql`CASE WHEN ${Author.c.born} > ${1940} THEN ${"young"} ELSE ${"old"} END`, ["old", "young"]],
    ["arithmetic", () => Author.c.born.minus(1900).modulo(10), [null, 7, 8, 9]],
    ["a column in it", () => Author.c.name.length().plus(1), [6, 7, 8, 12]],
    ["a condition", () => Author.c.born.gt(1940), [null, false, true]],
    ["coalesce", () => Author.c.born.coalesce(0), [0, 1929, 1947, 1948]],
    ["when", () => when(Author.c.born.gt(1940), "young").otherwise("old"), ["old", "young"]],
    [EXISTS, () => Author.c.books.any({ title: "Mort" }), [false, true]],
    ["nested", () => func.lower(func.replace(Author.c.name, "y", "!")), ["nobod! 100%", "octavia", "terr!", "ursula"]],
  ];
  const sorted = (values: unknown[]) =>
    [...values].sort((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1));

  /** Whether MariaDB takes the statement where it is strict about what SELECT, HAVING and ORDER BY have of groups. */
  async function expectStrict(query: { toSQL(): Statement }) {
    if (library.kind !== "mariadb") return;
    const runner = library.dataSource.createQueryRunner();
    await runner.query("SET SESSION sql_mode = CONCAT(@@sql_mode, ',ONLY_FULL_GROUP_BY')");
    try {
      const { sql: text, parameters } = query.toSQL();
      await runner.query(text, [...parameters]);
    } finally {
      await runner.query("SET SESSION sql_mode = DEFAULT");
      await runner.release();
    }
  }

  test.each(expressions)("%s: select, distinct, orderBy", async (_, make, expected) => {
    const once = make();
    const same = await Author.query.select(once.as("value")).distinct().orderBy(once).all();
    const anew = await Author.query.select(make().as("value")).distinct().orderBy(make()).all();
    const named = await Author.query.select(make().as("value")).distinct().orderBy("value").all();
    const early = await Author.query
      .orderBy({ value: "ASC" } as never)
      .select(make().as("value"))
      .distinct()
      .all();
    for (const rows of [same, anew, named, early])
      expect(sorted(rows.map(({ value }) => value))).toEqual(sorted(expected));
    expect(await Author.query.select(make().as("value")).distinct().orderBy(make().desc().nullsLast()).count()).toBe(
      expected.length,
    );
    const last = await Author.query.select(make().as("value")).distinct().orderBy(make().desc().nullsLast()).all();
    expect(sorted(last.map(({ value }) => value))).toEqual(sorted(expected));
  });

  test.each(expressions)("%s: groupBy, select, having and orderBy", async (name, make, expected) => {
    const once = make();
    const count = func.count().as("n");
    const queries = [
      Author.query
        .groupBy(once)
        .select(once.as("value"), count)
        .having(once.isNull().or(once.isNotNull()))
        .orderBy(once),
      Author.query
        .groupBy(make())
        .select(make().as("value"), count)
        .having(make().isNull().or(make().isNotNull()))
        .orderBy(make().desc()),
      Author.query.select(make().as("value"), count).groupBy("value").orderBy("value"),
      Author.query
        .groupBy("value" as never)
        .select(make().as("value"), count)
        .orderBy({ n: "DESC", value: "ASC" }),
    ];
    for (const query of queries) {
      const rows = await query.all();
      // MariaDB finds no subquery of GROUP BY in SELECT then.
      if (name !== EXISTS) await expectStrict(query);
      expect(sorted(rows.map(({ value }) => value))).toEqual(sorted(expected));
      expect(rows.reduce((sum, { n }) => sum + n, 0)).toBe(4);
      expect(await query.count()).toBe(expected.length);
    }
    // In an aggregate it is computed of each row.
    const counted = Author.query
      .select(make().as("value"), make().count().as("n"))
      .groupBy(make())
      .having(make().countDistinct().gte(0), make().count().gte(0))
      .orderBy(make().count().desc(), make().countDistinct());
    expect(await counted.all()).toHaveLength(expected.length);
    const alone = Author.query
      .select(count)
      .groupBy(make())
      .having(make().count().gte(0))
      .orderBy(make().countDistinct());
    expect(await alone.all()).toHaveLength(expected.length);
    // Also where the grouped expression is not selected.
    if (name !== EXISTS)
      await expectStrict(Author.query.groupBy(make()).having(make().isNotNull()).select(count).orderBy(make()));
    const some = await Author.query.groupBy(make()).having(make().isNotNull()).select(count).orderBy(make()).all();
    expect(some).toHaveLength(expected.filter((value) => value !== null).length);
    const inside = Author.query.groupBy(make()).having(make().isNotNull()).select(Author.c.id.min());
    expect(await Author.query.filter(Author.c.id.in(inside)).count()).toBe(some.length);
  });

  test("a repeated expression has its parameters once, where parameters have numbers", () => {
    const value = func.concat(Author.c.name, "!");
    const { sql: text, parameters } = Author.query
      .groupBy(value)
      .select(value.as("value"))
      .having(value.ne("?"))
      .orderBy(value)
      .toSQL();
    if (library.kind === "postgres") expect(parameters).toEqual(["!", "?"]);
    else expect(parameters.length).toBe(text.split("?").length - 1);
    // An equal value in another expression is another parameter: it may have another type.
    const other = Author.query
      .groupBy("born")
      .select("born", func.concat("19", "x").as("x"), Author.c.born.plus("19" as never).as("y"));
    expect(other.toSQL().parameters.length).toBeGreaterThan(2);
  });

  test("a name is that of a selected value for orderBy, and that of a column for groupBy, as in SQL", async () => {
    const upper = Author.query.select(Author.c.born.times(-1).as("born")).filter(Author.c.born.isNotNull());
    expect(await upper.orderBy("born").all()).toEqual([{ born: -1948 }, { born: -1947 }, { born: -1929 }]);
    expect((await upper.orderBy({ born: "DESC" }).all())[0]).toEqual({ born: -1929 });
    expect(await Author.query.select(func.count().as("born")).groupBy("born").all()).toHaveLength(4);
    expect(() =>
      Author.query
        .select("name")
        .orderBy("total" as never)
        .toSQL(),
    ).toThrow('Author has no property "total"; select(…) has no "total" either');
  });
});
