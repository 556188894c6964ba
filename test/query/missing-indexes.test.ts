import { Column, Entity, Index, ManyToOne, OneToMany, PrimaryColumn, type DataSource, type Relation } from "typeorm";
import { func, type Columns, type Query } from "../../src";
import { benchOn } from "../helpers/bench";
import { eachDatabase, type DatabaseName } from "../helpers/databases";
import { replOver } from "../helpers/repl";

@Entity()
class Parcel {
  declare static readonly query: Query<Parcel>;
  declare static readonly c: Columns<Parcel>;

  @PrimaryColumn({ type: "int" })
  id!: number;

  @Index()
  @Column({ type: "varchar", length: 20 })
  code!: string;

  @Column({ type: "varchar", length: 20 })
  note!: string;

  @Index()
  @ManyToOne(() => Depot, (depot) => depot.parcels, { createForeignKeyConstraints: false })
  depot!: Relation<Depot> | null;
}

@Entity()
class Depot {
  declare static readonly query: Query<Depot>;

  @PrimaryColumn({ type: "int" })
  id!: number;

  @Column({ type: "varchar", length: 20 })
  town!: string;

  @OneToMany(() => Parcel, (parcel) => parcel.depot)
  parcels!: Relation<Parcel>[];
}

const ROWS = 12_000;

const NUMBERS: Record<DatabaseName, string> = {
  sqlite: `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS}) SELECT`,
  postgres: "SELECT",
  mariadb: "SELECT",
};
const FROM: Record<DatabaseName, string> = {
  sqlite: "FROM n",
  postgres: `FROM generate_series(1, ${ROWS}) AS n(i)`,
  mariadb: `FROM (SELECT seq AS i FROM seq_1_to_${ROWS}) n`,
};

eachDatabase((database) => {
  const fill = async (dataSource: DataSource): Promise<void> => {
    const { name } = database;
    const q = (text: string): string => dataSource.driver.escape(text);
    const text = (prefix: string): string => (name === "mariadb" ? `CONCAT('${prefix}', i)` : `'${prefix}' || i`);
    await dataSource.query(
      `INSERT INTO ${q("parcel")} (${q("id")}, ${q("code")}, ${q("note")}, ${q("depotId")}) ${NUMBERS[name]} i, ${text("c")}, ${text("n")}, i % 7 ${FROM[name]}`,
    );
    await dataSource.query("INSERT INTO depot (id, town) VALUES (1, 'x'), (2, 'y')");
    await dataSource.query({ sqlite: "ANALYZE", postgres: "ANALYZE", mariadb: "ANALYZE TABLE parcel" }[name]);
  };
  const bench = benchOn(database, { entities: [Parcel, Depot], fill });

  const remarks = async (query: unknown): Promise<string[]> =>
    (await (query as Query).explain()).filter((line) => /^no (index|use)/.test(line));

  test("session 51: explain names the columns without an index where a large table is read as a whole", async () => {
    const rows = { sqlite: /10000 or more/, postgres: /about 12000/, mariadb: /about 1[12]\d{3}/ }[database.name];
    const [note, ...others] = await remarks(Parcel.query.filterBy({ note: "n7" }));
    expect(note).toMatch(/^no index on Parcel\.note: the plan reads all rows of parcel, /);
    expect(note).toMatch(rows);
    expect(others).toEqual([]);
    expect(await remarks(Parcel.query.orderBy("note").limit(5))).toEqual([note]);
    expect(await remarks(Parcel.query.orderBy("id").filterBy({ note: "n7" }).limit(5))).toEqual([note]);
    const [lower] = await remarks(Parcel.query.filter(func.lower(Parcel.c.code).eq("c7")));
    expect(lower).toMatch(/^no use of the index on Parcel\.code/);
  });

  test("session 51: and says nothing where an index is used, the table is small, or all rows are asked for", async () => {
    for (const query of [
      Parcel.query.filterBy({ code: "c7" }),
      Parcel.query.filterBy({ code: "c7", note: "n7" }),
      Parcel.query.orderBy("code").limit(5),
      Parcel.query.orderBy("code").after({ id: 7 }).limit(5),
      Parcel.query,
      Parcel.query.orderBy("note"),
      Depot.query.filterBy({ town: "x" }),
    ])
      expect(await remarks(query)).toEqual([]);
  });

  test("session 51: .explain prints it below the plan, with the next thing to do", async () => {
    const opened = replOver(bench.db, { columns: 150 });
    const lines = await opened.type(".explain Parcel.query.filterBy(note='n7')");
    expect(lines.join("\n")).toMatch(
      /no index on Parcel\.note: the plan reads all rows of parcel, .*\n@Index\(\) in the entity, then \.migrate generate NAME and \.migrate up/,
    );
    opened.repl.close();
  });
});
