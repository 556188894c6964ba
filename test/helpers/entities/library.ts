import "reflect-metadata";
import {
  Column,
  type DataSource,
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
  type Relation,
} from "typeorm";
import type { Columns, Query } from "../../../src";
import { benchOn, type Bench } from "../bench";
import type { TestDatabase } from "../databases";

/** Embedded in Author. */
export class Address {
  @Column({ type: "varchar", length: 40, nullable: true })
  city!: string | null;

  @Column({ type: "varchar", length: 10, nullable: true })
  zip!: string | null;
}

/** A writer, with an embedded address; some are taught by others. */
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

/** One to one with its author. */
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

/** Two relations to authors, a many-to-many to tags, values of several types. */
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

/** A natural key. */
@Entity()
export class Tag {
  declare static readonly query: Query<Tag>;
  declare static readonly c: Columns<Tag>;

  @PrimaryColumn({ type: "varchar", length: 20 })
  name!: string;

  @ManyToMany(() => Book, (book) => book.tags)
  books!: Relation<Book>[];
}

/** Soft-deleted. */
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

/** Written with TypeORM, so that what the tests read was not written by the session that reads it. */
async function fillLibrary({ manager }: DataSource): Promise<void> {
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

/** A suite on the filled library: its tests read, each with a new session. */
export function libraryOn(database: TestDatabase): Bench {
  return benchOn(database, { entities: library, fill: fillLibrary });
}

export const titles = (books: Iterable<Book>): string[] => [...books].map(({ title }) => title);
export const names = (authors: Iterable<{ name: string }>): string[] => [...authors].map(({ name }) => name);
