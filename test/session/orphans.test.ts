import {
  Column,
  DeleteDateColumn,
  Entity,
  JoinTable,
  ManyToMany,
  ManyToOne,
  OneToMany,
  PrimaryGeneratedColumn,
  type Relation,
} from "typeorm";
import { eachDatabase } from "../helpers/databases";
import { benchOn } from "../helpers/bench";
import { Post, Profile, User } from "../helpers/entities/blog";

/** A parent with children of every kind of orphan. */
@Entity()
class Shelf {
  @PrimaryGeneratedColumn()
  id!: number;

  @OneToMany(() => Deleted, (child) => child.shelf, { cascade: ["insert"] })
  deleted!: Relation<Deleted>[];

  @OneToMany(() => Nullified, (child) => child.shelf, { cascade: ["insert"] })
  nullified!: Relation<Nullified>[];

  @OneToMany(() => Hidden, (child) => child.shelf, { cascade: ["insert"] })
  hidden!: Relation<Hidden>[];

  @OneToMany(() => Disabled, (child) => child.shelf, { cascade: ["insert"] })
  disabled!: Relation<Disabled>[];

  @OneToMany(() => Removed, (child) => child.shelf, { cascade: ["insert", "remove"] })
  removed!: Relation<Removed>[];

  @ManyToMany(() => Label, { cascade: ["insert", "remove"] })
  @JoinTable()
  labels!: Relation<Label>[];
}

abstract class Book {
  @PrimaryGeneratedColumn()
  id!: number;
}

@Entity()
class Deleted extends Book {
  @ManyToOne(() => Shelf, (shelf) => shelf.deleted, { nullable: false, orphanedRowAction: "delete" })
  shelf!: Relation<Shelf>;
}

@Entity()
class Nullified extends Book {
  @ManyToOne(() => Shelf, (shelf) => shelf.nullified, { orphanedRowAction: "nullify" })
  shelf!: Relation<Shelf> | null;
}

@Entity()
class Hidden extends Book {
  @DeleteDateColumn()
  hiddenAt!: Date | null;

  @ManyToOne(() => Shelf, (shelf) => shelf.hidden, { orphanedRowAction: "soft-delete" })
  shelf!: Relation<Shelf> | null;
}

@Entity()
class Disabled extends Book {
  @ManyToOne(() => Shelf, (shelf) => shelf.disabled, { orphanedRowAction: "disable" })
  shelf!: Relation<Shelf> | null;
}

/** Goes with its shelf, though its foreign key says nothing of it. */
@Entity()
class Removed extends Book {
  @Column({ type: "varchar", length: 20, default: "" })
  title!: string;

  @ManyToOne(() => Shelf, (shelf) => shelf.removed, { nullable: false })
  shelf!: Relation<Shelf>;
}

/** Cannot be without its shelf, and nobody takes it away. */
@Entity()
class Kept extends Book {
  @ManyToOne(() => Shelf, { nullable: false })
  shelf!: Relation<Shelf>;
}

@Entity()
class Label extends Book {}

eachDatabase((database) => {
  describe("parents that are deleted", () => {
    const bench = benchOn(database);
    const count = async (table: string): Promise<number> => (await bench.stored(`SELECT * FROM "${table}"`)).length;

    async function susan(): Promise<User> {
      const { db, session } = bench;
      const user = db.create(User, { username: "susan" });
      user.posts = [db.create(Post, { body: "one" }), db.create(Post, { body: "two" })];
      session.add(user, db.create(Profile, { motto: "read", user }));
      await session.commit();
      return user;
    }

    test.each(["loaded", "not loaded"])(
      "session 19: children of a nullable key are set NULL, those of onDelete CASCADE go: %s",
      async (state) => {
        const { session } = bench;
        let user = await susan();
        if (state === "not loaded") session.expungeAll();
        user = await session.query(User).one();
        const posts = state === "loaded" ? await session.query(Post).all() : [];
        const [profile] = state === "loaded" ? await session.query(Profile).all() : [];
        session.delete(user);
        await session.commit();
        expect(await bench.stored('SELECT "authorId" AS author FROM post')).toEqual([
          { author: null },
          { author: null },
        ]);
        expect(await count("profile")).toBe(0);
        if (state === "loaded") {
          expect(posts.map(({ author }) => author)).toEqual([null, null]);
          expect(session.state(profile!)).toBe("detached");
        }
      },
    );
  });

  describe("orphans", () => {
    const bench = benchOn(database, { entities: [Shelf, Deleted, Nullified, Hidden, Disabled, Removed, Kept, Label] });
    const rows = (table: string): Promise<Record<string, unknown>[]> =>
      bench.stored(`SELECT * FROM "${table}" ORDER BY id`);

    async function shelf(): Promise<Shelf> {
      const { db, session } = bench;
      const made = db.create(Shelf);
      made.deleted = [db.create(Deleted), db.create(Deleted)];
      made.nullified = [db.create(Nullified), db.create(Nullified)];
      made.hidden = [db.create(Hidden), db.create(Hidden)];
      made.disabled = [db.create(Disabled), db.create(Disabled)];
      made.removed = [db.create(Removed), db.create(Removed)];
      made.labels = [db.create(Label)];
      session.add(made);
      await session.commit();
      session.expungeAll();
      return session.query(Shelf).one();
    }

    test("session 19: orphans are deleted, set NULL, hidden or left as they are", async () => {
      const { session } = bench;
      const owner = await shelf();
      const gone = [await owner.deleted, await owner.nullified, await owner.hidden, await owner.disabled].map((books) =>
        books.shift()!,
      );
      const plan = await session.plan();
      expect(session.deleted).toEqual([]);
      expect(plan.steps.map(({ action, table }) => `${action} ${table.replaceAll(/["`]/g, "")}`).sort()).toEqual([
        "delete deleted",
        "update hidden",
        "update nullified",
      ]);
      await session.commit();
      expect(await rows("deleted")).toHaveLength(1);
      expect((await rows("nullified")).map(({ shelfId }) => shelfId)).toEqual([null, owner.id]);
      const hidden = await rows("hidden");
      expect(hidden.map(({ shelfId }) => shelfId)).toEqual([owner.id, owner.id]);
      expect(hidden.map(({ hiddenAt }) => hiddenAt !== null)).toEqual([true, false]);
      expect((await rows("disabled")).map(({ shelfId }) => shelfId)).toEqual([owner.id, owner.id]);
      expect(gone.map((book) => session.state(book))).toEqual(["detached", "persistent", "persistent", "persistent"]);
      bench.quiet();
      await session.commit();
      expect(bench.sent()).toEqual([]);
    });

    test("session 19: a child that moves to another parent is no orphan, and a rollback brings orphans back", async () => {
      const { db, session } = bench;
      const owner = await shelf();
      const [first, second] = [...(await owner.deleted)] as [Deleted, Deleted];
      const other = db.create(Shelf);
      session.add(other);
      owner.deleted.splice(0, 2);
      other.deleted.push(first);
      await session.flush();
      expect([session.state(first), session.state(second)]).toEqual(["persistent", "deleted"]);
      await session.rollback();
      expect(session.state(second)).toBe("persistent");
      expect(owner.deleted).toHaveLength(2);
      expect(await rows("deleted")).toHaveLength(2);
    });

    test('session 19: cascade: ["remove"] deletes children and members, loaded or not', async () => {
      const { session } = bench;
      const owner = await shelf();
      session.delete(...(await owner.deleted));
      session.delete(owner);
      await session.commit();
      expect([await rows("removed"), await rows("label"), await rows("shelf")]).toEqual([[], [], []]);
      expect((await rows("nullified")).map(({ shelfId }) => shelfId)).toEqual([null, null]);
    });

    test("session 19: a child of a NOT NULL key without cascade is a clear error before anything is sent", async () => {
      const { db, session } = bench;
      const owner = await shelf();
      session.add(db.create(Kept, { shelf: owner }));
      await session.commit();
      session.expungeAll();
      session.delete(...(await session.query(Deleted).all()), await session.query(Shelf).one());
      bench.quiet();
      await expect(session.commit()).rejects.toMatchObject({
        code: "session/orphans",
        message: expect.stringMatching(/^Shelf \d+ cannot be deleted: 1 Kept needs it \(Kept\.shelf is NOT NULL\)$/),
      });
      expect(bench.sent(/^(update|delete|begin)/i)).toEqual([]);
      await session.rollback();
      session.delete(
        ...(await session.query(Kept).all()),
        ...(await session.query(Deleted).all()),
        await session.query(Shelf).one(),
      );
      await session.commit();
      expect(await rows("shelf")).toEqual([]);
    });
  });
});
