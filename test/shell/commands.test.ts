import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { ChildEntity, Column, Entity, PrimaryGeneratedColumn, TableInheritance } from "typeorm";
import { microblogProject, scratchProject } from "../helpers/project";
import { noTerminal, openRepl, type TestRepl, type TestReplOptions } from "../helpers/repl";

@Entity()
@TableInheritance({ column: { type: "varchar", name: "kind" } })
class Animal {
  @PrimaryGeneratedColumn()
  id!: number;
  @Column()
  name!: string;
}

@ChildEntity()
class Dog extends Animal {
  @Column("varchar", { nullable: true })
  bark!: string | null;
}

@ChildEntity()
class Cat extends Animal {
  @Column("varchar", { nullable: true })
  meow!: string | null;
}

/** Records of CSV, by RFC 4180. */
function parseCsv(text: string): string[][] {
  const records: string[][] = [];
  let record: string[] = [];
  for (const [, quoted, bare, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n)/g)) {
    record.push(quoted === undefined ? bare! : quoted.replaceAll('""', '"'));
    if (end === ",") continue;
    records.push(record);
    record = [];
  }
  return records;
}

let folder: string;
let opened: TestRepl;
let type: TestRepl["type"];

/** A repl whose project is an empty folder, over a database with three shops. */
async function open(options: TestReplOptions = {}): Promise<void> {
  opened = await openRepl({ root: folder, ...options });
  ({ type } = opened);
  await type(
    "db.session.addAll(['corner', 'mall', 'a \"small\" one'].map(name => Shop({ name }))); db.session.commit()",
  );
}

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "retort-commands-"));
});
afterEach(async () => {
  await opened?.close();
  fs.rmSync(folder, { recursive: true });
});

const read = (name: string): string => fs.readFileSync(path.join(folder, name), "utf8");

describe(".export", () => {
  test.each([
    ["shops.csv", 'id,name\n1,corner\n2,mall\n3,"a ""small"" one"\n'],
    ["shops.ndjson", '{"id":1,"name":"corner"}\n{"id":2,"name":"mall"}\n{"id":3,"name":"a \\"small\\" one"}\n'],
    ["shops.json", '[\n{"id":1,"name":"corner"},\n{"id":2,"name":"mall"},\n{"id":3,"name":"a \\"small\\" one"}\n]\n'],
    ["shops.JSONL", '{"id":1,"name":"corner"}\n{"id":2,"name":"mall"}\n{"id":3,"name":"a \\"small\\" one"}\n'],
  ])("writes rows as the ending of %s says", async (name, text) => {
    await open();
    expect(await type(`.export ${name} Shop.query.orderBy('id')`)).toEqual(
      [`3 rows written to ${name}`, expect.stringMatching(/^1 query · /)].reverse(),
    );
    expect(read(name)).toBe(text);
    expect(fs.readdirSync(folder)).toEqual([name]);
  });

  test("takes a query, an entity, a list, one object, and what a sum is made of", async () => {
    await open();
    await type(".export all.csv Shop");
    await type(".export list.csv [{ n: 1, when: new Date(0) }, { n: 2, when: null }]");
    await type(".export one.json Shop.query.get(2)");
    await type(".export names.csv Shop.query.orderBy('id').all().map(s => s.name.length)");
    await type(".export none.json Shop.query.filterBy(name='nothing')");
    expect(read("all.csv").split("\n")).toHaveLength(5);
    expect(read("list.csv")).toBe("n,when\n1,1970-01-01T00:00:00.000Z\n2,\n");
    expect(JSON.parse(read("one.json"))).toEqual([{ id: 2, name: "mall" }]);
    expect(read("names.csv")).toBe("6\n4\n13\n");
    expect(JSON.parse(read("none.json"))).toEqual([]);
  });

  test.each([
    ["first after 500 rows", 1_200, (n: number) => n > 700],
    ["in the last row only", 501, (n: number) => n === 501],
    ["from the first row on", 600, (n: number) => n % 2 === 1],
  ])("a subtype that appears %s has its values under its own columns", async (_when, rows, isCat) => {
    await opened?.close();
    opened = await openRepl({ root: folder, entities: [Animal, Dog, Cat] });
    const animals = Array.from({ length: rows }, (_, index) =>
      isCat(index + 1)
        ? opened.db.create(Cat, { name: "c", meow: 'a\n"b"' })
        : opened.db.create(Dog, { name: "d\n,", bark: '"wuff"\r\n' }),
    );
    opened.db.session.addAll(animals);
    await opened.db.session.commit();
    await opened.type(".export all.csv Animal.query.orderBy('id')");
    const [names, ...records] = parseCsv(read("all.csv"));
    expect([...names!].sort()).toEqual(["bark", "id", "meow", "name"]);
    const at = (record: string[], name: string): string | undefined => record[names!.indexOf(name)];
    expect(records).toHaveLength(rows);
    expect(records.filter((record) => at(record, "meow") !== "")).toHaveLength(
      animals.filter((one) => one instanceof Cat).length,
    );
    records.forEach((record) => {
      expect(record).toHaveLength(names!.length);
      const cat = ["", 'a\n"b"'];
      const dog = ['"wuff"\r\n', ""];
      expect([at(record, "bark"), at(record, "meow")]).toEqual(at(record, "meow") ? cat : dog);
    });
    expect(fs.readdirSync(folder)).toEqual(["all.csv"]);
  });

  test("entities, objects and subtypes in one list have the columns of all of them", async () => {
    await open();
    await type(".export list.csv [{ n: 1 }, Shop.query.get(1), { n: 2, name: 'x' }]");
    expect(read("list.csv")).toBe("n,id,name\n1,,\n,1,corner\n2,,x\n");
  });

  test.each(["csv", "json", "ndjson"])(
    "a disk that is full is said, and nothing stays behind (.%s)",
    async (ending) => {
      await open();
      fs.symlinkSync("/dev/full", path.join(folder, `full.${ending}`));
      const [line] = await type(`.export full.${ending} Array.from({ length: 5000 }, (_, n) => ({ n }))`);
      // On a slow machine the progress stands before it.
      expect(line).toMatch(/(^|\[K)full\.\w+ cannot be read or written: no space left on device/);
      expect(fs.readdirSync(folder)).toEqual([`full.${ending}`]);
    },
  );

  test("keeps secrets to itself, unless .reveal comes first, and then for this once", async () => {
    await open();
    await type("db.session.add(Article(title='a', apiToken='hush')); db.session.commit()");
    await type(".export masked.csv Article.query.select('apiToken')");
    await type(".reveal");
    await type(".export plain.csv Article.query");
    await type(".export again.csv Article.query");
    expect(read("masked.csv")).not.toContain("hush");
    expect(read("plain.csv")).toContain("hush");
    expect(read("again.csv")).not.toContain("hush");
  });

  test("a name with blanks stands in quotes", async () => {
    await open();
    await type(".export 'the shops.csv' Shop.query");
    expect(fs.readdirSync(folder)).toEqual(["the shops.csv"]);
  });

  test.each([
    [".export", ".export is used as: .export users.csv User.query  (or .json, .ndjson)"],
    [".export shops.csv", ".export is used as: .export users.csv User.query  (or .json, .ndjson)"],
    [".export shops.xlsx Shop.query", ".export is used as: .export users.csv User.query  (or .json, .ndjson)"],
    [".export shops.csv undefined", "undefined gives nothing that can be written"],
    [".export shops.csv Shop.query.get(99)", "Shop.query.get(99) gives nothing that can be written"],
    [".export shops.csv Shp.query", 'ReferenceError: Shp is not defined; did you mean "Shop"?'],
    [".export shops.csv Shop.query.filterBy(nme='x')", 'Shop has no property "nme"; did you mean "name"?'],
    [".export nowhere/shops.csv Shop.query", "nowhere/shops.csv cannot be read or written: no such file or directory"],
    [".export /proc/shops.csv Shop.query", /^\/proc\/shops\.csv cannot be read or written: /],
  ])("%s is one clear line, and no file", async (typed, said) => {
    await open();
    const [first] = await type(typed);
    if (typeof said === "string") expect(first).toBe(said);
    else expect(first).toMatch(said);
    expect(fs.readdirSync(folder)).toEqual([]);
  });

  const overwriting = { ...noTerminal, ask: () => Promise.resolve("y") };

  test("a query that fails leaves the file that was there", async () => {
    await open({ terminal: overwriting });
    fs.writeFileSync(path.join(folder, "shops.csv"), "from yesterday");
    await type("db.dataSource.query('alter table shop rename to gone')");
    expect((await type(".export shops.csv Shop.query"))[0]).toContain("no such table: shop");
    expect(read("shops.csv")).toBe("from yesterday");
    expect(fs.readdirSync(folder)).toEqual(["shops.csv"]);
    expect(await type("Shop.query.count()")).toEqual([
      expect.stringContaining("no such table"),
      "  → .migrate status",
      expect.anything(),
    ]);
  });

  test("Ctrl-C leaves the file that was there", async () => {
    await open({ terminal: overwriting });
    const file = path.join(folder, "shops.csv");
    fs.writeFileSync(file, "from yesterday");
    const shown = type(".export shops.csv Shop.query");
    const watching = setInterval(() => {
      if (fs.existsSync(`${file}.part`)) opened.repl.interrupt();
    }, 0);
    const lines = await shown;
    clearInterval(watching);
    if (lines.some((line) => line.includes("interrupted"))) expect(read("shops.csv")).toBe("from yesterday");
    expect(fs.readdirSync(folder)).toEqual(["shops.csv"]);
  });

  test("a file that is there is written over only where somebody says so; a pipe has nobody to ask", async () => {
    const asked: string[] = [];
    let answer = "n";
    const ask = (question: string) => (asked.push(question), Promise.resolve(answer));
    await open({ terminal: { ...noTerminal, ask } });
    for (const command of [".export shops.csv Shop.query", ".save shops.ts"]) await type(command);
    const before = read("shops.csv");
    await type("db.session.add(Shop(name='new')); db.session.commit()");
    await type(".export shops.csv Shop.query");
    expect(read("shops.csv")).toBe(before);
    answer = "y";
    await type(".export shops.csv Shop.query");
    expect(read("shops.csv")).toContain("new");
    expect(asked).toEqual(Array(2).fill("shops.csv already exists. Overwrite? [y]es, [n]o: "));
    await opened.close();
    await open();
    for (const command of [".export shops.csv Shop.query", ".save shops.ts"])
      expect((await type(command))[0]).toMatch(/^shops\.\w+ already exists$/);
  });

  test("keeps the mode of the file that it writes over, follows a link, and touches no other file", async () => {
    await open({ terminal: overwriting });
    const at = (name: string): string => path.join(folder, name);
    fs.writeFileSync(at("mine.csv"), "", { mode: 0o600 });
    fs.writeFileSync(at("mine.csv.part"), "somebody else's");
    fs.symlinkSync("mine.csv", at("link.csv"));
    await type(".export link.csv Shop.query");
    expect(fs.lstatSync(at("link.csv")).isSymbolicLink()).toBe(true);
    expect(read("mine.csv")).toContain("corner");
    expect(fs.statSync(at("mine.csv")).mode & 0o777).toBe(0o600);
    expect(read("mine.csv.part")).toBe("somebody else's");
    expect(fs.readdirSync(folder).filter((name) => name.endsWith(".part"))).toEqual(["mine.csv.part"]);
  });
});

describe(".reload", () => {
  const entity = (columns: string): string => `
    import { Column, Entity, PrimaryGeneratedColumn } from "typeorm";
    @Entity() export class Note { @PrimaryGeneratedColumn() id!: number; @Column("text") text!: string; ${columns} }`;
  const config = (database: string): string => `
    import { DataSource } from "typeorm";
    import { Note } from "./note";
    export default new DataSource({ type: "better-sqlite3", database: "${database}", entities: [Note] });`;
  const write = (text: string): string => `require('node:fs').writeFileSync('note.ts', ${JSON.stringify(text)})`;

  test.each(["notes.sqlite", ":memory:"])(
    "loads what has changed, says so, and keeps the rows of %s",
    async (database) => {
      const project = scratchProject({ files: { "note.ts": entity(""), "ormconfig.ts": config(database) } });
      const script = [
        `process.chdir(${JSON.stringify(project.root)})`,
        "db.dataSource.synchronize()",
        "db.session.add(Note(text='kept')); db.session.commit()",
        write(entity(`@Column("int", { nullable: true }) stars!: number | null;`)),
        "old = Note",
        ".reload",
        "altered = db.dataSource.query('alter table note add column stars int')",
        "db.session.add(Note(text='new', stars=5)); db.session.commit()",
        "Note.query.orderBy('id').all().map(n => [n.text, n.stars])",
        "old === Note",
        write(entity("")),
        ".reload",
        "Note.query.count()",
      ];
      const { stdout, stderr, exitCode } = await project.hosted(["shell"], { stdin: script.join("\n") });
      expect(stderr.split("\n")).toEqual([
        "+ Note.stars  integer, nullable",
        "objects that were loaded before belong to the old classes; load them again",
        "- Note.stars",
        "objects that were loaded before belong to the old classes; load them again",
        "",
      ]);
      expect(stdout).toBe("[ [ 'kept', null ], [ 'new', 5 ] ]\nfalse\n2\n");
      expect(exitCode).toBe(0);
    },
  );

  test("a file that does not compile any more is said, and the shell goes on with what it had", async () => {
    const project = scratchProject({ files: { "note.ts": entity(""), "ormconfig.ts": config("notes.sqlite") } });
    const terminal = project.terminal(["shell"]);
    await terminal.waitForPrompt({ timeout: 30_000 });
    await terminal.enter("db.dataSource.synchronize()");
    project.write("note.ts", "export class Note {{");
    expect((await terminal.enter(".reload")).join(" ")).toContain("note.ts");
    expect(await terminal.enter("Note.query.count()")).toContain("0");
    project.write("note.ts", entity(""));
    expect((await terminal.enter(".reload"))[0]).toBe("reloaded; no column and no relation has changed");
    // Also what was given another meaning by hand.
    expect(await terminal.enter("Note = 5")).toContain("Note is redefined; .reload restores it");
    await terminal.enter("const db = 6");
    await terminal.enter(".reload");
    expect(await terminal.enter("db.query(Note).count()")).toContain("0");
    await terminal.enter("n = Note(text='x'); db.session.add(n)");
    expect((await terminal.enter(".reload"))[0]).toBe("there are unsaved changes, which reloading would lose");
    terminal.press("ctrl-d");
    await terminal.waitFor("[c]ommit first:");
    await terminal.type("c");
    expect(await terminal.ended).toBe(0);
    expect((await project.hosted(["shell", "-e", "Note.query.first().text"])).stdout).toBe("'x'\n");
  });

  test("opens another session where one was closed, as the error says", async () => {
    await open();
    await type("db.session.close()");
    expect(await type("Shop.query.count()")).toEqual(["the session is closed", "  → .reload opens a new one"]);
  });

  test("where nothing can load the project again, that is said", async () => {
    await open();
    expect(await type(".reload")).toEqual([
      "the project cannot be reloaded here",
      "  → leave, and start retort shell again",
    ]);
  });
});

describe(".migrate", () => {
  test("runs beside the shell, which goes on; what it refuses is refused in words", async () => {
    const project = microblogProject();
    const commands = [".migrate status", ".migrate up", "User.query.count()", ".migrate current"];
    const ran = await project.retort(["shell"], { stdin: commands.join("\n") });
    expect(ran).toMatchObject({ exitCode: 0 });
    expect(ran.stdout).toMatch(/pending[^]*\n0\n/);
    const wrong = await project.retort(["shell"], { stdin: ".migrate upp\nprint('never')\n" });
    expect(wrong).toMatchObject({ exitCode: 1, stdout: "" });
    expect(wrong.stderr).toContain('unknown command "upp"; did you mean "up"?');
  });

  test("a transaction that is open holds the lock a migration needs, and a sandbox could not take one back", async () => {
    const ran: string[][] = [];
    const migrate = {
      pending: () => Promise.resolve(0),
      run: (args: readonly string[]) => (ran.push([...args]), Promise.resolve(0)),
    };
    await open({ migrate });
    await type("db.session.add(Shop(name='x')); db.session.flush()");
    expect(await type(".migrate up")).toEqual([
      "a transaction is open here",
      "  → db.session.commit() or db.session.rollback() first",
    ]);
    await type("db.session.rollback()");
    expect((await type(".migrate"))[0]).toBe(".migrate is used as: .migrate status|up|down|generate");
    expect(ran).toEqual([]);
    await type(`.migrate generate "add stars" --dry-run`);
    expect(ran).toEqual([["generate", "add stars", "--dry-run"]]);
  });
});
