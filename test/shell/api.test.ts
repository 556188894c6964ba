import fs from "node:fs";
import path from "node:path";
import ts from "typescript";
import { API, type ApiKind } from "../../src/shell/api/api";
import { namesOf } from "../../src/shell/names";
import { openRepl, type TestRepl } from "../helpers/repl";

const SOURCES = path.join(__dirname, "../../src");

const sources = ["query", "session"].flatMap((folder) =>
  fs
    .readdirSync(path.join(SOURCES, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => {
      const name = path.join(SOURCES, folder, file);
      return ts.createSourceFile(name, fs.readFileSync(name, "utf8"), ts.ScriptTarget.Latest, true);
    }),
);

/** The public members of a class: those that are neither private nor static nor marked as internal. */
function publicMembers(className: string): string[] {
  const declaration = sources
    .flatMap(({ statements }) => [...statements])
    .find((node): node is ts.ClassDeclaration => ts.isClassDeclaration(node) && node.name?.text === className);
  const hidden = ts.ModifierFlags.Private | ts.ModifierFlags.Static;
  const names = declaration!.members.flatMap((member) => {
    if (!member.name || !ts.isIdentifier(member.name) || ts.getCombinedModifierFlags(member) & hidden) return [];
    return ts.getJSDocTags(member).some(({ tagName }) => tagName.text === "internal") ? [] : [member.name.text];
  });
  return names.filter((name) => !/^(then|toJSON)$/.test(name));
}

const members = (...classNames: string[]): string[] => [...new Set(classNames.flatMap(publicMembers))];

/** Members that compile expressions, and are public for other compilers. */
const COMPILER = /^(\$type|isNumber|encode|decode|renderSelected|render|model|scalar|direction|nulls)$/;

const expressions = (...classNames: string[]): string[] =>
  members(...classNames).filter((name) => !COMPILER.test(name));

test.each<[ApiKind, string[]]>([
  ["query", members("Query")],
  ["batches", members("Batches")],
  ["session", members("Session")],
  ["database", members("Database")],
  ["collection", members("Collection", "LazyCollection")],
  ["page", members("Pagination")],
  ["column", expressions("Scalar")],
  ["expression", expressions("Scalar", "Condition", "Order", "Case")],
  ["relation", expressions("RelationExpression")],
  ["aliased", members("Aliased")],
])("shell 7: the API table has every public member of %s and nothing more", (kind, found) => {
  expect(Object.keys(API[kind]).sort()).toEqual(found.sort());
});

describe("at a prompt", () => {
  let opened: TestRepl;
  let type: TestRepl["type"];
  beforeAll(async () => {
    opened = await openRepl({ columns: 200 });
    ({ type } = opened);
    await type("s = Shop(name='x'); db.session.add(s); page = Shop.query.paginate(page=1)");
  });
  afterAll(() => opened.close());

  test("shell 7: the API table has every name at the prompt and nothing more", () => {
    const entities = opened.repl.names.entities.map(({ name }) => name);
    const names = Object.keys(namesOf(opened.db)).filter((name) => !entities.includes(name));
    expect(Object.keys(API.names).sort()).toEqual([...names, "_"].sort());
  });

  test.each(Object.entries(API.names))("shell 7: ?%s and .help explain a name", async (name, entry) => {
    const lines = await type(`?${name}`);
    expect(lines[0]).toBe(`${entry.signature}  ${entry.summary}`);
    expect(lines[1]).toBe(`  example  ${entry.example}`);
    expect(await type(`.help ${name}`)).toEqual(lines);
  });

  test.each<[ApiKind, string]>([
    ["query", "Shop.query"],
    ["batches", "Shop.query.inBatches(10)"],
    ["session", "db.session"],
    ["database", "db"],
    ["collection", "s.articles"],
    ["column", "Shop.c.name"],
    ["expression", "Shop.c.name.like('x')"],
    ["relation", "Shop.c.articles"],
    ["page", "Shop.query.paginate()"],
  ])("shell 7: ?, .help and Tab know every member of %s, by its owner or alone", async (kind, owner) => {
    for (const [name, { signature, summary, example }] of Object.entries(API[kind])) {
      const lines = [`${signature}  ${summary}`, `  example  ${example}`];
      expect(await type(`?${owner}.${name}`)).toEqual(lines);
      if (!(name in API.names)) expect(await type(`.help ${name}`)).toEqual(expect.arrayContaining(lines));
    }
  });

  test("an example of the table can be parsed", () => {
    const examples = Object.values(API).flatMap((table) => Object.values(table).map(({ example }) => example));
    for (const example of examples)
      expect([example, opened.repl.evaluator.parse(example).status]).toEqual([example, "complete"]);
  });
});
