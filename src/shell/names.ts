import { groupBy } from "../groups";
import type * as TypeORM from "typeorm";
import type { EntityModel } from "../metadata/model";
import { and, not, or } from "../query/expression";
import { exists, func, when } from "../query/functions";
import { joined, raise, selectin } from "../query/loading";
import { sql } from "../query/sql";
import type { Database } from "../session/database";
import type { Evaluator } from "./evaluate/evaluator";
import type { Entities } from "./print/entities";
import { print } from "./print/print";
import { typeormOf } from "../typeorm/copy";

/** TypeORM's find operators at the prompt. */
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

/** Retort's functions for queries, at the prompt. */
export const QUERY_FUNCTIONS = { or, and, not, exists, when, sql, func, joined, selectin, raise };

/**
 * Every name that the prompt, and a file of `retort run`, has: the entities, `db`, `session`, `print`, Retort's functions for
 * queries, TypeORM's find operators, and what the project's settings add. Later ones override.
 */
export function namesOf(
  db: Database,
  settings: { readonly names?: Record<string, unknown> } = {},
): Record<string, unknown> {
  return {
    ...findOperators(db),
    ...QUERY_FUNCTIONS,
    print,
    ...Object.fromEntries(entityNames(db.models).map(({ name, model }) => [name, model.target])),
    db,
    session: db.session,
    ...settings.names,
  };
}

function findOperators({ dataSource }: Database): Record<string, unknown> {
  const typeorm = typeormOf(dataSource);
  return Object.fromEntries(OPERATORS.filter((name) => name in typeorm).map((name) => [name, typeorm[name]]));
}

/** An entity by the name that it has at the prompt. */
export interface EntityName<M = EntityModel> {
  readonly name: string;
  readonly model: M;
}

type NamedModel = Pick<EntityModel, "name" | "metadata">;

/** The names of the entities. Two of one name get prefixes (`blog_Post`, `shop_Post`), and neither is `Post`. */
export function entityNames<M extends NamedModel>(models: readonly M[]): EntityName<M>[] {
  return [...groupBy(models, ({ name }) => name)].flatMap(([name, sharing]) => {
    if (sharing.length === 1) return [{ name: identifier(name), model: sharing[0]! }];
    const prefixes = distinctPrefixes(sharing);
    return sharing.map((model, index) => ({ name: identifier(`${prefixes[index]}_${name}`), model }));
  });
}

/** The first of these that differs among entities of one name: the schema, the prefix of the table, the table. */
function distinctPrefixes(models: readonly NamedModel[]): string[] {
  const candidates: ((model: NamedModel) => string)[] = [
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

/** A valid identifier: an EntitySchema may be called `blog.post`. */
function identifier(name: string): string {
  const typed = name.replace(/[^\p{ID_Continue}$]/gu, "_");
  return /^\p{ID_Start}|^[_$]/u.test(typed) ? typed : `_${typed}`;
}

/** Names of JavaScript and Node. */
const BUILT_IN: ReadonlySet<string> = new Set([...Object.getOwnPropertyNames(globalThis), "require"]);

/** The names that are defined at the prompt. */
export class Names {
  /** The entities of the database in use. */
  entities: readonly EntityName[] = [];
  private defined: Record<string, unknown> = {};
  private ofProject: Readonly<Record<string, unknown>> = {};
  private readonly redefined = new Set<string>();

  constructor(
    private readonly evaluator: Evaluator,
    private readonly settings: { readonly names?: Record<string, unknown> } = {},
  ) {}

  /**
   * Defines the names of a database, over those that were defined before or redefined by inputs.
   * @param more those of the project's start file
   */
  define(db: Database, entities: Entities, more: Readonly<Record<string, unknown>> = {}): void {
    this.redefined.clear();
    this.entities = entityNames(db.models);
    this.ofProject = { ...this.settings.names, ...more };
    this.defined = namesOf(db, { names: this.ofProject });
    const ofEntities = new Set(this.entities.map(({ name }) => name));
    for (const [name, value] of Object.entries(this.defined))
      this.evaluator.define(name, value, ofEntities.has(name) && entities.ofTarget(value) ? "entity" : "value");
  }

  /** Every name that can be typed. */
  all(): string[] {
    return [...Object.keys(this.defined), ...this.evaluator.declaredNames(), ...Object.getOwnPropertyNames(globalThis)];
  }

  entity(name: string): EntityName | undefined {
    return this.entities.find((entity) => entity.name === name);
  }

  /** The entity that is meant by its name or that of its table, in small or capital letters. */
  entityCalled(text: string): string | undefined {
    const wanted = text.toLowerCase();
    const found = this.entities.find(
      ({ name, model }) => name.toLowerCase() === wanted || model.metadata.tableName.toLowerCase() === wanted,
    );
    return found?.name;
  }

  /** Whether a name exists without an input that declares it. */
  isPredefined(name: string): boolean {
    return name in this.defined || BUILT_IN.has(name);
  }

  /** Whether a name comes from the project's settings or its start file. */
  isFromSettings(name: string): boolean {
    return name in this.ofProject;
  }

  /** Names of entities, `db` and `session` that an input gave another meaning; each is reported once. */
  redefinedBy(text: string): string[] {
    const names = [...this.entities.map(({ name }) => name), "db", "session"].filter(
      (name) =>
        text.includes(name) && !this.redefined.has(name) && this.evaluator.isRedefined(name, this.defined[name]),
    );
    for (const name of names) this.redefined.add(name);
    return names;
  }
}
