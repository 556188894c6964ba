import { inspect } from "node:util";
import { EntitySchema } from "typeorm";
import { joined, selectin } from "../../src";
import { benchOn } from "../helpers/bench";
import { eachDatabase } from "../helpers/databases";
import { id } from "../helpers/entities/plain-classes";

class Person {
  declare id: number;
  declare name: string;
  declare heads: Firm[];
}
/** Embedded in Team. */
class Office {
  declare street: string | null;
  declare keeper: Person | null;
}
/** Embedded in Firm, with relations of every kind. */
class Team {
  declare motto: string | null;
  declare head: Person | null;
  declare coach: Person | null;
  declare members: Person[];
  declare tasks: Task[];
  declare office: Office | null;
}
class Firm {
  declare id: number;
  declare title: string;
  declare team: Team | null;
}
class Task {
  declare id: number;
  declare todo: string;
  declare firm: Firm | null;
}

const text = { type: String, nullable: true } as const;
const person = () => Person;

const office = new EntitySchema<Office>({
  name: "Office",
  target: Office,
  columns: { street: text },
  relations: { keeper: { type: "many-to-one", target: person, nullable: true } },
});
const team = new EntitySchema<Team>({
  name: "Team",
  target: Team,
  columns: { motto: text },
  embeddeds: { office: { schema: office } },
  relations: {
    head: { type: "many-to-one", target: person, nullable: true, inverseSide: "heads" },
    coach: { type: "one-to-one", target: person, nullable: true, joinColumn: true },
    members: { type: "many-to-many", target: person, joinTable: { name: "firm_member" } },
    tasks: { type: "one-to-many", target: () => Task, inverseSide: "firm" },
  },
} as never);
const firms = [
  new EntitySchema<Person>({
    name: "Person",
    target: Person,
    columns: { id, name: text },
    relations: { heads: { type: "one-to-many", target: () => Firm, inverseSide: "team.head" } } as never,
  }),
  new EntitySchema<Firm>({
    name: "Firm",
    target: Firm,
    columns: { id, title: text },
    embeddeds: { team: { schema: team } } as never,
  }),
  new EntitySchema<Task>({
    name: "Task",
    target: Task,
    columns: { id, todo: text },
    relations: {
      firm: { type: "many-to-one", target: () => Firm, inverseSide: "team.tasks", nullable: true },
    } as never,
  }),
];

const make = <T extends object>(type: new () => T, values: Partial<T>): T => Object.assign(new type(), values);

eachDatabase((database) => {
  describe("relations inside embeddeds", () => {
    const bench = benchOn(database, { entities: firms });

    /** A firm with p and q in every relation, and a task. */
    async function firm(): Promise<{ f: Firm; p: Person; q: Person }> {
      const [p, q] = [make(Person, { name: "p" }), make(Person, { name: "q" })];
      const inner = make(Office, { street: "s", keeper: q });
      const tasks = [make(Task, { todo: "t" })];
      const f = make(Firm, {
        title: "f",
        team: make(Team, { motto: "m", head: p, coach: q, members: [p, q], tasks, office: inner }),
      });
      bench.session.add(f);
      await bench.session.commit();
      return { f, p, q };
    }
    async function read(): Promise<Firm> {
      bench.session.expungeAll();
      return bench.session.query(Firm).one();
    }
    async function stored(): Promise<unknown> {
      const other = (await bench.fresh()).session;
      const all = await other.query(Firm).orderBy("id").all();
      const found = [];
      for (const { team: one } of all) {
        const [head, coach, keeper] = [await one!.head, await one!.coach, await one!.office!.keeper];
        const [members, tasks] = [await one!.members, await one!.tasks];
        found.push([
          ...[one!.motto, head?.name, coach?.name, keeper?.name],
          members.map(({ name }) => name).sort(),
          tasks.map(({ todo }) => todo),
        ]);
      }
      return found;
    }

    test("session 44: are inserted with what they refer to, and read", async () => {
      const { f, p } = await firm();
      expect([...p.heads]).toEqual([f]);
      expect(await stored()).toEqual([["m", "p", "q", "q", ["p", "q"], ["t"]]]);
      const again = await read();
      expect(inspect(again, { depth: 5 }).replace(/\s+/g, " ")).toBe(
        `Firm { id: ${again.id}, title: 'f', team: Team { motto: 'm', office: Office { street: 's' } } }`,
      );
      await again.team!.head;
      expect(JSON.parse(JSON.stringify(again))).toMatchObject({ team: { motto: "m", head: { name: "p" } } });
      expect(bench.session.dirty).toEqual([]);
    });

    test("session 44: are loaded with the query, and joined by it", async () => {
      const { p, q } = await firm();
      for (const option of [selectin, joined])
        for (const path of ["head", "coach", "members", "tasks", "office.keeper"]) {
          bench.session.expungeAll();
          const one = await bench.session
            .query(Firm)
            .options(option(`team.${path}`))
            .one();
          bench.quiet();
          const value = path
            .split(".")
            .reduce<unknown>((holder, name) => (holder as Record<string, unknown>)[name], one.team);
          expect(Array.isArray(value) ? value.length : (value as Person).name).toBeTruthy();
          expect(bench.sent()).toEqual([]);
        }
      const query = bench.session.query(Firm);
      const count = (criteria: object): Promise<number> => query.filterBy(criteria as never).count();
      expect(await count({ team: { head: { name: "p" } } })).toBe(1);
      expect(await count({ team: { head: q } })).toBe(0);
      expect(await count({ team: { head: p } })).toBe(1);
      expect(await count({ team: { office: { keeper: { name: "q" } } } })).toBe(1);
      const columns = bench.db.columns(Firm) as unknown as { team: { head: { name: { desc(): never } } } };
      expect(await query.orderBy(columns.team.head.name.desc()).count()).toBe(1);
    });

    test("session 44: changes of them are dirty, written and rolled back", async () => {
      const { f, p, q } = await firm();
      const one = f.team!;
      await q.heads;
      await one.members;
      await one.tasks;
      one.head = q;
      expect(bench.session.dirty).toEqual([f]);
      expect([[...p.heads], [...q.heads]]).toEqual([[], [f]]);
      one.members.splice(0, 1);
      one.tasks[1] = make(Task, { todo: "u" });
      one.office!.keeper = make(Person, { name: "r" });
      await bench.session.flush();
      await bench.session.rollback();
      expect([one.head, one.office!.keeper, one.members.length, one.tasks.length]).toEqual([p, q, 2, 1]);
      expect(bench.session.dirty).toEqual([]);
      one.coach = null;
      one.members.length = 1;
      one.office!.keeper = p;
      await bench.session.commit();
      expect(await stored()).toEqual([["m", "p", undefined, "p", ["p"], ["t"]]]);
    });

    test.each(["of its class", "a plain object"])("session 43: an embedded that is assigned anew: %s", async (kind) => {
      await firm();
      const f = await read();
      const q = await bench.session.query(Person).filterBy({ name: "q" }).one();
      const anew = (): Team => {
        const values = { motto: "n", head: q, members: [q], office: { street: "z", keeper: null } };
        return kind === "of its class" ? make(Team, values as never) : (values as never);
      };
      f.team = anew();
      expect(bench.session.dirty).toEqual([f]);
      await bench.session.rollback();
      expect([f.team.motto, (await f.team.head)!.name, f.team.office!.street]).toEqual(["m", "p", "s"]);
      f.team = anew();
      await bench.session.commit();
      expect(await stored()).toEqual([["n", "q", "q", undefined, ["q"], ["t"]]]);
      f.team.head = null;
      f.team.members.push(make(Person, { name: "r" }));
      await bench.session.commit();
      expect(await stored()).toEqual([["n", undefined, "q", undefined, ["q", "r"], ["t"]]]);
    });

    test("session 43: an embedded that is set null clears its columns and its relations", async () => {
      await firm();
      const f = await read();
      f.team = null;
      expect(bench.session.dirty).toEqual([f]);
      await bench.session.rollback();
      expect([f.team!.motto, (await f.team!.office!.keeper)!.name]).toEqual(["m", "q"]);
      const before = f.team as Team | null;
      await before!.head;
      await before!.members;
      f.team = null;
      await bench.session.commit();
      expect(await stored()).toEqual([[null, undefined, undefined, undefined, [], []]]);
      f.team = before;
      await bench.session.commit();
      expect(await stored()).toEqual([["m", "p", undefined, "q", ["p", "q"], []]]);
      const g = await read();
      g.team!.office = null;
      g.team!.motto = "n";
      await bench.session.commit();
      expect(await stored()).toEqual([["n", "p", undefined, undefined, ["p", "q"], []]]);
    });

    test("session 43: one embedded object in two entities", async () => {
      const { f, p, q } = await firm();
      const g = bench.db.create(Firm, { title: "g", team: { motto: "x", office: { street: "y" } } } as never);
      bench.session.add(g);
      await bench.session.commit();
      f.team!.coach = null;
      f.team!.tasks.length = 0;
      g.team = f.team;
      await bench.session.commit();
      const shared = ["m", "p", undefined, "q", ["p", "q"], []];
      expect(await stored()).toEqual([shared, shared]);
      bench.quiet();
      await bench.session.commit();
      expect(bench.sent()).toEqual([]);
      expect([[...p.heads], g.team!.head, (await q.heads).length]).toEqual([[f, g], p, 0]);
    });

    test("session 44: db.create, the other side, a detached object, deletion", async () => {
      const { db, session } = bench;
      const p = make(Person, { name: "p" });
      const f = db.create(Firm, { title: "f", team: { motto: "m", head: p, office: { keeper: p } } } as never);
      expect([f.team!.head, f.team!.office!.keeper]).toEqual([p, p]);
      session.add(f);
      await session.commit();
      const q = make(Person, { name: "q" });
      session.add(q);
      q.heads.push(f);
      expect(f.team!.head).toBe(q);
      await session.commit();
      session.expunge(f);
      f.team!.coach = make(Person, { name: "r" });
      session.add(f);
      await session.commit();
      expect(await stored()).toEqual([["m", "q", "r", "p", [], []]]);
      session.delete(f);
      await session.commit();
      expect(await stored()).toEqual([]);
    });
  });
});
