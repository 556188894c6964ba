import fs from "node:fs";
import path from "node:path";
import type { EntityMetadata } from "typeorm";
import { declarationFile, declarationsOf, isIncluded, type GlobalName } from "../config/declarations";
import { describedEntities } from "../config/open";
import type { Project } from "../config/project";
import { entityNames, OPERATORS, QUERY_FUNCTIONS } from "../shell/names";
import { writeWholeFile } from "../new-file";
import { escapeText } from "../terminal/escaped-text";
import type { CommandContext } from "./command";
import { typesDiffer } from "./errors";

interface Options {
  readonly check?: boolean;
  readonly globals?: boolean;
}

/** `retort types [FILE]`: writes the declarations of all entities into one file, or checks that file. */
export async function run(context: CommandContext<Options>): Promise<void> {
  const { io, options, args } = context;
  const project = await context.project();
  const entities = await describedEntities(project);
  const file = fileFor(project, entities, args[0] && path.resolve(io.cwd, args[0]));
  const globals = options.globals ? globalNames(project, entities) : undefined;
  const { text, leftOut } = declarationsOf({ entities, exports: project.exports(), file, ...(globals && { globals }) });
  const shown = path.relative(io.cwd, file) || file;
  const before = fs.existsSync(file) ? fs.readFileSync(file, "utf8") : undefined;
  if (options.check) {
    // Git may have converted the line ends.
    if (before?.replaceAll("\r\n", "\n") !== text) throw typesDiffer(shown, before === undefined);
    return;
  }
  if (before !== text) writeWholeFile(file, text);
  context.print(`${before === text ? "kept" : before === undefined ? "created" : "changed"}  ${shown}`);
  for (const line of leftOut) context.remark(line);
  if (isIncluded(file) === false)
    context.noteStyled(
      context.noteStyle.warn(escapeText(`retort: no "include" of tsconfig.json covers ${shown}: name another file`)),
    );
}

/** The file of the argument, else of the settings, else the default. */
function fileFor(project: Project, entities: readonly EntityMetadata[], named: string | undefined): string {
  const { root, settings } = project;
  if (named) return named;
  if (settings.types?.file !== undefined) return path.resolve(root, settings.types.file);
  return declarationFile(root, entities, project.exports());
}

/** The globals of `retort run`; those of the project's settings have no known type. */
function globalNames({ settings }: Project, entities: readonly EntityMetadata[]): Map<string, GlobalName> {
  const models = entities.map((metadata) => ({ name: metadata.name, metadata }));
  const type = (name: string, text: string): [string, GlobalName] => [name, { type: text }];
  return new Map<string, GlobalName>([
    ...OPERATORS.map((name) => type(name, `typeof import("typeorm").${name}`)),
    ...Object.keys(QUERY_FUNCTIONS).map((name) => type(name, `typeof Retort.${name}`)),
    type("print", "(...values: unknown[]) => void"),
    ...entityNames(models).map(({ name, model }): [string, GlobalName] => [name, { target: model.metadata.target }]),
    type("db", "Retort.Database"),
    type("session", "Retort.Session"),
    ...Object.keys(settings.shell?.names ?? {}).map((name) => type(name, "any")),
  ]);
}
