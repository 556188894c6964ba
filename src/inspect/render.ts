import {
  type Argument,
  ClassReference,
  type Decorator,
  type EntityDescription,
  PropertyReference,
  SqlExpression,
} from "./description";

/** The source of an entity class, in TypeScript. @param fileOf the module that an entity class is imported from */
export function renderEntity(entity: EntityDescription, fileOf: (className: string) => string): string {
  const { className } = entity;
  const others = [...mentioned(entity)].filter((name) => name !== className).sort();
  const imports = others.map((name) => `import { ${name} } from ${JSON.stringify(fileOf(name))};\n`);
  return `${typeormImport([entity])}${imports.join("")}\n${renderClass(entity)}`;
}

/** The source of all classes in one file. */
export function renderEntities(entities: readonly EntityDescription[]): string {
  return [typeormImport(entities), ...entities.map(renderClass)].join("\n");
}

function typeormImport(entities: readonly EntityDescription[]): string {
  const properties = entities.flatMap((entity) => entity.properties);
  const used = [...entities, ...properties].flatMap(({ decorators }) => decorators.map(({ name }) => name as string));
  const types = properties.some(({ type }) => type.startsWith("Relation<")) ? ["type Relation"] : [];
  const names = [...[...new Set(used)].sort(), ...types];
  const line = `import { ${names.join(", ")} } from "typeorm";\n`;
  return line.length <= 120 ? line : `import {\n${names.map((name) => `  ${name},\n`).join("")}} from "typeorm";\n`;
}

/** The classes that an entity refers to. */
function mentioned({ decorators, properties }: EntityDescription): Set<string> {
  const names = new Set<string>();
  const visit = (argument: Argument | undefined): void => {
    if (argument instanceof ClassReference || argument instanceof PropertyReference) names.add(argument.className);
  };
  for (const { arguments: given } of [...decorators, ...properties.flatMap((property) => property.decorators)])
    given.forEach(visit);
  return names;
}

function renderClass({ className, decorators, properties }: EntityDescription): string {
  const members = properties.map((property) =>
    [
      ...property.decorators.map((one) => `  ${renderDecorator(one, "  ")}`),
      `  ${propertyKey(property.name)}!: ${property.type};\n`,
    ].join("\n"),
  );
  const head = decorators.map((one) => `${renderDecorator(one, "")}\n`).join("");
  return `${head}export class ${className} {\n${members.join("\n")}}\n`;
}

function renderDecorator({ name, arguments: given }: Decorator, indent: string): string {
  const line = `@${name}(${given.map((one) => renderArgument(one)).join(", ")})`;
  if (line.length + indent.length <= 120) return line;
  return `@${name}(${given.map((one) => renderArgument(one, indent)).join(", ")})`;
}

/** @param indent where lists and objects take several lines */
function renderArgument(argument: Argument, indent?: string): string {
  if (argument instanceof SqlExpression) return `() => ${JSON.stringify(argument.sql)}`;
  if (argument instanceof ClassReference) return `() => ${argument.className}`;
  if (argument instanceof PropertyReference) {
    const parameter = parameterOf(argument.className);
    return `(${parameter}) => ${parameter}${propertyAccess(argument.property)}`;
  }
  if (Array.isArray(argument)) {
    const items = argument.map((one: Argument) => renderArgument(one));
    const isLong = indent !== undefined && argument.some((one) => typeof one === "object");
    if (!isLong) return `[${items.join(", ")}]`;
    return `[\n${items.map((item) => `${indent}  ${item},\n`).join("")}${indent}]`;
  }
  if (typeof argument !== "object") return JSON.stringify(argument);
  const entries = Object.entries(argument as Record<string, Argument | undefined>).flatMap(([key, value]) =>
    value === undefined ? [] : [`${propertyKey(key)}: ${renderArgument(value)}`],
  );
  if (indent === undefined) return `{ ${entries.join(", ")} }`;
  return `{\n${entries.map((entry) => `${indent}  ${entry},\n`).join("")}${indent}}`;
}

/** `orderItem`; of a class whose name would be one of JavaScript's words, `entity`. */
function parameterOf(className: string): string {
  const name = className.charAt(0).toLowerCase() + className.slice(1);
  return RESERVED.has(name) ? "entity" : name;
}

/** What cannot name a parameter in a module. */
const RESERVED: ReadonlySet<string> = new Set(
  (
    "arguments await break case catch class const continue debugger default delete do else enum eval export extends false finally for " +
    "function if implements import in instanceof interface let new null package private protected public return static super switch " +
    "this throw true try typeof var void while with yield"
  ).split(" "),
);

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;

function propertyKey(name: string): string {
  return IDENTIFIER.test(name) ? name : JSON.stringify(name);
}

function propertyAccess(name: string): string {
  return IDENTIFIER.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}
