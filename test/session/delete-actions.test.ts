import {
  DataSource,
  Entity,
  EntitySchema,
  PrimaryColumn,
  Tree,
  TreeChildren,
  TreeParent,
  type DataSourceOptions,
} from "typeorm";
import { connect, type Database } from "../../src";
import { eachDatabase, type ScratchDatabase } from "../helpers/databases";

type Action = "CASCADE" | "SET NULL" | "NO ACTION";

/** What the foreign keys of a library do; "none": there are no constraints. */
interface Actions {
  readonly children: Action | "none";
  readonly notes: Action | "none";
  readonly joinTable: Action | "none";
}

interface Row {
  id: number;
}
interface Author extends Row {
  books: Book[];
}
interface Book extends Row {
  author: Author | null;
  chapters: Chapter[];
  tags: Tag[];
}
interface Chapter extends Row {
  book: Book;
}
interface Note extends Row {
  author: Author | null;
}
@Entity()
@Tree("closure-table")
class Node {
  @PrimaryColumn("int") id!: number;
  @TreeParent() parent!: Node | null;
  @TreeChildren() children!: Node[];
}
interface Tag extends Row {
  books: Book[];
}

const ID = { id: { type: "int", primary: true } } as const;

function constraint(action: Action | "none") {
  return action === "none" ? { createForeignKeyConstraints: false } : { onDelete: action };
}

/** The same tables whatever the actions are. */
function library({ children, notes, joinTable }: Actions) {
  const inTable = constraint(joinTable);
  return {
    Author: new EntitySchema<Author>({
      name: "Author",
      columns: ID,
      relations: { books: { type: "one-to-many", target: "Book", inverseSide: "author" } },
    }),
    Book: new EntitySchema<Book>({
      name: "Book",
      columns: ID,
      relations: {
        author: {
          type: "many-to-one",
          target: "Author",
          inverseSide: "books",
          joinColumn: true,
          ...constraint(children),
        },
        chapters: { type: "one-to-many", target: "Chapter", inverseSide: "book" },
        tags: { type: "many-to-many", target: "Tag", inverseSide: "books", joinTable: true, ...inTable },
      },
    }),
    Chapter: new EntitySchema<Chapter>({
      name: "Chapter",
      columns: ID,
      relations: {
        book: {
          ...{ type: "many-to-one", target: "Book", inverseSide: "chapters", joinColumn: true, nullable: false },
          ...constraint(children),
        },
      },
    }),
    Note: new EntitySchema<Note>({
      name: "Note",
      columns: ID,
      relations: { author: { type: "many-to-one", target: "Author", joinColumn: true, ...constraint(notes) } },
    }),
    Tag: new EntitySchema<Tag>({
      name: "Tag",
      columns: ID,
      relations: { books: { type: "many-to-many", target: "Book", inverseSide: "tags", ...inTable } },
    }),
  };
}

const DECLARED: Actions = { children: "CASCADE", notes: "SET NULL", joinTable: "CASCADE" };

eachDatabase((kind) => {
  let scratch: ScratchDatabase;
  let db: Database;
  let sent: string[];
  const entities = library(DECLARED);

  /** Entities that declare `DECLARED`, on tables whose foreign keys do something else. */
  async function open(stored: Partial<Actions>): Promise<void> {
    scratch = await kind.create();
    const tables = Object.values(library({ ...DECLARED, ...stored }));
    await withDataSource({ ...scratch.options, entities: tables, synchronize: true }, () => Promise.resolve());
    await connectTo(Object.values(entities));
    const { session } = db;
    const author = db.create(entities.Author, { id: 1 });
    const tags = [1, 2].map((id) => db.create(entities.Tag, { id }));
    const books = [1, 2].map((id) => db.create(entities.Book, { id, author, tags }));
    const chapters = books.map((book, index) => db.create(entities.Chapter, { id: index + 1, book }));
    session.add(author, ...books, ...chapters, db.create(entities.Note, { id: 1, author }));
    await session.commit();
    session.expungeAll();
    sent = [];
  }

  async function connectTo(list: readonly unknown[]): Promise<void> {
    const dataSource = new DataSource({ ...scratch.options, entities: [...list] } as DataSourceOptions);
    db = await connect(await dataSource.initialize());
    db.observe((event) => {
      if (event.type === "statement" && /^(DELETE|UPDATE)/.test(event.sql)) sent.push(event.sql);
    });
  }

  afterEach(async () => {
    await db.close();
    if (db.dataSource.isInitialized) await db.dataSource.destroy();
    await scratch.drop();
  });

  const rows = (sql: string): Promise<unknown> =>
    db.dataSource.query(kind.name === "mariadb" ? sql.replaceAll('"', "`") : sql);
  const PAIRS = 'SELECT "bookId", "tagId" FROM "book_tags_tag" ORDER BY 1, 2';

  test.each(["NO ACTION", "none"] as const)(
    "session 20: rows of a join table are deleted with either side where its foreign keys do not: %s",
    async (joinTable) => {
      await open({ joinTable });
      db.session.delete(await db.query(entities.Tag).getOrFail(1));
      await db.session.commit();
      expect(await rows(PAIRS)).toEqual([
        { bookId: 1, tagId: 2 },
        { bookId: 2, tagId: 2 },
      ]);
      db.session.delete(await db.query(entities.Book).getOrFail(1));
      await db.session.commit();
      expect(await rows(PAIRS)).toEqual([{ bookId: 2, tagId: 2 }]);
    },
  );

  test.each(["NO ACTION", "none"] as const)(
    "session 19: children of onDelete CASCADE are deleted, and theirs, where their foreign keys do not: %s",
    async (children) => {
      await open({ children });
      const chapters = await db.query(entities.Chapter).all();
      db.session.delete(await db.query(entities.Author).getOrFail(1));
      await db.session.commit();
      for (const table of ["author", "book", "chapter", "book_tags_tag"])
        expect(await rows(`SELECT * FROM "${table}"`)).toEqual([]);
      expect(chapters.map((chapter) => db.session.state(chapter))).toEqual(["detached", "detached"]);
    },
  );

  test.each(["NO ACTION", "none", "CASCADE"] as const)(
    "session 19: foreign keys of onDelete SET NULL are set NULL, whatever the constraint does: %s",
    async (notes) => {
      await open({ notes });
      db.session.delete(await db.query(entities.Author).getOrFail(1));
      await db.session.commit();
      expect(await rows('SELECT "id", "authorId" FROM "note"')).toEqual([{ id: 1, authorId: null }]);
    },
  );

  test("session 19: what the database does is left to it", async () => {
    await open({});
    db.session.delete(await db.query(entities.Author).getOrFail(1), await db.query(entities.Tag).getOrFail(1));
    await db.session.commit();
    expect(sent).toEqual([expect.stringMatching(/^DELETE FROM .tag/), expect.stringMatching(/^DELETE FROM .author/)]);
    expect(await rows('SELECT * FROM "chapter"')).toEqual([]);
    expect(await rows(PAIRS)).toEqual([]);
  });

  test("session 19: the plan shows the statements", async () => {
    await open({ joinTable: "none" });
    db.session.delete(await db.query(entities.Tag).getOrFail(1));
    const { statements } = await db.session.plan();
    await db.session.commit();
    expect(statements.map(({ sql }) => sql)).toEqual(sent);
    expect(sent).toEqual([
      expect.stringMatching(/^DELETE FROM .book_tags_tag/),
      expect.stringMatching(/^DELETE FROM .tag/),
    ]);
  });

  test("session 19: a constraint that was changed is noticed after it has refused a deletion", async () => {
    await open({});
    db.session.delete(await db.query(entities.Tag).getOrFail(1));
    await db.session.commit();
    const tables = Object.values(library({ ...DECLARED, joinTable: "NO ACTION" }));
    await withDataSource({ ...scratch.options, entities: tables, synchronize: true }, () => Promise.resolve());
    const remove = async (): Promise<void> => {
      db.session.delete(await db.query(entities.Tag).getOrFail(2));
      await db.session.commit();
    };
    await expect(remove()).rejects.toMatchObject({ kind: "foreign-key" });
    await db.session.rollback();
    await remove();
    expect(await rows(PAIRS)).toEqual([]);
  });

  test("rows of a closure table without foreign keys are deleted with their nodes", async () => {
    scratch = await kind.create();
    const stored = [
      new EntitySchema({ name: "Node", columns: { ...ID, parentId: { type: "int", nullable: true } } }),
      new EntitySchema({
        name: "Closure",
        tableName: "node_closure",
        columns: { id_ancestor: { type: "int", primary: true }, id_descendant: { type: "int", primary: true } },
      }),
    ];
    await withDataSource({ ...scratch.options, entities: stored, synchronize: true }, async (dataSource) => {
      await dataSource.getRepository("Node").insert([{ id: 1 }, { id: 2, parentId: 1 }]);
      const pairs = [[1, 1], [1, 2], [2, 2]] as const; // prettier-ignore
      for (const [id_ancestor, id_descendant] of pairs)
        await dataSource.getRepository("Closure").insert({ id_ancestor, id_descendant });
    });
    await connectTo([Node]);
    db.session.delete(await db.query(Node).getOrFail(2));
    await db.session.commit();
    expect(await rows('SELECT "id_ancestor", "id_descendant" FROM "node_closure"')).toEqual([
      { id_ancestor: 1, id_descendant: 1 },
    ]);
  });
});

async function withDataSource(options: object, work: (dataSource: DataSource) => Promise<void>): Promise<void> {
  const dataSource = await new DataSource(options as DataSourceOptions).initialize();
  try {
    await work(dataSource);
  } finally {
    await dataSource.destroy();
  }
}
