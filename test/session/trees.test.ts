import { type EntityClass, type Session } from "../../src";
import { eachDatabase } from "../helpers/databases";
import { benchOn } from "../helpers/bench";
import { Closure, Coded, Path, Nested, Named, type TreeNode } from "../helpers/entities/trees";

const kinds: [string, new () => TreeNode][] = [
  ["closure table", Closure],
  ["closure table with other names", Named],
  ["materialised path", Path],
  ["materialised path with a foreign key to a unique column", Coded],
  ["nested set", Nested],
];

/** Children in brackets, in the order of their names: `a(b(c),d)`. */
type Shape = string;

function shapeOf({ name, children }: TreeNode): Shape {
  const below = children.map(shapeOf).sort();
  return below.length === 0 ? name : `${name}(${below.join(",")})`;
}

eachDatabase((database) => {
  const bench = benchOn(database, { entities: [Closure, Named, Path, Coded, Nested] });

  // What is SQL's own is the same for both closure tables.
  const some = kinds.filter(([, Node]) => (Node !== Named && Node !== Coded) || database.name === "sqlite");

  describe.each(some)("%s", (_kind, Node) => {
    const entity = Node as EntityClass<TreeNode>;
    const node = (name: string, ...children: TreeNode[]): TreeNode => {
      const made = bench.db.create(entity, { name });
      made.children.push(...children);
      return made;
    };
    const find = (name: string, session: Session = bench.session): Promise<TreeNode> =>
      session.query(entity).filterBy({ name }).one();
    const repository = () => bench.dataSource.getTreeRepository(Node);

    /** The trees as TypeORM reads them, after every node's ancestors and descendants were found to agree with its parents. */
    async function trees(): Promise<Shape> {
      const repo = repository();
      const roots = await repo.findTrees();
      const check = async (here: TreeNode, above: readonly string[]): Promise<string[]> => {
        const ancestors = (await repo.findAncestors(here)).map(({ name }) => name);
        expect([here.name, ancestors.sort()]).toEqual([here.name, [...above, here.name].sort()]);
        const below: string[] = [here.name];
        for (const child of here.children) below.push(...(await check(child, [...above, here.name])));
        expect((await repo.findDescendants(here)).map(({ name }) => name).sort()).toEqual([...below].sort());
        return below;
      };
      for (const root of roots) await check(root, []);
      return roots.map(shapeOf).sort().join(" ");
    }

    /** a(b(c,d),e) */
    async function plant(): Promise<void> {
      bench.session.add(node("a", node("b", node("c"), node("d")), node("e")));
      await bench.session.commit();
    }

    test("a tree that is added is a tree for TypeORM's TreeRepository", async () => {
      await plant();
      expect(await trees()).toBe("a(b(c,d),e)");
    });

    /** The bookkeeping of the tree, with names for keys. */
    async function books(): Promise<unknown[]> {
      const { tablePath, closureJunctionTable } = bench.dataSource.getMetadata(Node);
      const rows = await bench.stored(`SELECT * FROM "${tablePath}"`);
      const names = new Map(rows.map(({ id, name }) => [String(id ?? name), String(name)]));
      const pairs = closureJunctionTable ? await bench.stored(`SELECT * FROM "${closureJunctionTable.tablePath}"`) : [];
      return [
        ...pairs.map((pair) =>
          Object.entries(pair)
            .map(([column, key]) => `${column} ${names.get(String(key))}`)
            .join(),
        ),
        ...rows.map(({ name, mpath, nsleft, nsright }) =>
          [
            name,
            nsleft,
            nsright,
            ...String(mpath ?? "")
              .split(".")
              .map((key) => names.get(key)),
          ].join(),
        ),
      ].sort();
    }

    test("the same rows as TypeORM writes for the same tree", async () => {
      await plant();
      const ours = await books();
      const repo = repository();
      for (const name of ["d", "c", "e", "b", "a"]) await repo.remove(await repo.findOneByOrFail({ name }));
      const saved = new Map<string, TreeNode>();
      for (const [name, above] of ["a", "ba", "ea", "cb", "db"].map((pair) => pair.split("")) as [string, string?][])
        saved.set(name, await repo.save(repo.create({ name, parent: above ? saved.get(above)! : null })));
      expect(ours).toEqual(await books());
    });

    test("a node added later stands below its parent, loaded or known by its key alone", async () => {
      await plant();
      const fresh = await bench.fresh();
      const parent = await find("d", fresh.session);
      fresh.session.add(fresh.create(entity, { name: "f", parent } as never));
      await fresh.session.commit();
      expect(await trees()).toBe("a(b(c,d(f)),e)");
    });

    test("nodes added leaf first, one by one", async () => {
      const c = node("c");
      const b = node("b");
      const a = node("a");
      c.parent = b;
      b.parent = a;
      bench.session.add(c);
      await bench.session.commit();
      expect(await trees()).toBe("a(b(c))");
    });

    test("a node that moves takes what is below it along", async () => {
      await plant();
      const b = await find("b");
      b.parent = await find("e");
      await bench.session.commit();
      expect(await trees()).toBe("a(e(b(c,d)))");
      (await find("a")).name = "a";
      (await find("d")).parent = await find("a");
      await bench.session.commit();
      expect(await trees()).toBe("a(d,e(b(c)))");
    });

    test("several nodes move in one flush, above and below each other", async () => {
      await plant();
      const [a, b, c, d, e] = [await find("a"), await find("b"), await find("c"), await find("d"), await find("e")];
      // b and c change places; d goes below what comes from below it.
      b.parent = c;
      c.parent = a;
      d.parent = b;
      e.parent = d;
      await bench.session.commit();
      expect(await trees()).toBe("a(c(b(d(e))))");
    });

    test("a new node comes between, in one flush", async () => {
      await plant();
      const between = node("x");
      between.parent = await find("a");
      (await find("b")).parent = between;
      bench.session.add(between);
      await bench.session.commit();
      expect(await trees()).toBe("a(e,x(b(c,d)))");
    });

    test("a node that is deleted leaves no trace", async () => {
      await plant();
      bench.session.delete(await find("c"));
      await bench.session.commit();
      expect(await trees()).toBe("a(b(d),e)");
      bench.session.delete(await find("d"), await find("b"));
      await bench.session.commit();
      expect(await trees()).toBe("a(e)");
      (await find("e")).children = [node("f", node("g"))];
      await bench.session.commit();
      expect(await trees()).toBe("a(e(f(g)))");
    });

    test("a plan has the statements of the tree, those that the flush sends, and why", async () => {
      await plant();
      const { session } = bench;
      const [c, d, e] = [await find("c"), await find("d"), await find("e")];
      const x = node("x", node("y"));
      x.parent = e;
      c.parent = x;
      session.add(x);
      session.delete(d);
      const plan = await session.plan();
      bench.quiet();
      await session.flush();
      const sent = bench.sent(/^(insert|update|delete)/i);
      expect(plan.statements.map(({ sql }) => sql)).toEqual(sent);
      const trees = plan.steps.filter(({ action }) => action === "tree");
      expect(trees.flatMap(({ rows }) => rows)).toEqual(expect.arrayContaining([x, c]));
      expect(trees.flatMap(({ waits }) => waits).map((wait) => [wait.row, wait.for, wait.why])).toContainEqual([
        c,
        x,
        "tree",
      ]);
      await session.rollback();
    });

    test("keys change, and are swapped between nodes above and below each other", async () => {
      await plant();
      const key = Node === Named ? "name" : "id";
      const all = (await bench.session.query(entity).all()) as unknown as Record<string, unknown>[];
      const [a, b, c] = ["a", "b", "c"].map((name) => all.find((one) => one["name"] === name)!) as [
        Record<string, unknown>,
        Record<string, unknown>,
        Record<string, unknown>,
      ];
      b[key] = Node === Named ? "x" : 9_001;
      await bench.session.commit();
      expect(await trees()).toBe(Node === Named ? "a(e,x(c,d))" : "a(b(c,d),e)");
      [a[key], b[key], c[key]] = [b[key], c[key], a[key]];
      await bench.session.flush();
      await bench.session.rollback();
      [a[key], b[key], c[key]] = [b[key], c[key], a[key]];
      await bench.session.commit();
      expect(await trees()).toBe(Node === Named ? "x(c(a,d),e)" : "a(b(c,d),e)");
      expect(bench.session.dirty).toEqual([]);
    });

    test("keys are swapped between nodes beside each other", async () => {
      if (Node === Named) return;
      await plant();
      const [c, d, b, e] = (await Promise.all(["c", "d", "b", "e"].map((name) => find(name)))) as (TreeNode & {
        id: number;
      })[];
      [c!.id, d!.id] = [d!.id, c!.id];
      [b!.id, e!.id] = [e!.id, b!.id];
      await bench.session.commit();
      expect(await trees()).toBe("a(b(c,d),e)");
    });

    test("a key changes while its node moves, and while its parent's does", async () => {
      if (Node === Named) return;
      await plant();
      const [a, b, c] = (await Promise.all(["a", "b", "c"].map((name) => find(name)))) as (TreeNode & { id: number })[];
      c!.id += 1_000;
      c!.parent = a!;
      [b!.id, a!.id] = [a!.id, b!.id];
      await bench.session.commit();
      expect(await trees()).toBe("a(b(d),c,e)");
    });

    test("a new node takes the row of a deleted one, with what stands below it", async () => {
      await plant();
      const b = await find("b");
      const a = await find("a");
      const key = Node === Named ? {} : { id: (b as unknown as { id: number }).id };
      bench.session.delete(b);
      bench.session.add(bench.db.create(entity, { ...key, name: Node === Named ? "b" : "x", parent: a } as never));
      await bench.session.commit();
      expect(await trees()).toBe(Node === Named ? "a(b(c,d),e)" : "a(e,x(c,d))");
      // And elsewhere in the tree.
      const [old, e] = [await find(Node === Named ? "b" : "x"), await find("e")];
      bench.session.delete(old);
      bench.session.add(bench.db.create(entity, { ...key, name: Node === Named ? "b" : "y", parent: e } as never));
      await bench.session.commit();
      expect(await trees()).toBe(Node === Named ? "a(e(b(c,d)))" : "a(e(y(c,d)))");
    });

    test("a node cannot stand below itself", async () => {
      await plant();
      const b = await find("b");
      b.parent = await find("c");
      await expect(bench.session.commit()).rejects.toMatchObject({ code: "session/tree-cycle" });
      await bench.session.rollback();
      b.parent = b;
      await expect(bench.session.commit()).rejects.toMatchObject({ code: "session/tree-cycle" });
      await bench.session.rollback();
      expect(await trees()).toBe("a(b(c,d),e)");
    });

    test("a rollback leaves the tree as it was", async () => {
      await plant();
      (await find("b")).parent = await find("e");
      bench.session.add(Object.assign(node("f"), { parent: await find("c") }));
      await bench.session.flush();
      await bench.session.rollback();
      expect(await trees()).toBe("a(b(c,d),e)");
    });

    if (database.name === "sqlite")
      test("moves, new nodes, deletions and new keys without end agree with TypeORM's reading", async () => {
        const names = ["b", "c", "d", "e", "f", "g", "h"];
        bench.session.add(node("a", ...names.map((name) => node(name))));
        await bench.session.commit();
        const all = new Map((await bench.session.query(entity).all()).map((one) => [one.name, one]));
        const parents = new Map<string, string>(names.map((name) => [name, "a"]));
        const isBelow = (name: string, above: string): boolean =>
          name === above || (parents.has(name) && isBelow(parents.get(name)!, above));
        let seed = 42;
        const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
        for (let round = 0; round < 4; round++) {
          for (let move = 0; move < 3; move++) {
            const name = names[random(names.length)]!;
            const to = ["a", ...names][random(names.length + 1)]!;
            if (isBelow(to, name)) continue;
            parents.set(name, to);
            all.get(name)!.parent = all.get(to)!;
          }
          const [made, above] = [`n${round}`, ["a", ...names][random(names.length + 1)]!];
          all.set(made, Object.assign(node(made), { parent: all.get(above)! }));
          bench.session.add(all.get(made)!);
          parents.set(made, above);
          names.push(made);
          const leaf = names.find((name) => name !== made && ![...parents.values()].includes(name));
          if (leaf) {
            bench.session.delete(all.get(leaf)!);
            parents.delete(leaf);
            names.splice(names.indexOf(leaf), 1);
          }
          const [one, other] = [all.get(names[0]!)!, all.get("a")!] as unknown as { id: number }[];
          if (Node !== Named) [one!.id, other!.id] = [other!.id, one!.id];
          await bench.session.commit();
          const wanted = (name: string): Shape => {
            const below = [...parents].filter(([, parent]) => parent === name).map(([child]) => wanted(child));
            return below.length === 0 ? name : `${name}(${below.sort().join(",")})`;
          };
          expect(await trees()).toBe(wanted("a"));
        }
      });

    if (Node === Nested)
      test("has one root", async () => {
        await plant();
        bench.session.add(node("z"));
        await expect(bench.session.commit()).rejects.toMatchObject({ code: "session/second-root" });
        await bench.session.rollback();
        // A root may be exchanged.
        const [a, e] = [await find("a"), await find("e")];
        e.parent = null;
        a.parent = e;
        await bench.session.commit();
        expect(await trees()).toBe("e(a(b(c,d)))");
      });
    else
      test("a node becomes a root", async () => {
        await plant();
        (await find("b")).parent = null;
        await bench.session.commit();
        expect(await trees()).toBe("a(e) b(c,d)");
        (await find("a")).parent = await find("c");
        await bench.session.commit();
        expect(await trees()).toBe("b(c(a(e)),d)");
      });
  });
});
