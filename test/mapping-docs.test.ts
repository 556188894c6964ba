import fs from "node:fs";
import path from "node:path";
import ts from "typescript";
import { repository } from "./helpers/repository";

const typeormFolder = path.dirname(require.resolve("typeorm"));

/** Exported by TypeORM beside the options of mappings. */
const NO_OPTIONS = new Set([
  "EntitySchema",
  "EntitySchemaEmbeddedError",
  "EntitySchemaTransformer",
  // Of a decorator that TypeORM removed in 0.3.
  "TransactionOptions",
]);

interface Row {
  readonly name: string;
  readonly file: string;
  readonly title: string;
}

interface Section {
  readonly types: readonly string[];
  readonly rows: readonly Row[];
}

/** The sections of docs/mapping.md: the types whose keys they list, and the lines of their tables. */
function sections(): Section[] {
  const text = fs.readFileSync(path.join(repository, "docs/mapping.md"), "utf8");
  return text
    .split(/^## /m)
    .slice(1)
    .map((section) => ({
      types: [...(/^Options of ([^]*?)\.$/m.exec(section)?.[1] ?? "").matchAll(/`(\w+)`/g)].map(([, type]) => type!),
      rows: [...section.matchAll(/^\| `([@\w]+)`\s*\|.*\| `(test\/[^`]+)`: (.*?)\s*\|$/gm)].map(
        ([, name, file, title]) => ({
          name: name!,
          file: file!,
          title: title!,
        }),
      ),
    }));
}

/** What TypeORM exports of its folder of decorators. */
function decorators(): string[] {
  const index = fs.readFileSync(path.join(typeormFolder, "index.d.ts"), "utf8");
  const modules = [...index.matchAll(/from "\.\/(decorator\/(?!options\/)[\w/-]+)"/g)].map(([, module]) => module!);
  return modules.flatMap((module) =>
    declarations(`${module}.d.ts`)
      .filter(ts.isFunctionDeclaration)
      .map(({ name }) => name!.text),
  );
}

/** The keys of each type of options. */
function optionTypes(): Map<string, string[]> {
  const files = ["decorator/options", "entity-schema"].flatMap((folder) =>
    fs
      .readdirSync(path.join(typeormFolder, folder))
      .filter((file) => file.endsWith(".d.ts"))
      .map((file) => `${folder}/${file}`),
  );
  const types = new Map<string, string[]>();
  for (const file of [...files, "metadata/types/ClosureTreeOptions.d.ts", "subscriber/EntitySubscriberInterface.d.ts"])
    for (const declaration of declarations(file))
      if (ts.isInterfaceDeclaration(declaration) || ts.isClassDeclaration(declaration))
        types.set(declaration.name!.text, keysOf(declaration));
  return types;
}

function declarations(file: string): ts.Statement[] {
  const text = fs.readFileSync(path.join(typeormFolder, file), "utf8");
  return [...ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true).statements];
}

function keysOf(declaration: ts.InterfaceDeclaration | ts.ClassDeclaration): string[] {
  return [...declaration.members].flatMap(({ name }) => (name && ts.isIdentifier(name) ? [name.text] : []));
}

test("docs/mapping.md has a line for every decorator that TypeORM exports", () => {
  const exported = decorators();
  expect(exported.length).toBeGreaterThan(40);
  const listed = sections()[0]!.rows.map(({ name }) => name);
  expect(new Set(listed)).toEqual(new Set(exported.map((name) => `@${name}`)));
});

test("docs/mapping.md has a line for every option of every type of options that TypeORM exports", () => {
  const types = optionTypes();
  expect(types.size).toBeGreaterThan(30);
  const missing: string[] = [];
  for (const [type, keys] of types) {
    if (NO_OPTIONS.has(type)) continue;
    const section = sections().find((one) => one.types.includes(type));
    const listed = new Set(section?.rows.map(({ name }) => name));
    missing.push(...keys.filter((key) => !listed.has(key)).map((key) => `${type}.${key}`));
    if (!section) missing.push(type);
  }
  expect(missing).toEqual([]);
});

test("every line of docs/mapping.md names a test that exists", () => {
  const rows = sections().flatMap((section) => section.rows);
  expect(rows.length).toBeGreaterThan(150);
  const missing = rows.filter(({ file, title }) => !titlesOf(file).has(title));
  expect(missing).toEqual([]);
  // No line of a table is left out because it is written otherwise.
  const lines = fs.readFileSync(path.join(repository, "docs/mapping.md"), "utf8").match(/^\| `/gm)!;
  expect(lines).toHaveLength(rows.length);
});

const known = new Map<string, Set<string>>();

/** The titles of a file's tests, and the first words of the lines of their tables. */
function titlesOf(file: string): Set<string> {
  let titles = known.get(file);
  if (!titles) {
    const text = fs.readFileSync(path.join(repository, file), "utf8");
    const found = text.matchAll(/(?:\btest(?:\.\w+)?\(|^\s*\[)\s*(["'`])((?:\\.|(?!\1)[^\\])*)\1/gm);
    known.set(file, (titles = new Set([...found].map(([, , title]) => title!))));
  }
  return titles;
}
