import type * as TypeORM from "typeorm";
import { groupBy } from "../groups";
import { and, not, or } from "../query/expression";
import { exists, func, when } from "../query/functions";
import { joined, raise, selectin } from "../query/loading";
import { sql } from "../query/sql";
import { print } from "./print/print";
import type { ShellDatabase, ShellModel } from "./world";

/** TypeORM's find operators that are at hand. What an entity of the same name would hide is said at start. */
export const OPERATORS = [
  "Not",
  "LessThan",
  "LessThanOrEqual",
  "MoreThan",
  "MoreThanOrEqual",
  "Equal",
  "Like",
  "ILike",
  "Between",
  "In",
  "Any",
  "IsNull",
  "Raw",
  "ArrayContains",
  "ArrayContainedBy",
  "ArrayOverlap",
] as const satisfies readonly (keyof typeof TypeORM)[];

/** The words of queries, which are the library's own. */
export const WORDS = { or, and, not, exists, when, sql, func, joined, selectin, raise };

/**
 * Every name that the prompt, and a file that `retort run` runs, has at hand: the entities, `db`, `session`, `print`, the words
 * of queries, TypeORM's find operators, and what the project's settings add (those win).
 */
export function namesOf(
  db: ShellDatabase,
  settings: { readonly names?: Record<string, unknown> } = {},
): Record<string, unknown> {
  return {
    ...findOperators(),
    ...WORDS,
    print,
    ...Object.fromEntries(entityNames(db.models).map(({ name, model }) => [name, model.target])),
    db,
    session: db.session,
    ...settings.names,
  };
}

function findOperators(): Record<string, unknown> {
  // The project has loaded it by now; and it is the copy whose operators the queries know.

  const typeorm = require("typeorm") as typeof TypeORM;
  return Object.fromEntries(OPERATORS.filter((name) => name in typeorm).map((name) => [name, typeorm[name]]));
}

export interface EntityName<M = ShellModel> {
  readonly name: string;
  readonly model: M;
}

/** What an entity's name depends on. */
type Named = Pick<ShellModel, "name" | "metadata">;

/**
 * The names of the entities. Two of one name are told apart by where they live: `blog_Post`, `shop_Post`; neither is `Post`.
 */
export function entityNames<M extends Named>(models: readonly M[]): EntityName<M>[] {
  return [...groupBy(models, ({ name }) => name)].flatMap(([name, sharing]) => {
    if (sharing.length === 1) return [{ name: identifier(name), model: sharing[0]! }];
    const prefixes = distinctPrefixes(sharing);
    return sharing.map((model, index) => ({ name: identifier(`${prefixes[index]}_${name}`), model }));
  });
}

/** What tells entities of one name apart: the schema, the prefix of the table, the table. */
function distinctPrefixes(models: readonly Named[]): string[] {
  const candidates: ((model: Named) => string)[] = [
    ({ metadata }) => metadata.schema ?? "",
    ({ metadata }) => metadata.tableName.replace(/_[^_]*$/, ""),
    ({ metadata }) => metadata.tableName,
  ];
  for (const candidate of candidates) {
    const prefixes = models.map(candidate);
    if (prefixes.every(Boolean) && new Set(prefixes).size === models.length) return prefixes;
  }
  return models.map((_, index) => `${index + 1}`);
}

/** A name that can be typed: an EntitySchema may be called `blog.post`. */
function identifier(name: string): string {
  const typed = name.replace(/[^\p{ID_Continue}$]/gu, "_");
  return /^\p{ID_Start}|^[_$]/u.test(typed) ? typed : `_${typed}`;
}
