import { eachDatabase } from "../helpers/databases";
import { benchOn } from "../helpers/bench";
import { Comment, Group, type Name, Node, Post, Profile, Seat, User } from "../helpers/entities/blog";
import { Guest, Desk, Key, Locker, Account } from "../helpers/entities/seating";

eachDatabase((database) => {
  describe("unique values", () => {
    const bench = benchOn(database, { entities: [Guest, Desk, Key, Locker] });

    async function guests(...names: string[]): Promise<Guest[]> {
      const { db, session } = bench;
      const made = names.map((name, place) => db.create(Guest, { name, row: 1, place, badge: `b${place}` }));
      session.add(...made);
      await session.commit();
      await session.query(Guest).all();
      bench.quiet();
      return made;
    }
    const stored = async (columns: string): Promise<unknown[][]> =>
      (await bench.stored(`SELECT ${columns} FROM guest ORDER BY id`)).map((row) => Object.values(row));

    test("session 22: unique values are swapped in one flush, one of them parked first", async () => {
      const [a, b] = (await guests("a", "b")) as [Guest, Guest];
      [a.name, b.name] = [b.name, a.name];
      await bench.session.commit();
      expect(bench.sent(/^update/i).length).toBeLessThanOrEqual(3);
      expect(await stored("name")).toEqual([["b"], ["a"]]);
      expect([a.name, b.name]).toEqual(["b", "a"]);
    });

    test("session 22: values are rotated among many rows, and nothing is parked in a chain", async () => {
      const all = await guests("a", "b", "c", "d");
      const names = all.map(({ name }) => name);
      all.forEach((guest, place) => (guest.name = names[(place + 1) % names.length]!));
      await bench.session.commit();
      expect(await stored("name")).toEqual([["b"], ["c"], ["d"], ["a"]]);
      bench.quiet();
      all[0]!.name = "new";
      all[3]!.name = "b";
      const { steps } = await bench.session.plan();
      expect(steps.map(({ action, rows }) => [action, ...rows])).toEqual([
        ["update", all[0]],
        ["update", all[3]],
      ]);
      expect(steps[1]!.waits[0]!.text).toBe("<Guest b> waits for <Guest new> (unique value Guest.name)");
      await bench.session.commit();
      expect(await stored("name")).toEqual([["new"], ["c"], ["d"], ["b"]]);
    });

    test("composite unique values are swapped, and nullable ones", async () => {
      const [a, b] = (await guests("a", "b")) as [Guest, Guest];
      [a.place, b.place] = [b.place, a.place];
      [a.badge, b.badge] = [b.badge, a.badge];
      await bench.session.commit();
      expect(await stored("place, badge")).toEqual([
        [1, "b1"],
        [0, "b0"],
      ]);
    });

    test("one-to-one relations are swapped", async () => {
      const { db, session } = bench;
      const [a, b] = (await guests("a", "b")) as [Guest, Guest];
      const [left, right] = [db.create(Desk, { guest: a }), db.create(Desk, { guest: b })];
      session.add(left, right);
      await session.commit();
      [left.guest, right.guest] = [b, a];
      await session.commit();
      const fresh = await bench.fresh();
      const desks = await fresh.query(Desk).orderBy("id").all();
      const owners = await Promise.all(desks.map(async (desk) => (await desk.guest)!.name));
      expect(owners).toEqual(["b", "a"]);
    });

    test("one-to-one relations that have to point at somebody are swapped where the foreign key can wait", async () => {
      const { db, session } = bench;
      const [a, b] = (await guests("a", "b")) as [Guest, Guest];
      const keys = [db.create(Key, { guest: a }), db.create(Key, { guest: b })] as [Key, Key];
      session.add(...keys);
      await session.commit();
      [keys[0].guest, keys[1].guest] = [b, a];
      await session.flush();
      await session.rollback();
      expect(keys.map(({ guest }) => guest)).toEqual([a, b]);
      [keys[0].guest, keys[1].guest] = [b, a];
      await session.commit();
      expect(await bench.stored('SELECT "guestId" AS id FROM "key" ORDER BY id')).toHaveLength(2);
      const fresh = await bench.fresh();
      const read = await fresh.query(Key).orderBy("id").all();
      expect(await Promise.all(read.map(async ({ guest }) => (await guest).name))).toEqual(["b", "a"]);
      // The next transaction is as before.
      session.add(db.create(Locker, { guest: a }), db.create(Locker, { guest: b }));
      await session.commit();
      await expect(bench.dataSource.query("DELETE FROM guest")).rejects.toThrow();
    });

    test("where the database looks at each foreign key at once, that is an error which says so", async () => {
      const { db, session } = bench;
      const [a, b] = (await guests("a", "b")) as [Guest, Guest];
      const lockers = [db.create(Locker, { guest: a }), db.create(Locker, { guest: b })] as [Locker, Locker];
      session.add(...lockers);
      await session.commit();
      [lockers[0].guest, lockers[1].guest] = [b, a];
      if (bench.kind === "postgres")
        await expect(session.commit()).rejects.toMatchObject({
          code: "session/cycle",
          hint: expect.stringContaining("deferrable") as string,
        });
      else {
        await session.commit();
        expect(
          (await bench.stored('SELECT "guestId" AS guest FROM locker ORDER BY id')).map(({ guest }) => guest),
        ).toEqual([b.id, a.id]);
      }
    });

    test("session 22: what a deleted row had is taken by a new one and by an old one", async () => {
      const { db, session } = bench;
      const [a, b, c] = (await guests("a", "b", "c")) as [Guest, Guest, Guest];
      session.delete(a, b);
      c.name = "a";
      const d = db.create(Guest, { name: "b", row: 1, place: 0, badge: "b1" });
      session.add(d);
      await session.commit();
      expect(await stored("name, badge")).toEqual([
        ["a", "b2"],
        ["b", "b1"],
      ]);
    });

    test("a rollback gives the values back", async () => {
      const [a, b] = (await guests("a", "b")) as [Guest, Guest];
      [a.name, b.name] = [b.name, a.name];
      await bench.session.flush();
      await bench.session.rollback();
      expect([a.name, b.name]).toEqual(["a", "b"]);
      expect(bench.session.dirty).toEqual([]);
      expect(await stored("name")).toEqual([["a"], ["b"]]);
    });

    test("where nothing collides, nothing is looked at twice: inserts, updates, deletes", async () => {
      const { db, session } = bench;
      const [a, b] = (await guests("a", "b")) as [Guest, Guest];
      a.name = "x";
      session.delete(b);
      session.add(db.create(Guest, { name: "n", row: 9, place: 9 }));
      const { steps } = await session.plan();
      expect(steps.map(({ action }) => action)).toEqual(["insert", "update", "delete"]);
    });
  });

  describe("identity", () => {
    const bench = benchOn(database);

    test("session 6: an object of another open session is refused, and so is one that refers to it", async () => {
      const { db, session } = bench;
      const other = await bench.fresh();
      const susan = other.create(User, { username: "susan" });
      other.session.add(susan);
      const refused = { code: "session/other-session", message: expect.stringContaining("<User susan>") as string };
      expect(() => session.add(susan)).toThrow(expect.objectContaining(refused));
      await other.session.commit();
      expect(() => session.delete(susan)).toThrow(expect.objectContaining(refused));
      session.add(db.create(Post, { body: "one", author: susan }));
      await expect(session.flush()).rejects.toMatchObject(refused);
      await session.rollback();
      other.session.expunge(susan);
      session.add(susan);
      expect(session.owns(susan)).toBe(true);
    });

    test("session 7: a new object with the key of a live one is refused at the flush, and both are named", async () => {
      const { db, session } = bench;
      const loaded = db.create(User, { username: "susan" });
      session.add(loaded);
      await session.commit();
      await session.query(User).all();
      session.add(db.create(User, { id: loaded.id, username: "sue" }));
      await expect(session.flush()).rejects.toMatchObject({
        code: "session/duplicate-key",
        message: `<User sue> has the key ${loaded.id} of <User susan>, which is loaded already`,
      });
      await session.rollback();
    });

    test("session 7: two new objects with one key are refused, and both are named", async () => {
      const { db, session } = bench;
      session.add(db.create(User, { id: 7_000, username: "a" }), db.create(User, { id: 7_000, username: "b" }));
      await expect(session.commit()).rejects.toMatchObject({
        code: "session/duplicate-key",
        message: "<User b> has the key 7000 of <User a>, which is new too",
      });
    });
  });

  describe("order", () => {
    const bench = benchOn(database);
    const actions = async (): Promise<string[]> =>
      (await bench.session.plan()).steps.flatMap(({ action, rows }) => rows.map((row) => `${action} ${labelOf(row)}`));

    /** Susan with a post that has a comment, a profile and a group; the session knows none of them. */
    async function susanWithAll(): Promise<User> {
      const { db, session } = bench;
      const susan = db.create(User, { username: "susan", age: 30, role: "admin", name: { first: "Su", last: "San" } });
      const post = db.create(Post, { body: "one", author: susan });
      post.comments = [db.create(Comment, { text: "c" })];
      susan.groups = [db.create(Group, { name: "readers" })];
      session.add(susan, post, db.create(Profile, { motto: "m", user: susan }));
      await session.commit();
      session.expungeAll();
      bench.quiet();
      return session.query(User).one();
    }

    test("session 22: a delete and an insert of one key are one UPDATE, and the row is what the new object says", async () => {
      const { db, session } = bench;
      const old = await susanWithAll();
      session.delete(old);
      const taken = db.create(User, { id: old.id, username: "bob", name: { first: "Su" } as Name });
      session.add(taken);
      expect(await actions()).toEqual(["update <User bob>"]);
      bench.quiet();
      await session.flush();
      expect(bench.events).toContainEqual(
        expect.objectContaining({ type: "flush", inserted: 0, updated: 1, deleted: 0 }),
      );
      const sent = bench.sent(/^(insert|update|delete)/i);
      expect(sent).toHaveLength(1);
      expect(sent[0]).not.toContain("nameFirst");
      expect([session.state(old), session.state(taken)]).toEqual(["deleted", "persistent"]);
      await session.commit();
      expect([session.state(old), session.state(taken)]).toEqual(["detached", "persistent"]);
      expect(await bench.stored('SELECT username, age, role, "nameFirst", "nameLast" FROM "user"')).toEqual([
        { username: "bob", age: null, role: "reader", nameFirst: "Su", nameLast: null },
      ]);
      expect([taken.age, taken.role, taken.name.last]).toEqual([null, "reader", null]);
      expect(await session.get(User, old.id)).toBe(taken);
      expect(session.dirty).toEqual([]);
    });

    test("session 22: children of a deleted row whose key is taken stay with the row, those that are not loaded too", async () => {
      const { db, session } = bench;
      const old = await susanWithAll();
      session.delete(old);
      const taken = db.create(User, { id: old.id, username: "bob" });
      const second = db.create(Post, { body: "two", author: taken });
      session.add(taken, second);
      await session.commit();
      expect((await taken.posts).map(({ body }) => body).sort()).toEqual(["one", "two"]);
      expect((await taken.profile)!.motto).toBe("m");
      expect((await taken.groups).map(({ name }) => name)).toEqual(["readers"]);
    });

    test("session 22: loaded children of a deleted row whose key is taken point at the new object, and a rollback undoes it", async () => {
      const { db, session } = bench;
      const old = await susanWithAll();
      const [post] = [...(await old.posts)] as [Post];
      const profile = (await old.profile)!;
      const [group] = [...(await old.groups)] as [Group];
      await group.members;
      session.delete(old);
      const taken = db.create(User, { id: old.id, username: "bob" });
      session.add(taken);
      await session.flush();
      expect(bench.sent(/^(insert|update|delete)/i)).toHaveLength(1);
      expect([post.author, profile.user]).toEqual([taken, taken]);
      expect([...(await group.members)]).toEqual([taken]);
      expect((await taken.posts).map(({ body }) => body)).toEqual(["one"]);
      await session.rollback();
      expect([session.state(old), session.state(taken)]).toEqual(["persistent", "transient"]);
      expect([post.author, profile.user, old.username]).toEqual([old, old, "susan"]);
      expect([taken.username, taken.role, taken.age]).toEqual(["bob", undefined, undefined]);
      expect(await session.get(User, old.id)).toBe(old);
      expect(session.dirty).toEqual([]);
      expect(await bench.stored('SELECT username FROM "user"')).toEqual([{ username: "susan" }]);
      // The same again, in a savepoint this time.
      session.delete(old);
      const savepoint = await session.beginNested();
      await savepoint.rollback();
      await session.rollback();
      const inner = await session.beginNested();
      session.delete(old);
      session.add(taken);
      await session.flush();
      expect(post.author).toBe(taken);
      await inner.rollback();
      expect([post.author, session.state(old), session.state(taken)]).toEqual([old, "persistent", "transient"]);
    });

    const foreignKeys = async (): Promise<unknown[]> =>
      (
        await bench.stored(
          'SELECT "user".id, post."authorId" AS post, profile."userId" AS profile, pair."userId" AS pair ' +
            'FROM "user" JOIN post ON post."authorId" = "user".id JOIN profile ON profile."userId" = "user".id ' +
            'JOIN user_groups_circle pair ON pair."userId" = "user".id',
        )
      ).map((row) => Object.values(row).join(" "));

    test("session 22: a changed primary key is an UPDATE, and children that are not loaded follow, join tables too", async () => {
      const { session } = bench;
      const susan = await susanWithAll();
      susan.id = 9_001;
      susan.age = 31;
      expect(await actions()).toEqual(["update <User susan>"]);
      await session.commit();
      expect(await foreignKeys()).toEqual(["9001 9001 9001 9001"]);
      expect(await session.get(User, 9_001)).toBe(susan);
      expect((await susan.posts).map(({ body }) => body)).toEqual(["one"]);
      expect(session.dirty).toEqual([]);
    });

    test("session 22: loaded children follow a changed key in memory, and a rollback or savepoint brings the old keys back", async () => {
      const { db, session } = bench;
      const susan = await susanWithAll();
      const { id } = susan;
      const [post] = [...(await susan.posts)] as [Post];
      const profile = (await susan.profile)!;
      const groups = [...(await susan.groups)];
      susan.id = 9_001;
      await session.flush();
      expect([post.author, profile.user, await session.get(User, 9_001)]).toEqual([susan, susan, susan]);
      expect(await session.get(User, id)).toBeNull();
      const savepoint = await session.beginNested();
      susan.id = 9_002;
      susan.groups.splice(0, 1);
      session.add(db.create(Post, { body: "new", author: susan }));
      await session.flush();
      expect(await session.query(Post).filterBy({ author: susan }).count()).toBe(2);
      await savepoint.rollback();
      expect(susan.id).toBe(9_001);
      expect(await session.get(User, 9_001)).toBe(susan);
      expect([...susan.groups]).toEqual(groups);
      expect(await session.query(Post).filterBy({ author: susan }).all()).toEqual([post]);
      await session.rollback();
      expect(susan.id).toBe(id);
      expect(await session.get(User, id)).toBe(susan);
      expect(session.dirty).toEqual([]);
      expect(await foreignKeys()).toEqual([Array(4).fill(id).join(" ")]);
      susan.id = 9_003;
      post.body = "changed";
      await session.commit();
      expect(await foreignKeys()).toEqual(["9003 9003 9003 9003"]);
      expect(await bench.stored("SELECT body FROM post")).toEqual([{ body: "changed" }]);
      expect(post.author).toBe(susan);
    });

    test("rows of one table follow a key that changes in it, and one that points at itself does", async () => {
      const { db, session } = bench;
      const root = db.create(Node, { label: "root" });
      root.parent = root;
      const leaf = db.create(Node, { label: "leaf", parent: root });
      session.add(root, leaf);
      await session.commit();
      root.id = 9_001;
      await session.commit();
      expect(await bench.stored('SELECT label, "parentId" AS above FROM node ORDER BY label')).toEqual([
        { label: "leaf", above: 9_001 },
        { label: "root", above: 9_001 },
      ]);
      expect([root.parent, leaf.parent]).toEqual([root, root]);
      expect(session.dirty).toEqual([]);
    });

    test("session 22: keys that others point at are swapped; children follow there and back, loaded or not, and a rollback undoes it", async () => {
      const { db, session } = bench;
      const circle = db.create(Group, { name: "readers" });
      const users = ["susan", "bob", "eve"].map((username) => {
        const user = db.create(User, { username });
        user.posts.push(db.create(Post, { body: `of ${username}` }));
        user.groups.push(circle);
        return user;
      });
      session.add(
        ...users,
        ...users.flatMap(({ posts }) => posts),
        db.create(Profile, { motto: "m", user: users[0]! }),
      );
      await session.commit();
      const ids = users.map(({ id }) => id);
      const rows = async (): Promise<string[]> =>
        (
          await bench.stored(
            'SELECT "user".id, username, body FROM "user" JOIN post ON post."authorId" = "user".id ' +
              'JOIN user_groups_circle pair ON pair."userId" = "user".id ORDER BY "user".id',
          )
        ).map((row) => Object.values(row).join(" "));
      const expected = (names: string[]): string[] => names.map((name, place) => `${ids[place]} ${name} of ${name}`);
      for (const loads of [true, false]) {
        const fresh = await bench.fresh();
        const read = await fresh.query(User).orderBy("id").all();
        const [post] = loads ? [...(await read[0]!.posts)] : [];
        read.forEach((user, place) => (user.id = ids[(place + 1) % 3]!));
        await fresh.session.flush();
        expect([post?.author, post && fresh.session.isModified(post)]).toEqual(
          loads ? [read[0], false] : [undefined, undefined],
        );
        await fresh.session.rollback();
        expect(read.map(({ id }) => id)).toEqual(ids);
        expect(await fresh.session.get(User, ids[1]!)).toBe(read[1]);
        expect(await rows()).toEqual(expected(["susan", "bob", "eve"]));
        read.forEach((user, place) => (user.id = ids[(place + 1) % 3]!));
        await fresh.session.commit();
        expect(fresh.session.dirty).toEqual([]);
        expect(await rows()).toEqual(expected(["eve", "susan", "bob"]));
        expect(await fresh.session.get(User, ids[1]!)).toBe(read[0]);
        expect((await read[0]!.profile)!.motto).toBe("m");
        read.forEach((user, place) => (user.id = ids[place]!));
        await fresh.session.commit();
        expect(await rows()).toEqual(expected(["susan", "bob", "eve"]));
      }
    });

    test("a key that a row gives up is taken by a new one in the same flush", async () => {
      const { db, session } = bench;
      const susan = await susanWithAll();
      const { id } = susan;
      susan.id = 9_001;
      const bob = db.create(User, { id, username: "bob" });
      session.add(bob);
      await session.commit();
      expect(await bench.stored('SELECT id, username FROM "user" ORDER BY username')).toEqual([
        { id, username: "bob" },
        { id: 9_001, username: "susan" },
      ]);
      expect(await foreignKeys()).toEqual(["9001 9001 9001 9001"]);
      expect([await session.get(User, id), await session.get(User, 9_001)]).toEqual([bob, susan]);
    });

    test("rows of one table that point at each other swap their keys", async () => {
      const { db, session } = bench;
      const root = db.create(Node, { label: "root" });
      root.parent = root;
      const leaf = db.create(Node, { label: "leaf", parent: root });
      const twig = db.create(Node, { label: "twig", parent: leaf });
      session.add(root, twig);
      await session.commit();
      [root.id, leaf.id] = [leaf.id, root.id];
      await session.commit();
      expect(await bench.stored('SELECT id, label, "parentId" AS above FROM node ORDER BY label')).toEqual([
        { id: leaf.id, label: "leaf", above: root.id },
        { id: root.id, label: "root", above: root.id },
        { id: twig.id, label: "twig", above: leaf.id },
      ]);
      expect([root.parent, leaf.parent, twig.parent]).toEqual([root, root, leaf]);
      expect(session.dirty).toEqual([]);
    });

    test("a child that moves to the row that takes its old parent's key moves", async () => {
      const { db, session } = bench;
      const [one, two] = ["one", "two"].map((label) => db.create(Node, { label })) as [Node, Node];
      const leaf = db.create(Node, { label: "leaf", parent: one });
      session.add(leaf, two);
      await session.commit();
      leaf.parent = two;
      [one.id, two.id] = [two.id, one.id];
      await session.commit();
      expect(await bench.stored("SELECT \"parentId\" AS above FROM node WHERE label = 'leaf'")).toEqual([
        { above: two.id },
      ]);
      await session.refresh(leaf);
      expect(await leaf.parent).toBe(two);
    });

    test("a key goes to the row of another one that is deleted, or goes on", async () => {
      const { db, session } = bench;
      const [a, b, c] = [1, 2, 3].map((place) => db.create(Seat, { hall: "A", place, guest: `g${place}` })) as [
        Seat,
        Seat,
        Seat,
      ];
      session.add(a, b, c);
      await session.commit();
      session.delete(c);
      [a.place, b.place] = [2, 3];
      await session.commit();
      expect(await bench.stored("SELECT place, guest FROM seat ORDER BY place")).toEqual([
        { place: 2, guest: "g1" },
        { place: 3, guest: "g2" },
      ]);
      expect([
        await session.get(Seat, { hall: "A", place: 2 }),
        await session.get(Seat, { hall: "A", place: 3 }),
      ]).toEqual([a, b]);
    });

    test("keys that nobody points at are swapped in one flush", async () => {
      const { db, session } = bench;
      const [a, b] = [1, 2].map((place) => db.create(Seat, { hall: "A", place, guest: `g${place}` })) as [Seat, Seat];
      session.add(a, b);
      await session.commit();
      [a.place, b.place] = [2, 1];
      await session.flush();
      await session.rollback();
      expect([a.place, b.place]).toEqual([1, 2]);
      expect(await session.get(Seat, { hall: "A", place: 1 })).toBe(a);
      [a.place, b.place] = [2, 1];
      await session.commit();
      expect(await bench.stored("SELECT place, guest FROM seat ORDER BY place")).toEqual([
        { place: 1, guest: "g2" },
        { place: 2, guest: "g1" },
      ]);
      expect(await session.get(Seat, { hall: "A", place: 1 })).toBe(b);
      expect(session.dirty).toEqual([]);
    });

    test("a deleted row whose key is taken with nothing else in it needs no statement", async () => {
      const { db, session } = bench;
      const old = db.create(Seat, { hall: "A", place: 1, guest: "susan" });
      session.add(old);
      await session.commit();
      session.delete(old);
      const taken = db.create(Seat, { hall: "A", place: 1, guest: "susan" });
      session.add(taken);
      bench.quiet();
      await session.commit();
      expect(bench.sent()).toEqual([]);
      expect([session.state(old), session.state(taken)]).toEqual(["detached", "persistent"]);
      taken.guest = "bob";
      await session.commit();
      expect(await bench.stored("SELECT guest FROM seat")).toEqual([{ guest: "bob" }]);
    });

    test("session 22: a new row takes the key of one that is deleted in the same flush", async () => {
      const { db, session } = bench;
      const old = db.create(Seat, { hall: "A", place: 1, guest: "susan" });
      session.add(old);
      await session.commit();
      session.delete(old);
      const taken = db.create(Seat, { hall: "A", place: 1, guest: "bob" });
      session.add(taken);
      await session.commit();
      expect(await bench.stored("SELECT guest FROM seat")).toEqual([{ guest: "bob" }]);
      expect([session.state(old), session.state(taken)]).toEqual(["detached", "persistent"]);
      expect(await session.query(Seat).one()).toBe(taken);
    });

    test("session 21: a tree that is added from its leaf inserts each row once", async () => {
      const { db, session } = bench;
      let node = db.create(Node, { label: "root" });
      for (const label of ["branch", "twig", "leaf"]) node = db.create(Node, { label, parent: node });
      session.add(node);
      expect(await actions()).toEqual(["insert root", "insert branch", "insert twig", "insert leaf"]);
      await session.commit();
      expect(bench.sent(/^update/i)).toEqual([]);
      const rows = await bench.stored(
        'SELECT child.label, parent.label AS above FROM node child LEFT JOIN node parent ON parent.id = child."parentId" ORDER BY child.id',
      );
      expect(rows.map(({ label, above }) => [label, above])).toEqual([
        ["root", null],
        ["branch", "root"],
        ["twig", "branch"],
        ["leaf", "twig"],
      ]);
    });

    test("session 21: two rows that point at each other insert, then update once; what hangs on them does not", async () => {
      const { db, session } = bench;
      const [a, b] = [db.create(Node, { label: "a" }), db.create(Node, { label: "b" })];
      [a.parent, b.parent] = [b, a];
      const self = db.create(Node, { label: "self" });
      self.parent = self;
      session.add(db.create(Node, { label: "leaf", parent: a }), self);
      const done = await actions();
      expect(done.filter((action) => action.startsWith("update")).sort()).toEqual(["update a", "update self"]);
      await session.commit();
      const fresh = await bench.fresh();
      const nodes = await fresh.query(Node).all();
      const parents = await Promise.all(nodes.map(async (node) => [node.label, (await node.parent)?.label]));
      expect(Object.fromEntries(parents)).toEqual({ a: "b", b: "a", leaf: "a", self: "self" });
    });

    test("session 21: two rows that point at each other, and one that points at itself, are deleted", async () => {
      const { db, session } = bench;
      const [a, b] = [db.create(Node, { label: "a" }), db.create(Node, { label: "b" })];
      [a.parent, b.parent] = [b, a];
      const self = db.create(Node, { label: "self" });
      self.parent = self;
      session.add(a, self);
      await session.commit();
      session.delete(a, b, self);
      await session.commit();
      expect(await bench.stored("SELECT * FROM node")).toEqual([]);
    });
  });

  describe("versions", () => {
    const bench = benchOn(database, { entities: [Account] });

    async function accounts(): Promise<[Account, Account, Account]> {
      const { db, session } = bench;
      const made = [1, 2, 3].map((balance) => db.create(Account, { balance }));
      session.add(...made);
      await session.commit();
      await session.query(Account).all();
      const other = await bench.fresh();
      (await other.query(Account).filterBy({ balance: 2 }).one()).balance = 20;
      await other.session.commit();
      return made as [Account, Account, Account];
    }

    test("session 25: a stale version on UPDATE is an error, also in the middle of a batch, and nothing of it stays", async () => {
      const { session } = bench;
      const all = await accounts();
      for (const account of all) account.balance += 100;
      await expect(session.commit()).rejects.toMatchObject({
        code: "session/stale",
        retryable: true,
        message: expect.stringContaining(String(all[1])) as string,
      });
      await session.rollback();
      expect((await bench.stored("SELECT balance FROM account ORDER BY id")).map(({ balance }) => balance)).toEqual([
        1, 20, 3,
      ]);
      await session.refresh(all[1]);
      all[1].balance += 1;
      await session.commit();
      expect(all[1]).toMatchObject({ balance: 21, version: 3 });
    });

    test("session 43: a version that is assigned is written: to a new object, to a changed one, by itself", async () => {
      const { db, session } = bench;
      const account = db.create(Account, { balance: 1, version: 5 });
      session.add(account);
      await session.commit();
      const versions = () => bench.stored("SELECT balance, version FROM account");
      expect(await versions()).toEqual([{ balance: 1, version: 5 }]);
      Object.assign(account, { balance: 2, version: 9 });
      await session.commit();
      expect(await versions()).toEqual([{ balance: 2, version: 9 }]);
      account.version = 20;
      await session.commit();
      expect(await versions()).toEqual([{ balance: 2, version: 20 }]);
      account.version = 30;
      await session.flush();
      await session.rollback();
      expect(account.version).toBe(20);
      account.balance = 3;
      await session.commit();
      expect(await versions()).toEqual([{ balance: 3, version: 21 }]);
      expect(account.version).toBe(21);
    });

    test("session 25: merge refuses an object that was read before another transaction changed its row", async () => {
      const { session } = bench;
      const [, stale] = await accounts();
      session.expungeAll();
      stale.balance += 1;
      await expect(session.merge(stale)).rejects.toMatchObject({ code: "session/stale", retryable: true });
      const current = await session.merge(Object.assign(new Account(), { id: stale.id, balance: 21 }));
      await session.commit();
      expect(current).toMatchObject({ balance: 21, version: 3 });
    });

    test("the version of a row goes on when a new object takes it over", async () => {
      const { db, session } = bench;
      const [old] = await accounts();
      session.delete(old);
      const taken = db.create(Account, { id: old.id, balance: 9 });
      session.add(taken);
      await session.commit();
      expect([old.version, taken.version]).toEqual([1, 2]);
      taken.balance = 10;
      await session.commit();
      expect(taken.version).toBe(3);
      await bench.dataSource.query("UPDATE account SET version = 7");
      session.delete(taken);
      session.add(db.create(Account, { id: old.id, balance: 1 }));
      await expect(session.commit()).rejects.toMatchObject({ code: "session/stale" });
      await session.rollback();
      expect(session.state(taken)).toBe("persistent");
    });

    test("session 25: a stale version on DELETE is an error, also in the middle of a batch", async () => {
      const { session } = bench;
      const all = await accounts();
      session.delete(...all);
      await expect(session.commit()).rejects.toMatchObject({
        code: "session/stale",
        message: expect.stringContaining(String(all[1])) as string,
      });
      await session.rollback();
      expect(await bench.stored("SELECT * FROM account")).toHaveLength(3);
      await session.refresh(all[1]);
      session.delete(...all);
      await session.commit();
      expect(await bench.stored("SELECT * FROM account")).toEqual([]);
    });
  });
});

function labelOf(row: object): string {
  return "label" in row ? String(row.label) : String(row);
}
