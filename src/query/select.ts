import type { Dialect } from "../dialect/dialect";
import type { ColumnModel, EntityModel, RelationModel } from "../metadata/model";
import type { Segment } from "./context";
import { notJoined } from "./errors";
import { Column, Condition, type Expression, type Labelled, type Order, type Renderer, type Scalar, type Subquery } from "./expression";

/** A relation that is part of a query's FROM. */
export interface Join {
  readonly path: string;
  readonly kind: "INNER" | "LEFT";
  /** Whether its columns are read as well, to fill the relation (`options(joined(…))`). */
  readonly fetch: boolean;
}

/** Everything a query asks for, as plain data. */
export interface Selection {
  readonly model: EntityModel;
  readonly conditions: readonly Expression[];
  readonly orders: readonly Order[];
  readonly joins: readonly Join[];
  readonly groups: readonly Scalar[];
  readonly having: readonly Expression[];
  /** Values to read instead of entities. */
  readonly values: readonly Labelled[] | undefined;
  readonly limit: number | undefined;
  readonly offset: number | undefined;
  readonly distinct: boolean;
  readonly withDeleted: boolean;
}

export interface Statement {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

export interface EntityStatement extends Statement {
  readonly segments: readonly Segment[];
}

/** From this many values on, a list travels as one parameter where the database can take it. */
const LONG_LIST = 16;

interface Scope {
  readonly model: EntityModel;
  readonly alias: string;
  readonly path: string;
}

/** Turns one selection into SQL. A compiler is used once. */
export class SelectCompiler implements Renderer {
  readonly #dialect: Dialect;
  readonly #selection: Selection;
  readonly #parameters: unknown[] = [];
  #scopes: Scope[];
  #aliases = 0;
  #outer: Renderer | undefined;

  constructor(dialect: Dialect, selection: Selection) {
    this.#dialect = dialect;
    this.#selection = selection;
    this.#scopes = [{ model: selection.model, alias: dialect.quote(selection.model.metadata.tableName), path: "" }];
  }

  /** The statement that reads entities, and where each entity's columns stand in its rows. */
  entities(): EntityStatement {
    const { model, joins, limit, offset } = this.#selection;
    const fetched = joins.filter(({ fetch }) => fetch);
    const paged = limit !== undefined || Boolean(offset);
    const joinsMany = fetched.some(({ path }) => relationsAlong(model, path).some(({ toMany }) => toMany));
    // A page is a page of entities, not of the rows that a join makes of them.
    const from = paged && joinsMany ? this.#pageOfRoots() : undefined;
    const joined = this.#joinClauses(from ? fetched : joins);
    const segments = this.#segments(fetched);
    const columns = segments.map((segment) => this.#segmentColumns(segment, fetched)).join(", ");
    const tail = from ? this.#orderClause() : `${this.#whereClause()}${this.#groupClause()}${this.#orderClause()}${this.#limitClause()}`;
    const sql = `SELECT ${this.#distinctWord()}${columns} FROM ${from ?? this.#fromRoot()}${joined}${tail}`;
    return { sql, parameters: this.#parameters, segments };
  }

  /** The statement that reads values instead of entities. */
  values(values: readonly Labelled[]): Statement {
    const joined = this.#joinClauses(this.#selection.joins);
    const columns = values.map(({ scalar, name }) => `${scalar.render(this)} AS ${this.#dialect.quote(name)}`).join(", ");
    const sql = `SELECT ${this.#distinctWord()}${columns} FROM ${this.#fromRoot()}${joined}${this.#tail()}`;
    return { sql, parameters: this.#parameters };
  }

  /** How many entities the query finds. */
  count(): Statement {
    const { limit, offset, distinct, groups, joins, model } = this.#selection;
    const joined = this.#joinClauses(joins.filter(({ fetch }) => !fetch));
    const simple = limit === undefined && !offset && !distinct && groups.length === 0;
    const from = `${this.#fromRoot()}${joined}`;
    if (simple && joined === "") return this.#statement(`SELECT COUNT(*) FROM ${from}${this.#whereClause()}`);
    const keys = model.primary.map((column) => this.column(column)).join(", ");
    const inner = `SELECT DISTINCT ${keys || "1"} FROM ${from}${this.#tail()}`;
    return this.#statement(`SELECT COUNT(*) FROM (${inner}) ${this.#dialect.quote("counted")}`);
  }

  /** Whether the query finds anything. */
  found(): Statement {
    const joined = this.#joinClauses(this.#selection.joins.filter(({ fetch }) => !fetch));
    return this.#statement(`SELECT EXISTS (SELECT 1 FROM ${this.#fromRoot()}${joined}${this.#tail()})`);
  }

  update(values: readonly { column: ColumnModel; value: unknown }[]): Statement {
    const { model } = this.#selection;
    const sets = values.map(({ column, value }) => `${column.quoted} = ${this.#assigned(column, value)}`).join(", ");
    return this.#statement(`UPDATE ${model.table} SET ${sets}${this.#targetRows()}`);
  }

  delete(): Statement {
    return this.#statement(`DELETE FROM ${this.#selection.model.table}${this.#targetRows()}`);
  }

  /** As a part of another query, whose parameters and aliases it shares. */
  renderInto(outer: Renderer, keysOnly: readonly ColumnModel[]): string {
    this.#outer = outer;
    const joined = this.#joinClauses(this.#selection.joins.filter(({ fetch }) => !fetch));
    const values = this.#selection.values ?? keysOnly.map((column) => ({ scalar: new Column(column), name: column.column }));
    const columns = values.map(({ scalar }) => scalar.render(this)).join(", ");
    return `SELECT ${this.#distinctWord()}${columns} FROM ${this.#fromRoot()}${joined}${this.#tail()}`;
  }

  /** The conditions that leave out soft-deleted rows and other classes of the table. */
  hiddenRows(): string[] {
    return hiddenRows(this.#selection.model, this.#selection.withDeleted).map((condition) => condition.render(this));
  }

  get parameters(): readonly unknown[] {
    return this.#parameters;
  }

  // What expressions ask for.

  parameter(value: unknown): string {
    if (this.#outer) return this.#outer.parameter(value);
    this.#parameters.push(value);
    return this.#dialect.placeholder(this.#parameters.length);
  }

  among(left: string, values: readonly unknown[]): string {
    if (this.#outer) return this.#outer.among(left, values);
    const { arrayParameter } = this.#dialect;
    if (arrayParameter && values.length >= LONG_LIST && values.every(isJsonScalar))
      return arrayParameter.render(left, this.parameter(arrayParameter.encode(values)));
    return `${left} IN (${values.map((value) => this.parameter(value)).join(", ")})`;
  }

  column(column: ColumnModel): string {
    const scope = this.#scopes.findLast(({ model }) => model === column.model || model.root === column.model.root);
    if (!scope) {
      if (this.#outer) return this.#outer.column(column);
      throw notJoined(column.model.name, this.#selection.model.name);
    }
    return `${scope.alias}.${column.quoted}`;
  }

  like(left: string, right: string, ignoreCase: boolean): string {
    return ignoreCase ? this.#dialect.caseInsensitiveLike(left, right) : `${left} LIKE ${right}`;
  }

  subquery(query: Subquery): string {
    return query.renderInto(this);
  }

  exists(relation: RelationModel, condition: Condition | undefined): string {
    const owner = this.#scopes.findLast(({ model }) => model === relation.model || model.root === relation.model.root);
    if (!owner) {
      if (this.#outer) return this.#outer.exists(relation, condition);
      throw notJoined(relation.model.name, this.#selection.model.name);
    }
    const alias = this.#newAlias(relation.property);
    const scope = { model: relation.target, alias, path: "" };
    const links: string[] = [];
    let from = `${relation.target.table} ${alias}`;
    if (relation.junction) {
      const junction = this.#newAlias("link");
      from += `, ${relation.junction.table} ${junction}`;
      for (const { quoted, referenced } of relation.junction.toOwner) links.push(`${junction}.${quoted} = ${owner.alias}.${referenced.quoted}`);
      for (const { quoted, referenced } of relation.junction.toTarget) links.push(`${junction}.${quoted} = ${alias}.${referenced.quoted}`);
    } else {
      links.push(this.#onClause(relation, owner.alias, alias));
    }
    const inner = [...hiddenRows(relation.target, this.#selection.withDeleted), ...(condition ? [condition] : [])];
    this.#scopes.push(scope);
    const conditions = inner.map((one) => one.render(this));
    this.#scopes.pop();
    return `EXISTS (SELECT 1 FROM ${from} WHERE ${[...links, ...conditions].join(" AND ")})`;
  }

  // The clauses.

  #statement(sql: string): Statement {
    return { sql, parameters: this.#parameters };
  }

  #fromRoot(): string {
    return this.#tableAs(this.#selection.model, this.#scopes[0]!.alias);
  }

  #tableAs(model: EntityModel, alias: string): string {
    return model.table === alias ? alias : `${model.table} ${alias}`;
  }

  #distinctWord(): string {
    return this.#selection.distinct ? "DISTINCT " : "";
  }

  #whereClause(): string {
    const { conditions, model, withDeleted } = this.#selection;
    const all = [...conditions.map((condition) => condition.render(this)), ...hiddenRows(model, withDeleted).map((one) => one.render(this))];
    return all.length === 0 ? "" : ` WHERE ${all.join(" AND ")}`;
  }

  #groupClause(): string {
    const { groups, having } = this.#selection;
    const grouped = groups.length === 0 ? "" : ` GROUP BY ${groups.map((group) => group.render(this)).join(", ")}`;
    return having.length === 0 ? grouped : `${grouped} HAVING ${having.map((one) => one.render(this)).join(" AND ")}`;
  }

  #orderClause(): string {
    const { orders } = this.#selection;
    return orders.length === 0 ? "" : ` ORDER BY ${orders.map((order) => order.render(this)).join(", ")}`;
  }

  #limitClause(): string {
    return this.#dialect.limit(this.#selection.limit, this.#selection.offset);
  }

  #tail(): string {
    return `${this.#whereClause()}${this.#groupClause()}${this.#orderClause()}${this.#limitClause()}`;
  }

  #joinClauses(joins: readonly Join[]): string {
    let clauses = "";
    for (const { path, kind } of withParents(joins)) {
      if (this.#scopes.some((scope) => scope.path === path)) continue;
      const parent = this.#scopes.find((scope) => scope.path === parentPath(path))!;
      const relation = parent.model.relation(lastName(path))!;
      const alias = this.#dialect.quote(path);
      const scope = { model: relation.target, alias, path };
      const target = this.#tableAs(relation.target, alias);
      if (relation.junction) {
        const link = this.#newAlias("link");
        const toOwner = relation.junction.toOwner.map(({ quoted, referenced }) => `${link}.${quoted} = ${parent.alias}.${referenced.quoted}`);
        const toTarget = relation.junction.toTarget.map(({ quoted, referenced }) => `${link}.${quoted} = ${alias}.${referenced.quoted}`);
        clauses += ` ${kind} JOIN ${relation.junction.table} ${link} ON ${toOwner.join(" AND ")}`;
        clauses += ` ${kind} JOIN ${target} ON ${[...toTarget, ...this.#hidden(scope)].join(" AND ")}`;
      } else {
        const on = [this.#onClause(relation, parent.alias, alias), ...this.#hidden(scope)];
        clauses += ` ${kind} JOIN ${target} ON ${on.join(" AND ")}`;
      }
      this.#scopes.push(scope);
    }
    return clauses;
  }

  #hidden(scope: Scope): string[] {
    return hiddenRows(scope.model, this.#selection.withDeleted).map((condition) => {
      this.#scopes.push(scope);
      const text = condition.render(this);
      this.#scopes.pop();
      return text;
    });
  }

  #onClause(relation: RelationModel, ownerAlias: string, targetAlias: string): string {
    const [foreignAlias, referencedAlias] = relation.holdsKey ? [ownerAlias, targetAlias] : [targetAlias, ownerAlias];
    return relation.joins
      .map(({ foreign, referenced }) => `${foreignAlias}.${foreign.quoted} = ${referencedAlias}.${referenced.quoted}`)
      .join(" AND ");
  }

  #pageOfRoots(): string {
    const { joins } = this.#selection;
    const inner = joins.filter(({ fetch }) => !fetch);
    const root = this.#scopes[0]!;
    const joined = this.#joinClauses(inner);
    const distinct = joined === "" ? "" : "DISTINCT ";
    const page = `(SELECT ${distinct}${root.alias}.* FROM ${this.#fromRoot()}${joined}${this.#tail()}) ${root.alias}`;
    this.#scopes = [root];
    return page;
  }

  #segments(fetched: readonly Join[]): Segment[] {
    const segments: Segment[] = [{ model: this.#selection.model, offset: 0 }];
    let offset = this.#selection.model.selected.length;
    const paths = [""];
    for (const { path } of withParents(fetched)) {
      const parent = paths.indexOf(parentPath(path));
      const relation = segments[parent]!.model.relation(lastName(path))!;
      segments.push({ model: relation.target, offset, parent: { segment: parent, relation } });
      paths.push(path);
      offset += relation.target.selected.length;
    }
    return segments;
  }

  #segmentColumns(segment: Segment, fetched: readonly Join[]): string {
    const path = segment.parent ? this.#pathOf(segment, fetched) : "";
    const { alias } = this.#scopes.find((scope) => scope.path === path)!;
    return segment.model.selected.map((column) => `${alias}.${column.quoted}`).join(", ");
  }

  #pathOf(segment: Segment, fetched: readonly Join[]): string {
    const position = this.#segments(fetched).findIndex(({ offset }) => offset === segment.offset);
    return withParents(fetched)[position - 1]!.path;
  }

  #assigned(column: ColumnModel, value: unknown): string {
    const scalar = new Column(column);
    if (isExpression(value)) return value.render(this);
    return this.parameter(value === null ? null : scalar.encode(value));
  }

  /** WHERE of an UPDATE or DELETE; where the query has joins or a limit, the rows are named by their keys. */
  #targetRows(): string {
    const { joins, limit, offset, model } = this.#selection;
    if (joins.length === 0 && limit === undefined && !offset) return this.#whereClause();
    const inner = new SelectCompiler(this.#dialect, { ...this.#selection, values: undefined });
    const keys = model.primary.map(({ quoted }) => quoted).join(", ");
    const found = inner.renderInto(this, model.primary);
    // MySQL does not read the table it changes, unless through a derived table.
    return ` WHERE (${keys}) IN (SELECT * FROM (${found}) ${this.#dialect.quote("found")})`;
  }

  #newAlias(name: string): string {
    return this.#outer instanceof SelectCompiler ? this.#outer.#newAlias(name) : this.#dialect.quote(`${name}_${++this.#aliases}`);
  }
}

/** Rows that a query of this entity leaves out: soft-deleted ones, and other classes of its single table. */
function hiddenRows(model: EntityModel, withDeleted: boolean): Condition[] {
  const { deleteDateColumn, discriminatorColumn, tableType, discriminatorValue, childEntityMetadatas } = model.metadata;
  const conditions: Condition[] = [];
  if (deleteDateColumn && !withDeleted) conditions.push(new Column(model.columnNamed(deleteDateColumn.databaseName)).isNull());
  if (tableType === "entity-child" && discriminatorColumn) {
    const values = [discriminatorValue, ...childEntityMetadatas.map((child) => child.discriminatorValue)];
    conditions.push(new Column(model.columnNamed(discriminatorColumn.databaseName)).in(values));
  }
  return conditions;
}

/** The relations along `author.posts`. */
export function relationsAlong(model: EntityModel, path: string): RelationModel[] {
  const relations: RelationModel[] = [];
  let current = model;
  for (const name of path.split(".")) {
    const relation = current.relation(name);
    if (!relation) break;
    relations.push(relation);
    current = relation.target;
  }
  return relations;
}

/** Every join with the ones it hangs on before it, each once. */
function withParents(joins: readonly Join[]): Join[] {
  const all = new Map<string, Join>();
  for (const join of joins) {
    const names = join.path.split(".");
    names.forEach((_, depth) => {
      const path = names.slice(0, depth + 1).join(".");
      if (!all.has(path)) all.set(path, { ...join, path });
    });
  }
  return [...all.values()];
}

function parentPath(path: string): string {
  return path.includes(".") ? path.slice(0, path.lastIndexOf(".")) : "";
}

function lastName(path: string): string {
  return path.slice(path.lastIndexOf(".") + 1);
}

function isExpression(value: unknown): value is Expression {
  return typeof (value as Expression | undefined)?.render === "function";
}

function isJsonScalar(value: unknown): boolean {
  return typeof value === "string" || typeof value === "number";
}

