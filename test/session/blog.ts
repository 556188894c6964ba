import "reflect-metadata";
import {
  Column,
  DataSource,
  Entity,
  Index,
  JoinColumn,
  JoinTable,
  ManyToMany,
  ManyToOne,
  OneToMany,
  OneToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  type DataSourceOptions,
  type QueryRunner,
  type Relation,
} from "typeorm";
import { connect, type Database, type DatabaseEvent, type SessionOptions } from "../../src";
import type { DatabaseName, ScratchDatabase, TestDatabase } from "../helpers/databases";

export class Name {
  @Column({ type: "varchar", length: 40, nullable: true })
  first!: string | null;

  @Column({ type: "varchar", length: 40, nullable: true })
  last!: string | null;
}

/** A user, with relations of every kind: posts (nullable key), a profile (one to one), groups (many to many). */
@Entity()
export class User {
  @PrimaryGeneratedColumn()
  id!: number;

  @Index({ unique: true })
  @Column({ type: "varchar", length: 64 })
  username!: string;

  @Column({ type: "int", nullable: true })
  age!: number | null;

  @Column({ type: "varchar", length: 20, default: "reader" })
  role!: string;

  @Column(() => Name)
  name!: Name;

  @OneToMany(() => Post, (post) => post.author)
  posts!: Relation<Post>[];

  @OneToOne(() => Profile, (profile) => profile.user)
  profile!: Relation<Profile> | null;

  @ManyToMany(() => Group, (group) => group.members)
  @JoinTable()
  groups!: Relation<Group>[];

  toString(): string {
    return `<User ${this.username}>`;
  }
}

@Entity()
export class Post {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "varchar", length: 140 })
  body!: string;

  @ManyToOne(() => User, (user) => user.posts)
  author!: Relation<User> | null;

  @OneToMany(() => Comment, (comment) => comment.post, { cascade: true })
  comments!: Relation<Comment>[];

  toString(): string {
    return `<Post ${this.body}>`;
  }
}

/** Cannot be without its post, and the database does not delete it by itself. */
@Entity()
export class Comment {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "varchar", length: 140 })
  text!: string;

  @ManyToOne(() => Post, (post) => post.comments, { nullable: false })
  post!: Relation<Post>;
}

/** Goes with its user. */
@Entity()
export class Profile {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "varchar", length: 140 })
  motto!: string;

  @OneToOne(() => User, (user) => user.profile, { onDelete: "CASCADE", nullable: false })
  @JoinColumn()
  user!: Relation<User>;
}

@Entity("circle")
export class Group {
  @PrimaryColumn({ type: "varchar", length: 20 })
  name!: string;

  @ManyToMany(() => User, (user) => user.groups)
  members!: Relation<User>[];
}

/** A composite natural key. */
@Entity()
export class Seat {
  @PrimaryColumn({ type: "varchar", length: 10 })
  hall!: string;

  @PrimaryColumn({ type: "int" })
  place!: number;

  @Column({ type: "varchar", length: 40, nullable: true })
  guest!: string | null;
}

/** A tree by hand: each node may have a parent. */
@Entity()
export class Node {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "varchar", length: 20 })
  label!: string;

  @ManyToOne(() => Node, (node) => node.children)
  parent!: Relation<Node> | null;

  @OneToMany(() => Node, (node) => node.parent, { cascade: true })
  children!: Relation<Node>[];
}

export const blog = [User, Post, Comment, Profile, Group, Seat, Node];

/** A database with tables for some entities, a session on it, and what was sent. */
export class Bench {
  readonly #database: TestDatabase;
  readonly #entities: readonly unknown[];
  readonly #options: SessionOptions;
  readonly #extra: Partial<DataSourceOptions>;
  #scratch: ScratchDatabase | undefined;
  #events: DatabaseEvent[] = [];
  dataSource!: DataSource;
  db!: Database;

  constructor(
    database: TestDatabase,
    entities: readonly unknown[],
    options: SessionOptions,
    extra: Partial<DataSourceOptions>,
  ) {
    this.#database = database;
    this.#entities = entities;
    this.#options = options;
    this.#extra = extra;
  }

  get session() {
    return this.db.session;
  }
  get kind() {
    return this.#database.name;
  }
  /** The DataSource's options, for a second one on the same database. */
  get options(): DataSourceOptions {
    return this.dataSource.options;
  }

  /** Statements sent since the last call of `sent` or `quiet`. */
  sent(pattern: RegExp = /./): string[] {
    const statements = this.#events.filter((event) => event.type === "statement").map(({ sql }) => sql);
    this.#events = [];
    return statements.filter((sql) => pattern.test(sql));
  }
  /** Forgets what was sent. */
  quiet(): void {
    this.#events = [];
  }
  get events(): readonly DatabaseEvent[] {
    return this.#events;
  }

  /** What the database itself says, asked on another connection. */
  async stored(sql: string): Promise<Record<string, unknown>[]> {
    const quoted = this.kind === "mariadb" ? sql.replaceAll('"', "`") : sql;
    return this.dataSource.query<Record<string, unknown>[]>(quoted);
  }

  /** A session like a program's that has just been started: it knows no object. */
  async fresh(options: SessionOptions = {}): Promise<Database> {
    const db = await connect(this.dataSource, options);
    this.#others.push(db);
    return db;
  }
  readonly #others: Database[] = [];

  async open(): Promise<void> {
    if (!this.#scratch) {
      this.#scratch = await this.#database.create();
      this.dataSource = new DataSource({
        ...this.#scratch.options,
        entities: [...this.#entities],
        synchronize: true,
        ...HASTE[this.kind],
        ...this.#extra,
      } as DataSourceOptions);
      await this.dataSource.initialize();
    } else await this.empty();
    this.db = await connect(this.dataSource, this.#options);
    this.db.observe((event) => this.#events.push(event));
    this.#events = [];
  }

  async release(): Promise<void> {
    for (const other of this.#others.splice(0)) await other.close();
    await this.db.close();
  }

  async close(): Promise<void> {
    await this.dataSource.destroy();
  }

  /** Empties every table, whatever refers to whatever; numbering goes on. */
  async empty(): Promise<void> {
    const runner = this.dataSource.createQueryRunner();
    try {
      const tables = this.dataSource.entityMetadatas
        .filter(({ tableType }) => tableType !== "entity-child")
        .map(({ tablePath }) => this.dataSource.driver.escape(tablePath));
      const [off, on] = UNBOUND[this.kind];
      await runner.query(off);
      for (const table of await withRows(runner, tables)) await runner.query(`DELETE FROM ${table}`);
      await runner.query(on);
    } finally {
      await runner.release();
    }
  }
}

/** Foreign keys not looked at, and looked at again. */
const UNBOUND: Record<DatabaseName, [off: string, on: string]> = {
  sqlite: ["PRAGMA foreign_keys = OFF", "PRAGMA foreign_keys = ON"],
  postgres: ["SET session_replication_role = replica", "SET session_replication_role = DEFAULT"],
  mariadb: ["SET FOREIGN_KEY_CHECKS = 0", "SET FOREIGN_KEY_CHECKS = 1"],
};

/** A test database need not survive a power cut: the disk is not waited for. */
const HASTE: Record<DatabaseName, object> = {
  sqlite: { prepareDatabase: (connection: { pragma(text: string): void }) => connection.pragma("synchronous = OFF") },
  postgres: { extra: { options: "-c synchronous_commit=off" } },
  mariadb: {},
};

async function withRows(runner: QueryRunner, tables: readonly string[]): Promise<string[]> {
  const [found] = (await runner.query(
    `SELECT ${tables.map((table, index) => `EXISTS (SELECT 1 FROM ${table}) AS t${index}`).join(", ")}`,
  )) as [Record<string, unknown>];
  return tables.filter((_, index) => Boolean(found[`t${index}`]));
}

/** Declares hooks that give every test of a suite empty tables and a new session. */
export function benchOn(
  database: TestDatabase,
  {
    entities = blog,
    options = {},
    ...extra
  }: { entities?: readonly unknown[]; options?: SessionOptions } & Partial<Omit<DataSourceOptions, "entities">> = {},
): Bench {
  const bench = new Bench(database, entities, options, extra as Partial<DataSourceOptions>);
  beforeEach(() => bench.open());
  afterEach(() => bench.release());
  afterAll(() => bench.close());
  return bench;
}

/** The very objects, in this order; told by their names, since entities refer to each other in circles. */
export function expectSame(
  actual: Iterable<object | null | undefined>,
  expected: readonly (object | null | undefined)[],
): void {
  const [found, wanted] = [[...actual], [...expected]];
  const wrong = found.length !== wanted.length || found.some((object, index) => object !== wanted[index]);
  if (wrong) throw new Error(`expected [${wanted.map(String).join(", ")}], got [${found.map(String).join(", ")}]`);
}
