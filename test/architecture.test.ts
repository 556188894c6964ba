import fs from "node:fs";
import path from "node:path";
import ts from "typescript";
import { runNode } from "./helpers/command";
import { repository } from "./helpers/repository";

/*
 * What ARCHITECTURE.md and CONTRIBUTING.md write as `code` is a path, or a name that src or test/helpers exports (`Session`, or a member
 * of it: `Session.flush`); else a command or an example. A name must be exported by one of the files that its paragraph, list item or
 * table row mentions, if it mentions any.
 */
const PATH = /^[\w.*-]+(\/[\w.*-]*)+$|^[\w-]+\.(ts|js|mjs|cjs|json|md|svg)$/;
const NAME = /^(?:[A-Z][A-Za-z]*[a-z][A-Za-z]*(?:\.\w+)?|[a-z]+[A-Za-z]*)$/;

const files = ["src", "test", "scripts", "docs", "bench", "bin", "examples", "migrations", ".ci"]
  .flatMap((folder) =>
    fs.readdirSync(path.join(repository, folder), { recursive: true }).map((name) => `${folder}/${String(name)}`),
  )
  .concat(fs.readdirSync(repository))
  .map((name) => name.replaceAll(path.sep, "/"));

/** Exports of each file, and their members as `Export.member`. */
const exported = new Map(
  files.filter((file) => /^(src|test\/helpers)\/.*\.ts$/.test(file)).map((file) => [file, exportsOf(file)]),
);

function exportsOf(file: string): Set<string> {
  const text = fs.readFileSync(path.join(repository, file), "utf8");
  const names = new Set<string>();
  for (const statement of ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true).statements) {
    const isExported =
      ts.canHaveModifiers(statement) &&
      ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
    if (!isExported) continue;
    const declarations = ts.isVariableStatement(statement) ? statement.declarationList.declarations : [statement];
    for (const { name, members = [] } of declarations as readonly Declared[]) {
      if (!name) continue;
      names.add(name.getText());
      for (const member of members) if (member.name) names.add(`${name.getText()}.${member.name.getText()}`);
    }
  }
  return names;
}

type Declared = ts.Node & { name?: ts.Node; members?: readonly (ts.Node & { name?: ts.Node })[] };

/** Files and folders of a path, in which `*` stands for any part of a name. */
function filesAt(name: string): string[] {
  const parts = name.replace(/\/$/, "").split("*");
  const pattern = parts.map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&")).join("[^/]*");
  const matching = files.filter((file) => new RegExp(`^${pattern}$`).test(file));
  return matching.flatMap((found) => [found, ...files.filter((file) => file.startsWith(`${found}/`))]);
}

/** What is wrong in a paragraph; undefined when everything that it names exists. */
function faultOf(paragraph: string): string | undefined {
  const spans = [...paragraph.matchAll(/`([^`]+)`/g)].map(([, span]) => span!);
  const links = [...paragraph.matchAll(/\]\(([^)#:]+)\)/g)].map(([, link]) => link!);
  const paths = [...spans.filter((span) => PATH.test(span) || files.includes(span)), ...links];
  const missing = paths.find((span) => filesAt(span).length === 0);
  if (missing) return `there is no file ${missing}`;
  const mentioned = paths.flatMap(filesAt).filter((file) => exported.has(file));
  const places = mentioned.length > 0 ? mentioned : [...exported.keys()].filter((file) => file.startsWith("src/"));
  const gone = spans.find(
    (span) => NAME.test(span) && !paths.includes(span) && !places.some((file) => exported.get(file)!.has(span)),
  );
  return gone && `${mentioned.length > 0 ? paths.join(", ") : "src"} does not export ${gone}`;
}

/** Paragraphs, list items and table rows, without blocks of code. */
function paragraphsOf(text: string): string[] {
  const prose = text.replace(/^```[^]*?^```$/gm, "");
  return prose.split(/\n\s*\n|\n(?=\s*(?:\d+\.|-|\|) )/);
}

describe.each(["ARCHITECTURE.md", "CONTRIBUTING.md"])("%s", (document) => {
  const text = fs.readFileSync(path.join(repository, document), "utf8");

  test("names only files and exports that exist", () => {
    const faults = paragraphsOf(text).flatMap((paragraph) => {
      const fault = faultOf(paragraph);
      return fault ? [`${fault}: ${paragraph.trim().slice(0, 60)} …`] : [];
    });
    expect(faults).toEqual([]);
  });

  test("names only npm scripts that exist", () => {
    const { scripts } = JSON.parse(fs.readFileSync(path.join(repository, "package.json"), "utf8")) as {
      scripts: object;
    };
    const named = [...text.matchAll(/\bnpm run ([\w:.-]+\w)/g)].map(([, script]) => script!);
    expect(named.filter((script) => !(script in scripts))).toEqual([]);
  });
});

test("docs/architecture.svg is what the imports of the code give", async () => {
  const result = await runNode(["scripts/architecture.mjs", "--check"]);
  expect(result).toEqual({ stdout: "", stderr: "", exitCode: 0, signal: null });
});

describe("the check itself", () => {
  test.each([
    ["a file that is gone", "see `src/session/gone.ts`", "there is no file src/session/gone.ts"],
    ["an export that is gone", "`Gone` does it", "src does not export Gone"],
    ["a member that is gone", "`Session.gone`", "src does not export Session.gone"],
    ["an export of another file", "`src/errors.ts` has `Session`", "src/errors.ts does not export Session"],
    ["a link that leads nowhere", "[here](docs/gone.md)", "there is no file docs/gone.md"],
  ])("finds %s", (_, line, fault) => expect(faultOf(line)).toBe(fault));

  test("accepts what exists", () => {
    expect(
      faultOf("`Session.flush` in `src/session/session.ts`, `src/dialect/*/schema/plan.ts`, `npm run api`"),
    ).toBeUndefined();
  });
});
