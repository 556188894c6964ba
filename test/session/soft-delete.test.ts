import { MissingDeleteDateColumnError } from "typeorm";
import { joined, RetortError } from "../../src";
import { eachDatabase } from "../helpers/databases";
import { benchOn, expectSame } from "../helpers/bench";
import { archive, Folder, Page, Label, Stone } from "../helpers/entities/archive";

eachDatabase((database) => {
  const bench = benchOn(database, { entities: archive });

  async function folder(): Promise<Folder> {
    const { db, session } = bench;
    const made = db.create(Folder, { name: "f" });
    made.pages.push(db.create(Page, { title: "one" }), db.create(Page, { title: "two" }));
    session.add(made);
    await session.commit();
    const read = (await session.query(Folder).one())!;
    await read.pages;
    bench.quiet();
    return read;
  }

  test("session 26: a soft-removed row is hidden from queries of every kind, and withDeleted shows it", async () => {
    const { session } = bench;
    const [one, two] = (await folder()).pages as [Page, Page];
    session.softRemove(one);
    expect(session.dirty).toEqual([one]);
    expect(one.deletedAt).toBeInstanceOf(Date);
    await session.commit();
    expectSame(await session.query(Page).all(), [two]);
    expect(await session.query(Page).count()).toBe(1);
    expect(await session.query(Page).filterBy({ title: "one" }).exists()).toBe(false);
    expect(await session.get(Page, one.id)).toBeNull();
    expect(
      await session
        .query(Folder)
        .filterBy({ pages: { title: "one" } })
        .all(),
    ).toEqual([]);
    expectSame(await session.query(Page).withDeleted().orderBy("id").all(), [one, two]);
    expect(await session.query(Page).withDeleted().count()).toBe(2);
    expect(await session.query(Page).withDeleted().get(one.id)).toBe(one);
    const fresh = await bench.fresh();
    expect((await fresh.query(Page).all()).map(({ title }) => title)).toEqual(["two"]);
    expect(await fresh.session.get(Page, one.id)).toBeNull();
    const read = await fresh.query(Folder).options(joined("pages")).one();
    expect(read.pages.map(({ title }) => title)).toEqual(["two"]);
    expect(await bench.dataSource.manager.count(Page)).toBe(1);
  });

  test("session 26: what is recovered is the same object, and everybody sees it again", async () => {
    const { session } = bench;
    const [one] = (await folder()).pages as [Page];
    session.softRemove(one);
    await session.commit();
    session.recover(one);
    expect(one.deletedAt).toBeNull();
    await session.commit();
    expect(await session.get(Page, one.id)).toBe(one);
    expect(await session.query(Page).filterBy({ title: "one" }).one()).toBe(one);
    expect(await (await bench.fresh()).query(Page).count()).toBe(2);
    session.expunge(one);
    const [again] = await session.query(Page).withDeleted().filterBy({ title: "one" }).all();
    session.softRemove(again!);
    session.recover(again!);
    await session.commit();
    expect(await session.get(Page, one.id)).toBe(again);
  });

  test("session 26: what was read without its delete date is recovered too", async () => {
    const { session } = bench;
    const [one] = (await folder()).pages as [Page];
    session.softRemove(one);
    await session.commit();
    (one as Partial<Page>).deletedAt = undefined;
    session.recover(one);
    await session.commit();
    expect(one.deletedAt).toBeNull();
    expect(await session.query(Page).count()).toBe(2);
  });

  test("session 26: version and update date follow, as with TypeORM", async () => {
    const { session, dataSource } = bench;
    const [one, two] = (await folder()).pages as [Page, Page];
    session.softRemove(one);
    await session.commit();
    const theirs = await dataSource.manager.findOneByOrFail(Page, { id: two.id });
    await dataSource.manager.softRemove(theirs);
    const rows = await dataSource.manager.find(Page, { withDeleted: true, order: { id: "ASC" } });
    expect(rows.map(({ version }) => version)).toEqual([2, 2]);
    expect(one.version).toBe(2);
    for (const { deletedAt } of rows) expect(Math.abs(deletedAt!.getTime() - Date.now())).toBeLessThan(60_000);
  });

  test("session 26: cascades go along what is loaded, with TypeORM's soft-remove and recover", async () => {
    const { session } = bench;
    const made = await folder();
    session.softRemove(made);
    await session.commit();
    expect(bench.sent(/^UPDATE/)).toHaveLength(3);
    expect(await session.query(Page).count()).toBe(0);
    expect(await session.query(Folder).count()).toBe(0);
    const shown = await session.query(Folder).withDeleted().one();
    expect(shown).toBe(made);
    expect(await session.query(Page).withDeleted().count()).toBe(2);
    await session.query(Page).withDeleted().all();
    session.recover(made, ...(await session.query(Page).withDeleted().all()));
    await session.commit();
    expect(await session.query(Page).count()).toBe(2);
  });

  test("session 26: a rollback takes it back, and a savepoint's too", async () => {
    const { session } = bench;
    const [one] = (await folder()).pages as [Page];
    session.softRemove(one);
    await session.flush();
    expect(await session.query(Page).count()).toBe(1);
    await session.rollback();
    expect(one.deletedAt).toBeNull();
    expect(await session.query(Page).count()).toBe(2);
    session.softRemove(one);
    await session.rollback();
    expect([one.deletedAt, session.dirty]).toEqual([null, []]);
    const savepoint = await session.beginNested();
    session.softRemove(one);
    await session.flush();
    await savepoint.rollback();
    expect(one.deletedAt).toBeNull();
    await session.commit();
    expect(await session.query(Page).count()).toBe(2);
  });

  test("session 26: many-to-many leaves out what is hidden, and the pairs stay", async () => {
    const { db, session } = bench;
    const [one] = (await folder()).pages as [Page];
    const label = db.create(Label, { name: "red" });
    (await one.labels).push(label);
    await session.commit();
    session.softRemove(label);
    await session.commit();
    const fresh = await bench.fresh();
    const page = (await fresh.session.get(Page, one.id))!;
    expect(await page.labels).toEqual([]);
    fresh.session.recover((await fresh.query(Label).withDeleted().one())!);
    await fresh.session.commit();
    const later = await bench.fresh();
    expect((await (await later.session.get(Page, one.id))!.labels).map(({ name }) => name)).toEqual(["red"]);
  });

  test("session 26: rows are hidden and shown by a query, without being loaded", async () => {
    const { session } = bench;
    const [one, two] = (await folder()).pages as [Page, Page];
    expect(await session.query(Page).filterBy({ title: "one" }).softDelete()).toBe(1);
    expectSame(await session.query(Page).all(), [two]);
    expect(await session.query(Page).softDelete()).toBe(1);
    expect(await session.query(Page).count()).toBe(0);
    expect(await session.query(Page).filterBy({ title: "one" }).restore()).toBe(1);
    await session.commit();
    expectSame(await session.query(Page).all(), [one]);
    expect([one.version, one.deletedAt]).toEqual([3, null]);
    expect(await (await bench.fresh()).query(Page).count()).toBe(1);
  });

  test("an entity without a delete date cannot be hidden, and says so", async () => {
    const { db, session } = bench;
    const stone = db.create(Stone);
    session.add(stone);
    await session.commit();
    const refused = { code: "session/no-delete-date", hint: expect.stringContaining("@DeleteDateColumn") };
    expect(() => session.softRemove(stone)).toThrow(expect.objectContaining(refused));
    expect(() => session.recover(stone)).toThrow(expect.objectContaining(refused));
    expect(() => session.softRemove(stone)).toThrow(MissingDeleteDateColumnError);
    expect(() => session.softRemove(stone)).toThrow(RetortError);
    await expect(session.query(Stone).softDelete()).rejects.toMatchObject({ code: "query/no-delete-date" });
    const page = db.create(Page, { title: "new" });
    expect(() => session.softRemove(page)).toThrow(expect.objectContaining({ code: "session/state" }));
  });
});
