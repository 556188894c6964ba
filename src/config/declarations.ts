import path from "node:path";
import type { EntityMetadata } from "typeorm";
import { ClassDeclarations, parsedConfig, type ClassDeclaration } from "./class-declarations";
import { compilerSettings } from "./tsconfig";

/** The input of a declaration file. */
export interface Declared {
  readonly entities: readonly EntityMetadata[];
  /** What each loaded file exports. */
  readonly exports: ReadonlyMap<string, unknown>;
  /** The declaration file, absolute. */
  readonly file: string;
  /** Names to declare as globals as well. */
  readonly globals?: ReadonlyMap<string, GlobalName>;
}

/** An entity's class or schema, or the text of a type: `Retort.Database`. */
export type GlobalName = { readonly target: unknown } | { readonly type: string };

/** The text of a declaration file, and the entities that are left out, each with the reason. */
export interface Declarations {
  readonly text: string;
  readonly leftOut: readonly string[];
}

/** The static members that entity classes get when a Database opens. */
const MEMBERS = [
  ["query", "Query"],
  ["c", "Columns"],
] as const;

const HEADER = `// Written by "retort types", which overwrites it: the static members that entity classes have after \`connect\`.
/* eslint-disable */
import type * as Retort from "typeorm-retort";
`;

/**
 * Declares `query` and `c` of every entity class in a separate file; the entities' files are not changed. A class with a named export is
 * augmented there. A default export cannot be augmented: the declaration file exports it again under a name, and augments that.
 */
export function declarationsOf({ entities, exports, file, globals }: Declared): Declarations {
  const origins = new ClassDeclarations(exports);
  const parts: { readonly from: string; readonly text: string }[] = [];
  const leftOut: string[] = [];
  const names = new Names();
  for (const { name, target } of entities) {
    const origin = typeof target === "function" ? origins.of(target) : undefined;
    const members = typeof target === "function" ? membersOf(target, origin) : [];
    if (typeof target !== "function") leftOut.push(`${name} is an EntitySchema: db.query(${name}) is typed already`);
    else if (!origin) leftOut.push(`${name} is exported by no file as a class of its own: use db.query(${name})`);
    else if (members.length > 0)
      parts.push({ from: origin.file, text: augmentation(origin, members, file, names.free(name)) });
  }
  const sorted = parts.sort((one, other) => (one.from < other.from ? -1 : Number(one.from > other.from)));
  const texts = sorted.map(({ text }) => text);
  if (globals) texts.push(globalsText(globals, origins, file));
  // Without an import or export, the file would declare new modules instead of augmenting existing ones.
  return { text: [HEADER, ...texts].join("\n"), leftOut };
}

/** Members that the class already has, declared or inherited, are not declared again. */
function membersOf(target: object, origin: ClassDeclaration | undefined): string[] {
  return MEMBERS.filter(([name]) => !(name in target) && !origin?.members.has(name)).map(([name]) => name);
}

function augmentation(origin: ClassDeclaration, members: readonly string[], file: string, free: string): string {
  const module = specifier(file, origin.file);
  const isDefault = origin.exported === "default";
  const name = isDefault ? free : origin.exported;
  const type = name + typeArguments(origin);
  const lines = MEMBERS.filter(([member]) => members.includes(member)).map(
    ([member, kind]) => `    const ${member}: Retort.${kind}<${type}>;\n`,
  );
  const namespace = `  namespace ${name} {\n${lines.join("")}  }\n`;
  if (!isDefault) return `declare module ${JSON.stringify(module)} {\n${namespace}}\n`;
  const self = JSON.stringify(specifier(file, file));
  return `export { default as ${name} } from ${JSON.stringify(module)};\ndeclare module ${self} {\n${namespace}}\n`;
}

function typeArguments({ parameters }: ClassDeclaration): string {
  return parameters === 0 ? "" : `<${Array.from({ length: parameters }, () => "any").join(", ")}>`;
}

/** Gives each class a name that is unique in the file. */
class Names {
  readonly #taken = new Set(["Retort"]);

  free(wanted: string): string {
    const begin = wanted.replace(/[^\p{ID_Continue}$]/gu, "_").replace(/^(?!\p{ID_Start}|[_$])/u, "_");
    let name = begin;
    for (let number = 2; this.#taken.has(name); number++) name = `${begin}${number}`;
    this.#taken.add(name);
    return name;
  }
}

function globalsText(globals: ReadonlyMap<string, GlobalName>, origins: ClassDeclarations, file: string): string {
  const lines = [...globals].flatMap(([name, what]) => {
    if ("type" in what) return [`const ${name}: ${what.type};`];
    const origin = origins.of(what.target);
    if (!origin) return [`const ${name}: import("typeorm").EntityTarget<import("typeorm").ObjectLiteral>;`];
    const own = `import(${JSON.stringify(specifier(file, origin.file))}).${origin.exported}`;
    return [`const ${name}: typeof ${own};`, `type ${name} = ${own}${typeArguments(origin)};`];
  });
  return `// Globals of files that "retort run" runs.\ndeclare global {\n${lines.map((line) => `  ${line}\n`).join("")}}\n`;
}

/** The import path from one file to another, with the ending of the compiled file, which every `moduleResolution` accepts. */
function specifier(from: string, to: string): string {
  const relative = path.relative(path.dirname(from), to).split(path.sep).join("/");
  const named = relative.replace(/(\.d)?\.([cm]?)[jt]sx?$/, ".$2js");
  return named.startsWith("../") ? named : `./${named}`;
}

/**
 * The default path of the declaration file: `retort.d.ts` in the top-level folder that holds all entities (`src`), which a tsconfig.json
 * usually includes, else in the project's folder.
 */
export function declarationFile(
  root: string,
  entities: readonly EntityMetadata[],
  exports: Declared["exports"],
): string {
  const origins = new ClassDeclarations(exports);
  const folders = entities.flatMap(({ target }) => {
    const origin = typeof target === "function" ? origins.of(target) : undefined;
    return origin ? [path.relative(root, path.dirname(origin.file)).split(path.sep)[0]!] : [];
  });
  const [first] = folders;
  const shared = first !== undefined && first !== ".." && folders.every((folder) => folder === first) ? first : "";
  return path.join(root, shared, "retort.d.ts");
}

/** Whether tsconfig.json includes a file; undefined where there is no tsconfig.json. */
export function isIncluded(file: string): boolean | undefined {
  const config = compilerSettings(path.dirname(file)).file;
  if (config === undefined) return undefined;
  return parsedConfig(config).fileNames.some((name) => path.normalize(name) === file);
}
