import fs from "node:fs";
import path from "node:path";
import { codeFiles } from "../../config/find/search";
import { displayPath } from "../../migrate/errors";
import { nestNameUnknown } from "./errors";

/** A NestJS application whose DataSources are made by its modules. */
export interface NestApplication {
  /** The class of the application's module: `AppModule`. */
  readonly module: string;
  /** The file that exports it, absolute. */
  readonly file: string;
  /** One for each `TypeOrmModule.forRoot`, the one without a name first. */
  readonly dataSources: readonly NestDataSource[];
}

interface NestDataSource {
  /** Nest's name of it; undefined: the one that is injected without a name. */
  readonly name: string | undefined;
  /** Whether its options name migrations. */
  readonly hasMigrations: boolean;
}

/**
 * The application's module, by what `NestFactory.create` is given, else the module that imports `TypeOrmModule.forRoot`.
 * @throws cli/nest-name where the name of a DataSource is not known from the text
 */
export function nestApplication(root: string): NestApplication | undefined {
  const texts = codeFiles(root).map((file) => ({ file, text: fs.readFileSync(file, "utf8") }));
  const rootModule = texts.find(({ text }) => FOR_ROOT.test(text));
  if (!rootModule) return undefined;
  const dataSources = dataSourcesIn(texts);
  const started = texts
    .flatMap(({ text }) => [...text.matchAll(/\bNestFactory\s*\.\s*create\w*(?:<[^(]*>)?\s*\(\s*(\w+)/g)])
    .map(([, name]) => name!);
  for (const module of [...started, "AppModule"]) {
    const declaration = new RegExp(String.raw`\bexport\s+(?:default\s+)?class\s+${module}\b`);
    const found = texts.find(({ text }) => declaration.test(text));
    if (found) return { module, file: found.file, dataSources };
  }
  const [, module] = /\bexport\s+class\s+(\w+)/.exec(rootModule.text) ?? [];
  return module === undefined ? undefined : { module, file: rootModule.file, dataSources };
}

const FOR_ROOT = /\bTypeOrmModule\s*\.\s*forRoot(?:Async)?\s*\(/;

interface SourceText {
  readonly file: string;
  readonly text: string;
}

function dataSourcesIn(texts: readonly SourceText[]): NestDataSource[] {
  const calls = texts.flatMap(({ file, text }) =>
    [...text.matchAll(new RegExp(FOR_ROOT, "g"))].map((match) => ({ file, given: argumentsAt(text, match) })),
  );
  const found = calls.map(({ file, given }): NestDataSource => {
    const name = nameIn(given, file, texts);
    // Where there is one, its options may be in any file of the module.
    const where =
      calls.length > 1
        ? given
        : texts
            .filter(({ text }) => /\bTypeOrmModule\b/.test(text))
            .map(({ text }) => text)
            .join();
    return { name, hasMigrations: /\bmigrations\s*:/.test(where) };
  });
  return [...found.filter(({ name }) => name === undefined), ...found.filter(({ name }) => name !== undefined)];
}

/** The text between the parentheses of a call. */
function argumentsAt(text: string, { index, 0: head }: RegExpExecArray | RegExpMatchArray): string {
  const start = index! + head.length;
  let depth = 1;
  let at = start;
  while (at < text.length && depth > 0) {
    if ("([{".includes(text[at]!)) depth += 1;
    if (")]}".includes(text[at]!)) depth -= 1;
    at += 1;
  }
  return text.slice(start, at - 1);
}

/** `name: "audit"`, or a constant that is declared in the project: `name: AUDIT`. */
function nameIn(given: string, file: string, texts: readonly SourceText[]): string | undefined {
  const outermost = withoutNested(given);
  const written = /\bname\s*:\s*([^,}\n]+)/.exec(outermost)?.[1]?.trim();
  if (written === undefined) return undefined;
  const literal = LITERAL.exec(written)?.[1];
  const name = literal ?? (/^\w+$/.test(written) ? constantCalled(written, texts) : undefined);
  if (name === undefined) throw nestNameUnknown(written, displayPath(process.cwd(), file));
  return name === "default" ? undefined : name;
}

const LITERAL = /^["'`]([^"'`$]+)["'`]$/;

function constantCalled(constant: string, texts: readonly SourceText[]): string | undefined {
  const declaration = new RegExp(String.raw`\bconst\s+${constant}\s*(?::[^=]+)?=\s*(["'\`][^"'\`$]+["'\`])`);
  const value = texts.map(({ text }) => declaration.exec(text)?.[1]).find((one) => one !== undefined);
  return value && LITERAL.exec(value)?.[1];
}

/** The members of the outermost object only. */
function withoutNested(given: string): string {
  let depth = 0;
  return [...given]
    .filter((character) => {
      if (")]}".includes(character)) depth -= 1;
      const isKept = depth <= 1;
      if ("([{".includes(character)) depth += 1;
      return isKept;
    })
    .join("");
}

/** A file that exports the DataSources of the application, which it starts without listening. */
export function nestConfigurationText({ module, file, dataSources }: NestApplication, target: string): string {
  const relative = displayPath(path.dirname(target), file).replace(/\.ts$/, "");
  const from = relative.startsWith(".") ? relative : `./${relative}`;
  const start = `NestFactory.createApplicationContext(${module}, { logger: ["error"], abortOnError: false })`;
  const imported = `import { ${module} } from ${JSON.stringify(from)};`;
  const [first] = dataSources;
  if (dataSources.length === 1 && first!.name === undefined)
    return `import "reflect-metadata";
import { NestFactory } from "@nestjs/core";
import { DataSource } from "typeorm";
${imported}

/** The DataSource of the application, which is started without listening. */
export default ${start}.then((app) =>
  app.get(DataSource)${migrationsOf(first!)},
);
`;
  return `import "reflect-metadata";
import { NestFactory } from "@nestjs/core";
import { getDataSourceToken } from "@nestjs/typeorm";
import { DataSource } from "typeorm";
${imported}

/** The application, which is started without listening. */
const start = () => ${start};
let app: ReturnType<typeof start> | undefined;

async function dataSource(name: string): Promise<DataSource> {
  return (await (app ??= start())).get<DataSource>(getDataSourceToken(name));
}

/** Its DataSources, which \`retort … --name NAME\` takes by the names of these exports. */
${dataSources.map(exportOf).join("\n")}
`;
}

function exportOf(one: NestDataSource): string {
  const found = `async () => (await dataSource(${JSON.stringify(one.name ?? "default")}))${migrationsOf(one)}`;
  return one.name === undefined ? `export default ${found};` : `export const ${identifier(one.name)} = ${found};`;
}

function identifier(name: string): string {
  return name.replace(/\W+(\w?)/g, (_, next: string) => next.toUpperCase()).replace(/^(?=\d)/, "_");
}

function migrationsOf({ name, hasMigrations }: NestDataSource): string {
  const folder = name === undefined ? "" : `/${name}`;
  return hasMigrations ? "" : `.setOptions({ migrations: [__dirname + "/migrations${folder}/*{.ts,.js}"] })`;
}
