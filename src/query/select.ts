import type { Dialect } from "../dialect/dialect";
import type { ColumnModel, EntityModel, JunctionModel, RelationModel } from "../metadata/model";
import type { Segment } from "./context";
import { ambiguousEntity, assignedFromJoin, notJoined, pageOfLocked } from "./errors";
import type { Assignment } from "./assignments";
import {
  Column,
  connected,
  isPartOfQuery,
  MAX_UNNESTED,
  sqlValue,
  type Alias,
  type Condition,
  type Expression,
  type Labelled,
  type Order,
  type Renderer,
  renderInto,
  type Scalar,
  type Subquery,
  type Path,
} from "./expression";
import type { ColumnUsage } from "./column-usage";
import { RepeatedExpressions, type Clause } from "./repeated-expressions";
import {
  foreignKeyFor,
  linkedBy,
  withoutColumn,
  withPlaceholders,
  onClause,
  oneOfGroup,
  orderBy,
  selectedColumns,
  tableAs,
} from "./clauses";
import { SelectScope, pathOf, type Scope } from "./scope";
import type { EntityStatement, Join, Selection, Statement } from "./selection";

/** From this many values on, a list is one parameter, where the database supports it. */
const LONG_LIST = 16;
/** PostgreSQL cuts names at 63 bytes; this leaves room for a number that makes an alias unique. */
const LONGEST_ALIAS = 40;

/** What the compilers of a statement and of its subqueries share. */
interface Shared {
  /** Values in the order of rendering. The text contains marks for them, which become placeholders when it is complete. */
  readonly values: unknown[];
  readonly aliases: Set<string>;
  /** Records which columns rows are found and sorted by, where that is asked for. */
  readonly usage?: ColumnUsage | undefined;
}

/** Compiles one selection to SQL. A compiler is used once. */
export class SelectCompiler implements Renderer {
  readonly dialect: Dialect;
  readonly #selection: Selection;
  readonly #shared: Shared;
  /** Undefined where no clause has to find an expression of another one, and inside an EXISTS. */
  #repeated: RepeatedExpressions | undefined;
  #level: SelectScope;
  /** What the columns that are rendered now are used for. */
  #use: "filtered" | "sorted" | undefined;

  constructor(
    dialect: Dialect,
    selection: Selection,
    outer?: { level: SelectScope; shared: Shared },
    usage?: ColumnUsage,
  ) {
    this.dialect = dialect;
    this.#selection = selection;
    this.#shared = outer?.shared ?? { values: [], aliases: new Set(), usage };
    const { model, alias } = selection;
    this.#level = this.#newLevel(model, alias?.name ?? model.metadata.tableName, outer?.level, alias);
    const { groups, having, distinct } = selection;
    if (groups.length + having.length > 0 || distinct)
      this.#repeated = new RepeatedExpressions(this.#shared.values, dialect.findsExpressionsByName);
  }

  /**
   * The statement that selects entities, with the places of each entity's columns in its rows.
   *
   * @param uniqueNames whether each column gets a unique name
   */
  entities(uniqueNames = false): EntityStatement {
    const { limit, offset, fetched, groups } = this.#selection;
    this.#joinAll();
    const where = this.#whereClause();
    const group = this.#groupClause();
    const orders = this.#renderedOrders();
    const paged = limit !== undefined || Boolean(offset);
    const multiplied = this.#level.repeats || fetched.some((relations) => relations.some(({ toMany }) => toMany));
    // A limit counts entities, not the rows of a join. The rows of a stream must not split an entity between two batches.
    const page = (paged || uniqueNames) && multiplied && groups.length === 0 && this.#hasKey();
    // Rows that are locked would be missing from the page, and no others take their place.
    if (page && this.#selection.lock?.ifLocked === "skip") throw pageOfLocked();
    const from = page ? this.#pageOfRoots(where, orders) : this.#fromRoot();
    const segments = this.#segments();
    const columns = segments.flatMap(({ segment, scope }) => selectedColumns(segment.model, scope.alias));
    const names = uniqueNames
      ? columns.map((column, place) => `${column} AS ${this.dialect.quote(`c${place}`)}`)
      : columns;
    const tail = page
      ? orderBy(orders.map(({ order }, place) => order.render(this.#ofPage("order", place), this.dialect)))
      : `${where}${group}${orderBy(orders.map(({ order, text }) => order.render(text, this.dialect)))}${this.#limitClause()}`;
    return {
      ...this.#statement(`SELECT ${names.join(", ")} FROM ${from}${this.#level.joins}${tail}${this.#lockClause()}`),
      segments: segments.map(({ segment }) => segment),
      repeats: this.#level.repeats,
    };
  }

  /** The statement that selects values instead of entities. */
  values(values: readonly Labelled[]): Statement {
    const column = ({ scalar, name }: Labelled): string => {
      const label = this.dialect.quote(name);
      this.#repeated?.label(this.expression(scalar), label);
      return `${scalar.renderSelected(this)} AS ${label}`;
    };
    return this.#statement(this.#selectOf(() => values.map(column).join(", ")) + this.#lockClause());
  }

  /** The statement that counts entities, or rows of values. */
  count(): Statement {
    const { limit, offset, distinct, groups, having, values, model } = this.#selection;
    const counted = this.dialect.quote("counted");
    if (groups.length > 0 || having.length > 0 || (values && distinct)) {
      const column = ({ scalar }: Labelled, place: number): string => {
        const [text, label] = [this.expression(scalar), this.dialect.quote(`value${place}`)];
        this.#repeated?.label(text, label);
        return `${text} AS ${label}`;
      };
      const rows = this.#selectOf(() => values?.map(column).join(", ") ?? "1 AS one", false);
      return this.#statement(`SELECT COUNT(*) FROM (${rows}) ${counted}`);
    }
    this.#joinAll();
    const where = this.#whereClause();
    const from = `${this.#fromRoot()}${this.#level.joins}${where}`;
    const paged = limit !== undefined || Boolean(offset);
    const unique = !values && this.#level.repeats && this.#hasKey();
    if (!paged && !unique) return this.#statement(`SELECT COUNT(*) FROM ${from}`);
    const keys = model.primary.map(({ quoted }) => `${this.#level.root.alias}.${quoted}`).join(", ");
    if (!paged && model.primary.length === 1) return this.#statement(`SELECT COUNT(DISTINCT ${keys}) FROM ${from}`);
    const rows = unique ? `SELECT DISTINCT ${keys} FROM ${from}` : `SELECT 1 AS one FROM ${from}`;
    return this.#statement(`SELECT COUNT(*) FROM (${rows}${this.#limitClause()}) ${counted}`);
  }

  /** The statement that tells whether there is a result. */
  found(): Statement {
    return this.#statement(`SELECT EXISTS (${this.#selectOf(() => "1", false)})`);
  }

  update(values: readonly Assignment[]): Statement {
    const { model } = this.#selection;
    this.#bareRoot();
    const sets = values.map(({ column, value }) => `${column.quoted} = ${this.#assigned(column, value)}`);
    if (this.#level.joins !== "") throw assignedFromJoin(model.name);
    return this.#statement(
      `UPDATE ${model.table} SET ${[...sets, ...this.#touched(values)].join(", ")}${this.#targetRows()}`,
    );
  }

  delete(): Statement {
    this.#bareRoot();
    return this.#statement(`DELETE FROM ${this.#selection.model.table}${this.#targetRows()}`);
  }

  /** The statement that selects entities linked to these owners by a join table; a row begins with the owner's key. */
  linked(junction: JunctionModel, owners: readonly (readonly unknown[])[]): Statement {
    const { model } = this.#selection;
    const { root } = this.#level;
    const link = this.#aliasIn(this.#level, "link");
    const linked = junction.toTarget.map(
      ({ quoted, referenced }) => `${link}.${quoted} = ${root.alias}.${referenced.quoted}`,
    );
    const owner = junction.toOwner.map(({ quoted }) => `${link}.${quoted}`);
    const where = [this.#ownersAmong(owner, owners), ...this.#hiddenRows(root)].join(" AND ");
    const order = orderBy(this.#renderedOrders().map(({ order: one, text }) => one.render(text, this.dialect)));
    return this.#statement(
      `SELECT ${owner.join(", ")}, ${selectedColumns(model, root.alias).join(", ")} FROM ${junction.table} ${link}` +
        ` JOIN ${this.#fromRoot()} ON ${linked.join(" AND ")} WHERE ${where}${order}`,
    );
  }

  /** Renders a subquery, which shares the parameters and aliases of the outer one; it selects keys where it has no values. */
  renderInside(): string {
    const { values } = this.#selection;
    const text = values
      ? this.#selectOf(() => values.map(({ scalar }) => this.expression(scalar)).join(", "))
      : this.#keysOfRoots();
    this.#leave(this.#level);
    return text;
  }

  /** The statement that selects the distinct keys of the entities. */
  keys(): Statement {
    return this.#statement(this.#keysOfRoots());
  }

  #keysOfRoots(): string {
    const { primary } = this.#selection.model;
    const { root } = this.#level;
    this.#joinAll();
    const where = this.#whereClause();
    const orders = this.#renderedOrders();
    const { joins, repeats } = this.#level;
    const keys = primary.map(({ quoted }) => `${root.alias}.${quoted}`).join(", ");
    const once = repeats && this.#selection.groups.length === 0;
    const group = once ? ` GROUP BY ${keys}` : this.#groupClause();
    const sorted = orders.map(({ order, text }) =>
      order.render(once ? oneOfGroup(order, text, root) : text, this.dialect),
    );
    return `SELECT ${keys} FROM ${this.#fromRoot()}${joins}${where}${group}${orderBy(sorted)}${this.#limitClause()}`;
  }

  // Renderer

  parameter(value: unknown): string {
    return `\0${this.#shared.values.push(withoutColumn(value, this.dialect)) - 1}\0`;
  }

  expression(expression: Expression): string {
    // A column has no parameters, and its name is found everywhere.
    if (!this.#repeated || expression instanceof Column) return expression.render(this);
    return this.#repeated.text(expression, () => expression.render(this));
  }

  among(left: string, values: readonly unknown[]): string {
    const { arrayParameter } = this.dialect;
    if (arrayParameter && values.length >= LONG_LIST) {
      const list = arrayParameter.encode(values);
      if (list !== undefined) return arrayParameter.render(left, this.parameter(list));
    }
    return `${left} IN (${values.map((value) => this.parameter(value)).join(", ")})`;
  }

  ofEachRow(render: () => string): string {
    return this.#repeated ? this.#repeated.ofEachRow(render) : render();
  }

  column(column: ColumnModel, path: Path): string {
    const key = foreignKeyFor(column, path);
    if (key) return this.column(key, { ...path, relations: path.relations.slice(0, -1) });
    const { alias } = this.#scopeOf(path.relations[0]?.model ?? column.model, path);
    if (this.#use) this.#shared.usage?.add(alias, column, this.#use);
    return column.of(alias);
  }

  subquery(query: Subquery): string {
    return query[renderInto](this);
  }

  exists(relation: RelationModel, path: Path, condition: Condition | undefined): string {
    const owner = this.#scopeOf(path.relations[0]?.model ?? relation.model, path);
    const [outer, repeated] = [this.#level, this.#repeated];
    const inner = this.#newLevel(relation.target, relation.property, outer);
    this.#level = inner;
    this.#repeated = undefined;
    this.#recordJoin(relation, inner.root.alias);
    const where = [...this.#hiddenRows(inner.root)];
    let from = this.#fromRoot();
    if (relation.junction) {
      const link = this.#aliasIn(inner, "link");
      // The junction comes before the target, so that later joins belong to the target.
      from = `${relation.junction.table} ${link} JOIN ${from} ON ${linkedBy(link, relation.junction.toTarget, inner.root)}`;
      where.unshift(linkedBy(link, relation.junction.toOwner, owner));
    } else where.unshift(onClause(relation, owner, inner.root));
    if (condition) where.push(condition.renderGuarded(this));
    this.#level = outer;
    this.#repeated = repeated;
    this.#leave(inner);
    return `EXISTS (SELECT 1 FROM ${from}${inner.joins} WHERE ${where.join(" AND ")})`;
  }

  /** @internal What a subquery uses of the outer query. */
  get outerScope(): { level: SelectScope; shared: Shared } {
    return { level: this.#level, shared: this.#shared };
  }

  // Tables and aliases

  /** The table that an expression refers to: the nearest one, from the inside out. Relations to one are joined as needed. */
  #scopeOf(model: EntityModel, { relations, alias }: Path): Scope {
    for (let level: SelectScope | undefined = this.#level; level; level = level.outer) {
      const [scope, ...others] = level.candidates(model, alias);
      if (others.length > 0)
        throw ambiguousEntity(
          model.name,
          [scope!, ...others].map((one) => one.path),
        );
      if (scope) return this.#along(level, scope, relations, undefined);
    }
    throw notJoined(alias?.name ?? model.name, this.#selection.model.name);
  }

  /**
   * @param kind how missing tables are joined; undefined where only a path needs them
   * @param as the alias of the last one
   */
  #along(
    level: SelectScope,
    from: Scope,
    relations: readonly RelationModel[],
    kind: Join["kind"] | undefined,
    as?: Alias,
  ): Scope {
    let scope = from;
    relations.forEach((relation, depth) => {
      const own = depth === relations.length - 1 ? as : undefined;
      const path = pathOf(scope.path, [relation]) + (own ? ` as ${own.name}` : "");
      scope = level.at(path) ?? this.#join(level, scope, relation, path, kind, own);
    });
    return scope;
  }

  #joinAll(): void {
    for (const { relations, kind, from, as } of this.#selection.joins) {
      const scope = from ? this.#scopeOf(from.model, { relations: [], alias: from }) : this.#level.root;
      this.#along(this.#level, scope, relations, kind, as);
    }
  }

  #join(
    level: SelectScope,
    owner: Scope,
    relation: RelationModel,
    path: string,
    named: Join["kind"] | undefined,
    as?: Alias,
  ): Scope {
    const kind = named ?? "LEFT";
    const scope: Scope = {
      model: relation.target,
      alias: this.#aliasIn(level, as?.name ?? path.replace("*", "")),
      path,
      named: named !== undefined,
      as,
    };
    const target = tableAs(relation.target, scope.alias);
    const hidden = this.#hiddenRows(scope);
    const { junction } = relation;
    if (relation.toMany) level.repeats = true;
    this.#recordJoin(relation, scope.alias);
    if (!junction) {
      const on = [onClause(relation, owner, scope), ...hidden].join(" AND ");
      level.add(scope, ` ${kind} JOIN ${target} ON ${on}`);
      return scope;
    }
    const link = this.#aliasIn(level, "link");
    const linked = `${junction.table} ${link}`;
    const toOwner = linkedBy(link, junction.toOwner, owner);
    const on = [linkedBy(link, junction.toTarget, scope), ...hidden].join(" AND ");
    // Where targets can be soft-removed, the join table and the target are joined as one, so that a hidden target leaves no row of NULLs.
    level.add(
      scope,
      kind === "LEFT" && hidden.length > 0
        ? ` LEFT JOIN (${linked} INNER JOIN ${target} ON ${on}) ON ${toOwner}`
        : ` ${kind} JOIN ${linked} ON ${toOwner} ${kind} JOIN ${target} ON ${on}`,
    );
    return scope;
  }

  /** The columns by which the rows of a joined table are found. */
  #recordJoin({ joins, holdsKey, junction }: RelationModel, alias: string): void {
    if (!this.#shared.usage || junction) return;
    for (const { foreign, referenced } of joins)
      this.#shared.usage.add(alias, holdsKey ? referenced : foreign, "filtered");
  }

  /** Joins a relation for `options(joined(…))`. All members of a relation to many are read, whatever the conditions select. */
  #fetch(relations: readonly RelationModel[]): Scope {
    let scope = this.#level.root;
    let own = false;
    let path = "";
    for (const relation of relations) {
      own ||= relation.toMany;
      path = pathOf(path, [relation]);
      const key = own ? `*${path}` : path;
      scope = this.#level.at(key) ?? this.#join(this.#level, scope, relation, key, undefined);
    }
    return scope;
  }

  #newLevel(model: EntityModel, name: string, outer?: SelectScope, as?: Alias): SelectScope {
    const alias = this.#alias(name);
    const level = new SelectScope(model, this.dialect.quote(alias), outer, as);
    level.aliases.push(alias);
    return level;
  }

  /** Makes the aliases of a subquery free: the same subquery, rendered again, has the same text. */
  #leave({ aliases }: SelectScope): void {
    for (const alias of aliases) this.#shared.aliases.delete(alias.toLowerCase());
  }

  /** An alias in one level, quoted. */
  #aliasIn(level: SelectScope, name: string): string {
    const alias = this.#alias(name);
    level.aliases.push(alias);
    return this.dialect.quote(alias);
  }

  #alias(name: string): string {
    const { aliases } = this.#shared;
    const begin = name.slice(0, LONGEST_ALIAS);
    let alias = begin;
    // Names are case-insensitive in some databases.
    for (let number = 1; aliases.has(alias.toLowerCase()); number++) alias = `${begin}_${number}`;
    aliases.add(alias.toLowerCase());
    return alias;
  }

  /** Conditions that exclude soft-removed rows and other classes of a single-table inheritance. */
  #hiddenRows({ model, alias }: Scope): string[] {
    const { deleteDateColumn, discriminatorColumn, tableType, discriminatorValue, childEntityMetadatas } =
      model.metadata;
    const conditions: string[] = [];
    if (deleteDateColumn && !this.#selection.withDeleted)
      conditions.push(`${alias}.${model.columnNamed(deleteDateColumn.databaseName).quoted} IS NULL`);
    if (tableType === "entity-child" && discriminatorColumn) {
      const values = [discriminatorValue, ...childEntityMetadatas.map((child) => child.discriminatorValue)];
      conditions.push(this.among(`${alias}.${this.dialect.quote(discriminatorColumn.databaseName)}`, values));
    }
    return conditions;
  }

  // Clauses

  #statement(sql: string): Statement {
    return withPlaceholders(sql, this.#shared.values, this.dialect);
  }

  #fromRoot(): string {
    return tableAs(this.#level.root.model, this.#level.root.alias);
  }

  #hasKey(): boolean {
    return this.#selection.model.primary.length > 0;
  }

  /** A complete SELECT. The select list is rendered first, because it may add joins. */
  #selectOf(select: () => string, ordered = true): string {
    this.#joinAll();
    const columns = select();
    const tail = `${this.#whereClause()}${this.#groupClause()}`;
    const order = ordered
      ? orderBy(this.#renderedOrders().map(({ order, text }) => order.render(text, this.dialect)))
      : "";
    const { distinct } = this.#selection;
    return `SELECT ${distinct ? "DISTINCT " : ""}${columns} FROM ${this.#fromRoot()}${this.#level.joins}${tail}${order}${this.#limitClause()}`;
  }

  #whereClause(): string {
    const repeated = this.#repeated;
    this.#repeated = undefined;
    this.#use = "filtered";
    const all = [
      ...this.#selection.conditions.flatMap((one) => one.conjuncts()).map((one) => one.renderGuarded(this)),
      ...this.#hiddenRows(this.#level.root),
    ];
    this.#repeated = repeated;
    this.#use = undefined;
    return all.length === 0 ? "" : ` WHERE ${all.length < MAX_UNNESTED ? all.join(" AND ") : connected(all, "AND")}`;
  }

  #groupClause(): string {
    const { groups, having } = this.#selection;
    this.#enter("group");
    const texts = groups.map((group) => this.expression(group));
    groups.forEach((group, place) => {
      if (!(group instanceof Column)) this.#repeated?.group(texts[place]!);
    });
    this.#enter("having");
    const grouped = groups.length === 0 ? "" : ` GROUP BY ${texts.join(", ")}`;
    return having.length === 0
      ? grouped
      : `${grouped} HAVING ${connected(
          having.map((one) => one.renderGuarded(this)),
          "AND",
        )}`;
  }

  #renderedOrders(): { order: Order; text: string }[] {
    this.#enter("order");
    this.#use = "sorted";
    const orders = this.#selection.orders.map((order) => ({ order, text: this.#orderText(order.scalar) }));
    this.#use = undefined;
    return orders;
  }

  /** With DISTINCT, rows are sorted by what was selected, which of some columns is another form than their own. */
  #orderText(scalar: Scalar): string {
    const text = this.expression(scalar);
    const { distinct, values = [] } = this.#selection;
    const isSelected = distinct && values.some((value) => this.expression(value.scalar) === text);
    return isSelected && !this.dialect.findsExpressionsByName ? scalar.valueType.selected(text) : text;
  }

  #enter(clause: Clause): void {
    if (this.#repeated) this.#repeated.clause = clause;
  }

  #limitClause(): string {
    return this.dialect.limit(this.#selection.limit, this.#selection.offset);
  }

  #lockClause(): string {
    const { lock } = this.#selection;
    return lock ? this.dialect.lockRows(lock, this.#level.root.alias) : "";
  }

  /** Joins the keys of one page to the root's table, and makes that the scope of the statement. */
  #pageOfRoots(where: string, orders: readonly { order: Order; text: string }[]): string {
    const { root, joins, repeats } = this.#level;
    const { primary } = root.model;
    const page = this.dialect.quote("page");
    const keys = primary.map(({ quoted }) => `${root.alias}.${quoted}`);
    const sorted = orders.map(({ order, text }) => ({ order, text: repeats ? oneOfGroup(order, text, root) : text }));
    const columns = [
      ...keys.map((key, place) => `${key} AS ${this.dialect.quote(`key${place}`)}`),
      ...sorted.map(({ text }, place) => `${text} AS ${this.dialect.quote(`order${place}`)}`),
    ].join(", ");
    const group = repeats ? ` GROUP BY ${keys.join(", ")}` : "";
    const order = orderBy(sorted.map(({ order: one, text }) => one.render(text, this.dialect)));
    const inner = `SELECT ${columns} FROM ${this.#fromRoot()}${joins}${where}${group}${order}${this.#limitClause()}`;
    const on = keys.map((key, place) => `${key} = ${this.#ofPage("key", place)}`).join(" AND ");
    this.#level = new SelectScope(root.model, root.alias, this.#level.outer, root.as);
    return `(${inner}) ${page} JOIN ${this.#fromRoot()} ON ${on}`;
  }

  #ofPage(kind: "key" | "order", place: number): string {
    return `${this.dialect.quote("page")}.${this.dialect.quote(`${kind}${place}`)}`;
  }

  #segments(): { segment: Segment; scope: Scope }[] {
    const { model, fetched } = this.#selection;
    const segments: { segment: Segment; scope: Scope }[] = [{ segment: { model, offset: 0 }, scope: this.#level.root }];
    const places = new Map([["", 0]]);
    let offset = model.selected.length;
    for (const relations of fetched)
      relations.forEach((relation, depth) => {
        const path = pathOf("", relations.slice(0, depth + 1));
        if (places.has(path)) return;
        const parent = { segment: places.get(pathOf("", relations.slice(0, depth)))!, relation };
        const scope = this.#fetch(relations.slice(0, depth + 1));
        places.set(path, segments.length);
        segments.push({ segment: { model: relation.target, offset, parent }, scope });
        offset += relation.target.selected.length;
      });
    return segments;
  }

  /** An UPDATE or DELETE has no alias for its table. */
  #bareRoot(): void {
    const { model, alias } = this.#selection;
    const { tableName } = model.metadata;
    this.#shared.aliases.add(tableName.toLowerCase());
    this.#level = new SelectScope(model, this.dialect.quote(tableName), undefined, alias);
  }

  #assigned(column: ColumnModel, value: unknown): string {
    if (isPartOfQuery(value)) return sqlValue(value, this);
    const { encode } = column.codec;
    return this.parameter((encode ? encode(value) : value) ?? null);
  }

  /** Assignments of every UPDATE: the version and the update date. */
  #touched(values: readonly { column: ColumnModel }[]): string[] {
    const { columns } = this.#selection.model;
    const others = columns.filter((column) => !values.some((value) => value.column === column));
    return others.flatMap(({ quoted, metadata }) => {
      if (metadata.isVersion) return `${quoted} = ${quoted} + 1`;
      return metadata.isUpdateDate ? `${quoted} = ${this.dialect.now(metadata.precision)}` : [];
    });
  }

  /** WHERE of an UPDATE or DELETE; with joins or a limit, it selects the rows by key. */
  #targetRows(): string {
    const { limit, offset, model, joins } = this.#selection;
    const where = joins.length === 0 ? this.#whereClause() : "";
    if (joins.length === 0 && this.#level.joins === "" && limit === undefined && !offset) return where;
    const inner = new SelectCompiler(
      this.dialect,
      { ...this.#selection, values: undefined },
      { level: this.#level, shared: this.#shared },
    );
    const keys = model.primary.map(({ quoted }) => quoted).join(", ");
    // MySQL only reads the table it changes through a derived table.
    return ` WHERE (${keys}) IN (SELECT * FROM (${inner.renderInside()}) ${this.dialect.quote("found")})`;
  }

  #ownersAmong(columns: readonly string[], owners: readonly (readonly unknown[])[]): string {
    if (columns.length === 1)
      return this.among(
        columns[0]!,
        owners.map(([value]) => value),
      );
    const one = (values: readonly unknown[]): string =>
      `(${columns.map((column, place) => `${column} = ${this.parameter(values[place])}`).join(" AND ")})`;
    return connected(owners.map(one), "OR");
  }
}
