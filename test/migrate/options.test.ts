import fs from "node:fs";
import {
  Check,
  Column,
  Entity,
  Exclusion,
  ForeignKey,
  Index,
  JoinColumn,
  JoinTable,
  ManyToMany,
  ManyToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  Unique,
  ViewColumn,
  ViewEntity,
  type Relation,
} from "typeorm";
import { database, type DatabaseName } from "../helpers/databases";
import { eachDatabase } from "../helpers/databases";
import { isTypeorm03 } from "../helpers/typeorm";
import { Workshop } from "../helpers/workshop";

/** The entities with every option that only the schema has, as far as the database knows it. */
function entitiesFor(name: DatabaseName) {
  const [isPostgres, isMariaDb] = [name === "postgres", name === "mariadb"];
  const store = isPostgres ? { schema: "store" } : {};

  @Entity("shelf", {
    ...store,
    ...(name !== "sqlite" && { comment: "a shelf" }),
    ...(isMariaDb && { engine: "InnoDB" }),
  })
  class Shelf {
    @PrimaryColumn({ type: "int", primaryKeyConstraintName: "PK_of_shelf" })
    id!: number;

    @Column({ type: "varchar", length: 7, unique: true, name: "short_code" })
    code!: string;
  }

  @Entity({ name: "gadget_box", ...store, ...(name === "sqlite" && { withoutRowid: true }) })
  @Unique("UQ_pair", ["first", "second"], isPostgres ? { deferrable: "INITIALLY DEFERRED" } : {})
  class Gadget {
    @PrimaryColumn({ type: "int" })
    id!: number;

    @Column({ type: "int", default: 5 })
    first!: number;

    @Column({ type: "decimal", precision: 5, scale: 2, nullable: true })
    second!: string | null;

    @Column({ type: "varchar", length: 20, ...(name !== "sqlite" && { comment: "words" }), ...collated(name) })
    @Index("IDX_words", { unique: true, ...(!isMariaDb && { where: "id > 3" }) })
    words!: string;

    @Column({ type: "int", asExpression: "first * 2", generatedType: "STORED" })
    doubled!: number;

    @ManyToOne(() => Shelf, {
      onDelete: "CASCADE",
      onUpdate: "SET NULL",
      ...(isPostgres && { deferrable: "INITIALLY DEFERRED" }),
    })
    @JoinColumn({ name: "shelf_code", referencedColumnName: "code", foreignKeyConstraintName: "FK_of_shelf" })
    shelf!: Relation<Shelf> | null;

    @ManyToOne(() => Shelf, { createForeignKeyConstraints: false })
    loose!: Relation<Shelf> | null;

    @Column({ type: "int", nullable: true })
    @ForeignKey(() => Shelf, { name: "FK_by_hand", onDelete: "SET NULL" })
    other!: number | null;

    @ManyToMany(() => Shelf)
    @JoinTable({
      name: "gadget_places",
      ...store,
      joinColumn: { name: "gadget" },
      inverseJoinColumn: { name: "place", referencedColumnName: "code" },
    })
    places!: Relation<Shelf>[];

    @ManyToMany(() => Shelf)
    @JoinTable({ name: "left_alone", synchronize: false })
    alone!: Relation<Shelf>[];
  }

  @Entity({ name: "unmanaged", synchronize: false })
  class Unmanaged {
    @PrimaryColumn({ type: "int" })
    id!: number;
  }

  @Entity("typed")
  class Typed {
    @PrimaryGeneratedColumn(
      ...((isPostgres ? ["identity", { generatedIdentity: "ALWAYS" }] : ["increment"]) as ["increment"]),
    )
    id!: number;

    @Column({ type: "int", ...(isMariaDb && { unsigned: true }) })
    @Index("IDX_kept", { synchronize: false })
    total!: number;

    /** Options of MongoDB and Spanner, and one for a statement that cannot run in a transaction. */
    @Column({ type: "int" })
    @Index("IDX_elsewhere", {
      nullFiltered: true,
      sparse: true,
      background: true,
      expireAfterSeconds: 5,
      ...(isPostgres && { concurrent: true }),
    })
    elsewhere!: number;
  }

  @ViewEntity({
    name: "codes",
    ...store,
    expression: `SELECT short_code AS code FROM ${isPostgres ? "store.shelf" : "shelf"}`,
    materialized: isPostgres,
  })
  class Codes {
    @ViewColumn()
    code!: string;
  }

  @ViewEntity({
    name: "few_codes",
    dependsOn: [Codes],
    expression: `SELECT code FROM ${isPostgres ? "store.codes" : "codes"}`,
  })
  class FewCodes {
    @ViewColumn()
    code!: string;
  }

  @ViewEntity({ name: "no_codes", synchronize: false, expression: "SELECT 1 AS code" })
  class NoCodes {
    @ViewColumn()
    code!: string;
  }

  const shared = [Shelf, Gadget, Unmanaged, Typed, FewCodes, Codes, NoCodes];
  return isPostgres ? [...shared, postgresOnly()] : isMariaDb ? [...shared, mariadbOnly()] : [...shared, sqliteOnly()];
}

function collated(name: DatabaseName) {
  if (name === "postgres") return { collation: "C" };
  return name === "mariadb" ? { charset: "latin1", collation: "latin1_bin" } : { collation: "NOCASE" };
}

/** TypeORM 0.3 has no options for it. */
const DeferrableExclusion = Exclusion as (name: string, expression: string, options: object) => ClassDecorator;

function postgresOnly() {
  @Entity("special")
  @DeferrableExclusion("XCL_span", "USING gist (span WITH &&)", { deferrable: "INITIALLY DEFERRED" })
  @Check("CHK_size", "size > 0")
  class Special {
    @PrimaryColumn({ type: "int" })
    id!: number;

    @Column({ type: "int4range", nullable: true })
    span!: string | null;

    @Column({ type: "int" })
    size!: number;

    @Column({ type: "int", array: true, nullable: true })
    @Index("IDX_numbers", { type: "gin" } as never)
    numbers!: number[] | null;

    @Column({ type: "enum", enum: ["calm", "wild"], enumName: "mood_of_special" })
    mood!: string;
  }
  return Special;
}

function mariadbOnly() {
  @Entity("special")
  @Index("IDX_spot", ["spot"], { spatial: true })
  class Special {
    @PrimaryColumn({ type: "int" })
    id!: number;

    @Column({ type: "datetime", onUpdate: "CURRENT_TIMESTAMP", default: () => "CURRENT_TIMESTAMP" })
    moment!: Date;

    @Column({ type: "text" })
    @Index("IDX_text", { fulltext: true })
    text!: string;

    @Column({ type: "point", spatialFeatureType: "Point" })
    spot!: string;

    @Column({ type: "enum", enum: ["calm", "wild"] })
    mood!: string;
  }
  return Special;
}

function sqliteOnly() {
  @Entity("special")
  @Check("CHK_size", "size > 0")
  class Special {
    @PrimaryColumn({ type: "int" })
    id!: number;

    @Column({ type: "int" })
    size!: number;

    @Column({ type: "simple-enum", enum: ["calm", "wild"] })
    mood!: string;
  }
  return Special;
}

type Row = [option: string, pattern: RegExp, databases?: DatabaseName[]];
const servers: DatabaseName[] = ["postgres", "mariadb"];

const ROWS: Row[] = [
  ["EntityOptions.name", /CREATE TABLE (store\.)?gadget_box/],
  ["EntityOptions.schema", /CREATE TABLE store\.gadget_box/, ["postgres"]],
  ["EntityOptions.comment", /a shelf/, servers],
  ["EntityOptions.engine", /ENGINE=InnoDB/i, ["mariadb"]],
  ["EntityOptions.withoutRowid", /WITHOUT ROWID/, ["sqlite"]],
  ["ColumnOptions.name", /short_code varchar|short_code character varying/],
  ["ColumnOptions.length", /short_code (varchar|character varying) ?\(7\)/],
  ["ColumnOptions.unique", /UNIQUE (INDEX \w+ )?\(short_code\)/],
  ["ColumnOptions.default", /first (int\(11\)|integer|int) [^,]*DEFAULT '?\(?5/],
  ["ColumnOptions.precision", /second (decimal|numeric) ?\(5, ?2\)/],
  ["ColumnOptions.nullable", /short_code [^,]*NOT NULL/],
  ["ColumnOptions.comment", /COMMENT (ON COLUMN store\.gadget_box\.words IS )?'words'/, servers],
  ["ColumnOptions.collation", /words [^,]*COLLATE (C|latin1_bin|NOCASE)/],
  ["ColumnOptions.charset", /words [^,]*CHARACTER SET latin1/, ["mariadb"]],
  ["ColumnOptions.unsigned", /total int\(10\) unsigned/, ["mariadb"]],
  ["ColumnOptions.onUpdate", /moment [^,]*ON UPDATE CURRENT_TIMESTAMP/, ["mariadb"]],
  ["ColumnOptions.asExpression", /doubled [^,]*AS \(.?first.? \* 2\)+ STORED/],
  ["ColumnOptions.generatedIdentity", /GENERATED ALWAYS AS IDENTITY/, ["postgres"]],
  ["ColumnOptions.enum", /'calm', ?'wild'/],
  ["ColumnOptions.enumName", /CREATE TYPE (public\.)?mood_of_special/, ["postgres"]],
  ["ColumnOptions.array", /numbers (int|integer|int4)\[\]/, ["postgres"]],
  ["ColumnOptions.spatialFeatureType", /spot point/, ["mariadb"]],
  ["ColumnOptions.primaryKeyConstraintName", /PK_of_shelf/, ["postgres"]],
  ["JoinColumnOptions.name", /FOREIGN KEY \(shelf_code\)/],
  ["JoinColumnOptions.referencedColumnName", /FOREIGN KEY \(shelf_code\) REFERENCES (store\.)?shelf ?\(short_code\)/],
  ["JoinColumnOptions.foreignKeyConstraintName", /CONSTRAINT FK_of_shelf/],
  ["JoinTableOptions.name", /CREATE TABLE (store\.)?gadget_places/],
  ["JoinTableOptions.joinColumn", /gadget_places \( gadget int/],
  ["JoinTableOptions.inverseJoinColumn", /place (varchar|character varying) ?\(7\)/],
  ["JoinTableOptions.schema", /CREATE TABLE store\.gadget_places/, ["postgres"]],
  ["RelationOptions.onDelete", /FOREIGN KEY \(shelf_code\) [^,]*ON DELETE CASCADE/],
  ["RelationOptions.onUpdate", /FOREIGN KEY \(shelf_code\) [^,]*ON UPDATE SET NULL/],
  ["RelationOptions.deferrable", /FOREIGN KEY \(shelf_code\) [^,;]*DEFERRABLE INITIALLY DEFERRED/, ["postgres"]],
  ["ForeignKeyOptions.name", /CONSTRAINT FK_by_hand FOREIGN KEY \(other\) [^,;]*ON DELETE SET NULL/],
  ["UniqueOptions.deferrable", /UQ_pair UNIQUE \(first, second\) DEFERRABLE INITIALLY DEFERRED/, ["postgres"]],
  ["IndexOptions.unique", /UNIQUE INDEX IDX_words/],
  ["IndexOptions.concurrent", /CREATE INDEX IDX_elsewhere ON/, ["postgres"]],
  ["IndexOptions.sparse", /(CREATE |[,(] )INDEX IDX_elsewhere [^A-Z]*(ON typed )?\(elsewhere\)/],
  ["IndexOptions.where", /IDX_words ON [^;]* WHERE/, ["postgres", "sqlite"]],
  ["IndexOptions.type", /IDX_numbers ON special USING gin/i, ["postgres"]],
  ["IndexOptions.fulltext", /FULLTEXT INDEX IDX_text/, ["mariadb"]],
  ["IndexOptions.spatial", /SPATIAL INDEX IDX_spot/, ["mariadb"]],
  ["@Check", /CONSTRAINT CHK_size CHECK/, ["postgres", "sqlite"]],
  ["@Exclusion", /CONSTRAINT XCL_span EXCLUDE USING gist/, ["postgres"]],
  ["ViewEntityOptions.expression", /VIEW (store\.)?codes AS SELECT short_code AS code/],
  ["ViewEntityOptions.materialized", /CREATE MATERIALIZED VIEW store\.codes/, ["postgres"]],
  ["ViewEntityOptions.dependsOn", /VIEW (store\.)?codes AS .*VIEW few_codes AS/],
];

/** What `synchronize: false` and `createForeignKeyConstraints: false` keep out. */
const ABSENT: [option: string, pattern: RegExp][] = [
  ["EntityOptions.synchronize", /unmanaged/i],
  ["IndexOptions.synchronize", /IDX_kept/],
  ["JoinTableOptions.synchronize", /left_alone/],
  ["ViewEntityOptions.synchronize", /no_codes/],
  ["RelationOptions.createForeignKeyConstraints", /FOREIGN KEY \(looseId/],
];

eachDatabase((kind) => {
  let text: string;
  beforeAll(async () => {
    const shop = await Workshop.open(database(kind.name));
    if (kind.name === "postgres") {
      await shop.use([]);
      await shop.query("CREATE SCHEMA store");
    }
    const result = await shop.generate(entitiesFor(kind.name));
    if (result.status === "unchanged") throw new Error("nothing was generated");
    // Without quotes and line breaks, which differ between the databases.
    text = fs
      .readFileSync(result.file, "utf8")
      .replace(/[\\`"]/g, "")
      .replace(/\s+/g, " ");
    await shop.close();
  });

  // TypeORM 0.3 has no types of indexes.
  const known = ROWS.filter(([option]) => !isTypeorm03 || option !== "IndexOptions.type");
  test.each(known.filter(([, , databases]) => !databases || databases.includes(kind.name)))(
    "an option of the schema is in the migration: %s",
    (_, pattern) => {
      expect(text).toMatch(pattern);
    },
  );

  test.each(ABSENT)("what an option leaves to hand-written migrations is not in the migration: %s", (_, pattern) => {
    expect(text).not.toMatch(pattern);
  });
});

eachDatabase(
  (kind) => {
    test("the parser of a full-text index is the server's to know", async () => {
      @Entity("text")
      class Text {
        @PrimaryColumn({ type: "int" })
        id!: number;

        @Column({ type: "text" })
        @Index("IDX_text", { fulltext: true, parser: "no_such_parser" })
        text!: string;
      }
      const shop = await Workshop.open(database(kind.name));
      await expect(shop.generate([Text])).rejects.toThrow(/no_such_parser/);
      await shop.close();
    });
  },
  ["mariadb"],
);

eachDatabase(
  (kind) => {
    test("a spatial column has its feature type and SRID; without PostGIS the server knows neither", async () => {
      @Entity("place")
      class Place {
        @PrimaryColumn({ type: "int" })
        id!: number;

        @Column({ type: "geometry", spatialFeatureType: "Point", srid: 4326 })
        spot!: object;
      }
      const shop = await Workshop.open(database(kind.name));
      const [sent, error] = await failedStatement(shop, [Place]);
      // With PostGIS it is generated.
      if (error) expect(sent).toMatch(/geometry|postgis/i);
      await shop.close();
    });
  },
  ["postgres"],
);

async function failedStatement(
  shop: Workshop,
  entities: Parameters<Workshop["generate"]>[0],
): Promise<[string, unknown]> {
  try {
    const result = await shop.generate(entities);
    return [result.status === "unchanged" ? "" : fs.readFileSync(result.file, "utf8"), undefined];
  } catch (error) {
    return [String((error as Error).message), error];
  }
}
