import "reflect-metadata";
import {
  Column,
  DataSource,
  DeleteDateColumn,
  Entity,
  JoinTable,
  ManyToMany,
  ManyToOne,
  OneToMany,
  OneToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  JoinColumn,
  type DataSourceOptions,
  type Relation,
} from "typeorm";
import { connect, type Columns, type Database, type DatabaseEvent, type Query } from "../../src";
import type { DatabaseName, ScratchDatabase, TestDatabase } from "../helpers/databases";

export class Address {
  @Column({ type: "varchar", length: 40, nullable: true })
  city!: string | null;

  @Column({ type: "varchar", length: 10, nullable: true })
  zip!: string | null;
}

/** A writer; some are taught by others. */
@Entity()
export class Author {
  declare static readonly query: Query<Author>;
  declare static readonly c: Columns<Author>;

  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "varchar", length: 60 })
  name!: string;

  @Column({ type: "int", nullable: true })
  born!: number | null;

  @Column({ type: Boolean, default: true })
  active!: boolean;

  @Column(() => Address)
  address!: Address;

  @OneToMany(() => Book, (book) => book.author)
  books!: Relation<Book>[];

  @ManyToOne(() => Author, (author) => author.pupils)
  mentor!: Relation<Author> | null;

  @OneToMany(() => Author, (author) => author.mentor)
  pupils!: Relation<Author>[];

  @OneToOne(() => Portrait, (portrait) => portrait.author)
  portrait!: Relation<Portrait> | null;
}

@Entity()
export class Portrait {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "varchar", length: 60 })
  painter!: string;

  @OneToOne(() => Author, (author) => author.portrait)
  @JoinColumn()
  author!: Relation<Author>;
}

@Entity()
export class Book {
  declare static readonly query: Query<Book>;
  declare static readonly c: Columns<Book>;

  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "varchar", length: 60 })
  title!: string;

  @Column({ type: "int" })
  pages!: number;

  @Column({ type: "int", nullable: true })
  price!: number | null;

  @Column({ type: Date, nullable: true })
  published!: Date | null;

  @ManyToOne(() => Author, (author) => author.books)
  author!: Relation<Author> | null;

  @ManyToOne(() => Author)
  editor!: Relation<Author> | null;

  @ManyToMany(() => Tag, (tag) => tag.books)
  @JoinTable()
  tags!: Relation<Tag>[];

  @OneToMany(() => Review, (review) => review.book)
  reviews!: Relation<Review>[];
}

@Entity()
export class Tag {
  declare static readonly query: Query<Tag>;
  declare static readonly c: Columns<Tag>;

  @PrimaryColumn({ type: "varchar", length: 20 })
  name!: string;

  @ManyToMany(() => Book, (book) => book.tags)
  books!: Relation<Book>[];
}

/** Reviews are hidden, not deleted. */
@Entity()
export class Review {
  declare static readonly query: Query<Review>;
  declare static readonly c: Columns<Review>;

  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "int" })
  stars!: number;

  @ManyToOne(() => Book, (book) => book.reviews, { nullable: false })
  book!: Relation<Book>;

  @DeleteDateColumn()
  hidden!: Date | null;
}

export const library = [Author, Portrait, Book, Tag, Review];

/** A library that every test of a suite reads, each with a session that knows no object yet. */
export class Library {
  readonly #database: TestDatabase;
  #scratch!: ScratchDatabase;
  #events: DatabaseEvent[] = [];
  dataSource!: DataSource;
  db!: Database;

  constructor(database: TestDatabase) {
    this.#database = database;
  }

  get kind(): DatabaseName {
    return this.#database.name;
  }
  get session() {
    return this.db.session;
  }

  /** Statements sent since the last call. */
  sent(pattern: RegExp = /./): string[] {
    const statements = this.#events.filter((event) => event.type === "statement").map(({ sql }) => sql);
    this.#events = [];
    return statements.filter((sql) => pattern.test(sql));
  }

  async make(): Promise<void> {
    this.#scratch = await this.#database.create();
    const options = { ...this.#scratch.options, entities: library, synchronize: true } as DataSourceOptions;
    this.dataSource = await new DataSource(options).initialize();
    await this.#fill();
  }
  async open(): Promise<void> {
    this.db = await connect(this.dataSource);
    this.db.observe((event) => this.#events.push(event));
    this.#events = [];
  }
  async unmake(): Promise<void> {
    await this.dataSource.destroy();
    await this.#scratch.drop();
  }

  /** Written by TypeORM itself, so that what is read here was not written by the same hand. */
  async #fill(): Promise<void> {
    const { manager } = this.dataSource;
    const author = (name: string, born: number | null, city: string | null, mentor: Author | null = null) =>
      manager.save(manager.create(Author, { name, born, active: born !== null, address: { city, zip: null }, mentor }));
    const ursula = await author("Ursula", 1929, "Portland");
    const terry = await author("Terry", 1948, "Salisbury", ursula);
    const octavia = await author("Octavia", 1947, "Portland", ursula);
    await author("Nobody 100%", null, null);
    await manager.save(manager.create(Portrait, { painter: "Charles", author: ursula }));
    const [sf, fantasy, humour, unused] = await manager.save(
      ["sf", "fantasy", "humour", "unused"].map((name) => manager.create(Tag, { name })),
    );
    void unused;
    const book = (title: string, pages: number, price: number | null, rest: Partial<Book>) =>
      manager.save(manager.create(Book, { title, pages, price, ...rest } as never)) as unknown as Promise<Book>;
    const day = (text: string) => new Date(`${text}T12:00:00.000Z`);
    const dispossessed = await book("The Dispossessed", 341, 950, {
      author: ursula,
      tags: [sf!],
      published: day("1974-05-01"),
    });
    await book("A Wizard of Earthsea", 183, 700, { author: ursula, tags: [fantasy!], published: day("1968-11-01") });
    const mort = await book("Mort", 272, 650, {
      author: terry,
      editor: ursula,
      tags: [fantasy!, humour!],
      published: day("1987-11-12"),
    });
    const kindred = await book("Kindred", 264, null, {
      author: octavia,
      editor: terry,
      tags: [sf!],
      published: day("1979-06-01"),
    });
    await book("Beowulf", 100, null, {});
    const review = (of: Book, stars: number) => manager.save(manager.create(Review, { book: of, stars }));
    await review(dispossessed, 5);
    await review(dispossessed, 4);
    await review(mort, 5);
    await manager.softRemove(await review(mort, 1));
    await review(kindred, 3);
  }
}

/** Declares hooks that make the library once and give every test a session of its own. */
export function libraryOn(database: TestDatabase): Library {
  const made = new Library(database);
  beforeAll(() => made.make());
  beforeEach(() => made.open());
  afterEach(() => made.db.close());
  afterAll(() => made.unmake());
  return made;
}

export const titles = (books: Iterable<Book>): string[] => [...books].map(({ title }) => title);
export const names = (authors: Iterable<{ name: string }>): string[] => [...authors].map(({ name }) => name);
