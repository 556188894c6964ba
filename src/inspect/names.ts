import vm from "node:vm";
import { pluralize, singularize } from "inflection";
import type { ObjectName } from "../dialect/schema/model";
import { DECORATORS, type EntityClassName } from "./description";

/** Names of a class that would hide one of JavaScript's at the prompt, or one that the files import from TypeORM. */
const TAKEN: ReadonlySet<string> = new Set([
  ...(vm.runInNewContext("Object.getOwnPropertyNames(globalThis)") as string[]),
  ...DECORATORS,
  "Relation",
  // The type of bytes.
  "Buffer",
]);

/** Names of a property that every object has, or that make an object a promise. */
const UNUSABLE: ReadonlySet<string> = new Set([...Object.getOwnPropertyNames(Object.prototype), "then", "prototype"]);

/** Gives out names, each once. */
export class Names {
  readonly #used = new Set<string>();
  readonly #keyOf: (name: string) => string;

  /** @param ignoresCase whether names that differ in case only are one, as the names of files may be */
  constructor({ ignoresCase = false } = {}) {
    this.#keyOf = ignoresCase ? (name) => name.toLowerCase() : (name) => name;
  }

  /** The first of the names that is free, or else the last one with a number. */
  free(...names: readonly string[]): string {
    const name = names.find((one) => this.#isFree(one)) ?? this.#numbered(names.at(-1)!);
    this.#used.add(this.#keyOf(name));
    return name;
  }

  #isFree(name: string): boolean {
    return !this.#used.has(this.#keyOf(name));
  }

  #numbered(name: string): string {
    let number = 2;
    while (!this.#isFree(`${name}${number}`)) number++;
    return `${name}${number}`;
  }
}

/** The class of a table: `order_items` → `OrderItem`. */
export function className({ name, schema }: ObjectName, names: Names): EntityClassName {
  const words = wordsOf(name);
  const plain = pascalCase([...words.slice(0, -1), singularize(words.at(-1) ?? "table")]);
  const own = TAKEN.has(plain) ? `${plain}Entity` : plain;
  return names.free(own, pascalCase([...(schema ? wordsOf(schema) : []), plain, ...(schema ? [] : ["Entity"])]));
}

/** The property of a column: `created_at` → `createdAt`; a name that TypeORM would make the same stays. */
export function propertyName(column: string): string {
  if (/^[a-z_$][\w$]*$/.test(column) && !column.includes("_") && !UNUSABLE.has(column)) return column;
  const name = camelCase(wordsOf(column));
  return UNUSABLE.has(name) ? `${name}_` : name;
}

/** The property of a relation to one, by its only column: `author_id` → `author`; undefined where it does not end so. */
export function relationName(column: string): string | undefined {
  const name = propertyName(column);
  const stem = /^(.+?)_?(?:id|uuid|key|fk)$/i.exec(name)?.[1];
  return stem && /(?:Id|Uuid|Key|Fk|ID)$|_/.test(name) ? propertyName(stem) : undefined;
}

/** `OrderItem` → `orderItem` */
export function singularProperty(entity: EntityClassName): string {
  return propertyName(camelCase(wordsOf(entity)));
}

/** `OrderItem` → `orderItems` */
export function pluralProperty(entity: EntityClassName): string {
  const words = wordsOf(entity);
  return propertyName(camelCase([...words.slice(0, -1), pluralize(words.at(-1)!)]));
}

/** `author` → `Author` */
export function capitalized(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

function wordsOf(name: string): string[] {
  const words = name
    .replace(/([\p{Ll}\d])(\p{Lu})/gu, "$1 $2")
    .split(/(?:[^\p{ID_Continue}]|_)+/u)
    .filter((word) => word !== "")
    .map((word) => (word === word.toUpperCase() ? word.toLowerCase() : word));
  return words.length === 0 || !/^\p{ID_Start}/u.test(words[0]!) ? ["t", ...words] : words;
}

function pascalCase(words: readonly string[]): string {
  return words.map(capitalized).join("");
}

function camelCase(words: readonly string[]): string {
  const name = pascalCase(words);
  return name.charAt(0).toLowerCase() + name.slice(1);
}
