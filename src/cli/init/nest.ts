import fs from "node:fs";
import path from "node:path";
import { codeFiles } from "../../config/find/search";
import { displayPath } from "../../migrate/errors";

/** A NestJS application whose DataSource is made by its module. */
export interface NestApplication {
  /** The class of the application's module: `AppModule`. */
  readonly module: string;
  /** The file that exports it, absolute. */
  readonly file: string;
  /** Whether the options of TypeOrmModule name migrations. */
  readonly hasMigrations: boolean;
}

/** The application's module, by what `NestFactory.create` is given, else the module that imports `TypeOrmModule.forRoot`. */
export function nestApplication(root: string): NestApplication | undefined {
  const texts = codeFiles(root).map((file) => ({ file, text: fs.readFileSync(file, "utf8") }));
  const rootModule = texts.find(({ text }) => /\bTypeOrmModule\s*\.\s*forRoot(?:Async)?\s*\(/.test(text));
  if (!rootModule) return undefined;
  const hasMigrations = texts.some(({ text }) => /\bTypeOrmModule\b/.test(text) && /\bmigrations\s*:/.test(text));
  const started = texts
    .flatMap(({ text }) => [...text.matchAll(/\bNestFactory\s*\.\s*create\w*(?:<[^(]*>)?\s*\(\s*(\w+)/g)])
    .map(([, name]) => name!);
  for (const module of [...started, "AppModule"]) {
    const declaration = new RegExp(String.raw`\bexport\s+(?:default\s+)?class\s+${module}\b`);
    const found = texts.find(({ text }) => declaration.test(text));
    if (found) return { module, file: found.file, hasMigrations };
  }
  const [, module] = /\bexport\s+class\s+(\w+)/.exec(rootModule.text) ?? [];
  return module === undefined ? undefined : { module, file: rootModule.file, hasMigrations };
}

/** A file that exports the DataSource of the application, which it starts without listening. */
export function nestConfigurationText({ module, file, hasMigrations }: NestApplication, target: string): string {
  const relative = displayPath(path.dirname(target), file).replace(/\.ts$/, "");
  const from = relative.startsWith(".") ? relative : `./${relative}`;
  const migrations = hasMigrations ? "" : `.setOptions({ migrations: [__dirname + "/migrations/*{.ts,.js}"] })`;
  return `import "reflect-metadata";
import { NestFactory } from "@nestjs/core";
import { DataSource } from "typeorm";
import { ${module} } from ${JSON.stringify(from)};

/** The DataSource of the application, which is started without listening. */
export default NestFactory.createApplicationContext(${module}, { logger: ["error"], abortOnError: false }).then((app) =>
  app.get(DataSource)${migrations},
);
`;
}
