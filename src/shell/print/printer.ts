import { isObject, isPlainObject } from "../../values";
import { inspect, types } from "node:util";
import { Pagination } from "../../query/pagination";
import { ansi, EMPTY, escapeLine, escapeText, join, linesOf, type EscapedText } from "../../terminal/escaped-text";
import { inspectLine, inspectText } from "../../terminal/inspect";
import { plain, type Style } from "../../terminal/style";
import { cut, widthOf } from "../../terminal/width";
import type { ColumnModel, EntityModel } from "../../metadata/model";
import type { Database } from "../../session/database";
import { cellText } from "./cell";
import { describe } from "./describe";
import { type Entities, foreignKeyText, loadedRelation, ownText, readPath, unmappedForeignKeys } from "./entities";
import { type Secrets } from "./secrets";
import { drawPairs, drawTable, type TableCell, type TableColumn } from "./table";

export interface PrinterOptions {
  readonly entities: Entities;
  readonly db: Database;
  readonly secrets: Secrets;
  readonly style: Style;
  /** Columns of the terminal. */
  width(): number;
  /** Rows of a list that are printed; the rest is counted. */
  limit(): number;
}

/** Printed lines, and how much was left out. */
export interface Printed {
  readonly lines: readonly EscapedText[];
  readonly hidden: number;
  /** What was left out: rows of a list, or lines of anything else. */
  readonly of: "rows" | "lines";
}

/** Elements of a list that is not a table are printed up to this, also by `.all`. */
const MAX_ELEMENTS = 10_000;

/** Objects that are copied to replace entities and secrets in them; the inside of others is left out. */
const MAX_COPIES = 20_000;

/** Members of a to-many relation that are printed by name. */
const NAMED_MEMBERS = 3;

/** Formats values for people. It sends no query: what is not loaded is not printed. */
export class Printer {
  constructor(private readonly options: PrinterOptions) {}

  /** A value as the prompt shows it; `undefined` shows nothing. */
  print(value: unknown, limit = this.options.limit()): Printed {
    if (value === undefined) return { lines: [], hidden: 0, of: "rows" };
    const own = describe(value, this.options);
    if (own !== undefined) return whole([own]);
    if (types.isProxy(value)) return this.inspected(value, limit);
    if (Array.isArray(value)) return this.list(value as unknown[], limit);
    const model = this.options.entities.of(value);
    if (model) return whole(this.record(value as object, model));
    if (value instanceof Pagination) return this.page(value as Pagination<unknown>, limit);
    return this.inspected(value, limit);
  }

  /** A value in one line, for assignments: `<User susan>`, `[3 × User]`. */
  summary(value: unknown): EscapedText {
    const { entities } = this.options;
    if (value === undefined) return EMPTY;
    const own = describe(value, this.options);
    if (own !== undefined) return own;
    const model = entities.of(value);
    if (model) return escapeLine(entities.label(value as object, model));
    if (Array.isArray(value)) {
      const first = entities.of(value[0]);
      if (first) return ansi`[${value.length} × ${escapeLine(first.name)}]`;
    }
    return cut(this.inspectCompact(value), this.options.width() - 1);
  }

  /** A value as `print()` prints it. */
  text(value: unknown): EscapedText {
    if (typeof value === "string") return escapeText(value);
    if (value === undefined) return ansi`undefined`;
    const { entities } = this.options;
    const model = entities.of(value);
    if (model) return escapeText(entities.label(value as object, model));
    const { lines } = Array.isArray(value) ? this.list(value as unknown[], this.options.limit()) : this.print(value);
    return join(lines, ansi`\n`);
  }

  // Entities ------------------------------------------------------------------------------------------------------------

  /** One entity: its label, its state and its fields. */
  private record(entity: object, model: EntityModel): EscapedText[] {
    const { style, entities } = this.options;
    const { session } = this.options.db;
    const own = ownText(entity, model);
    const state = this.stateOf(entity);
    const changes = session.changes(entity);
    const label = style.bold(escapeText(own ?? entities.label(entity, model)));
    const title = state ? ansi`${label}  ${style.warn(escapeLine(state))}` : label;
    const names = [...shownColumns(model), ...model.relations].map(({ property }) => widthOf(property));
    const room = Math.max(8, this.options.width() - Math.max(0, ...names) - 4);
    const fields = shownColumns(model).map((column) => {
      const text = this.field(readPath(entity, column.property), column.property, model, room);
      const change = changes[column.property];
      const before = change ? style.dim(ansi`${this.cell(change.before, column.property, model)} → `) : EMPTY;
      return { name: escapeLine(column.property), text: ansi`${before}${text}` };
    });
    const unmapped = unmappedForeignKeys(model);
    const related = model.relations.flatMap((relation) => {
      const loaded = loadedRelation(entity, relation);
      if (loaded) return [{ name: escapeLine(relation.property), text: this.related(loaded.value) }];
      const key = unmapped.includes(relation) ? foreignKeyText(entity, relation) : undefined;
      return key === undefined ? [] : [{ name: escapeLine(relation.property), text: this.related(key) }];
    });
    return [...linesOf(title), ...drawPairs([...fields, ...related], style)];
  }

  private stateOf(entity: object): string {
    const { session } = this.options.db;
    const state = session.state(entity);
    if (state !== "persistent") return state === "transient" ? "not added" : state;
    if (session.deleted.includes(entity)) return "to be deleted";
    return session.isModified(entity) ? "modified" : "";
  }

  private field(value: unknown, property: string, model: EntityModel, room: number): EscapedText {
    const shown = cut(this.cell(value, property, model), room);
    return this.isFaint(value, property, model) ? this.options.style.dim(shown) : shown;
  }

  private cell(value: unknown, property: string, model: EntityModel | undefined): EscapedText {
    const { entities, secrets } = this.options;
    return cellText(secrets.mask(value, property, model?.name), entities);
  }

  private isFaint(value: unknown, property: string, model: EntityModel | undefined): boolean {
    return value === null || value === undefined || this.options.secrets.mask(value, property, model?.name) !== value;
  }

  private related(value: unknown): EscapedText {
    const { entities, style } = this.options;
    if (!Array.isArray(value)) return value === null ? style.dim(ansi`null`) : cellText(value, entities);
    const members = value as unknown[];
    const named = members.slice(0, NAMED_MEMBERS).map((member) => cellText(member, entities));
    const more = members.length - named.length;
    return ansi`[${join(named, ansi`, `)}${more > 0 ? ansi`, … ${more} more` : EMPTY}]`;
  }

  // Lists ---------------------------------------------------------------------------------------------------------------

  private list(values: readonly unknown[], limit: number): Printed {
    const shown = values.slice(0, limit);
    const rows = this.tableOf(shown);
    if (!rows) return this.inspected(values, limit);
    const draw = (cells: TableCell[][]) => drawTable(rows.columns, cells, this.options.width(), this.options.style);
    const lines = draw(rows.cells);
    const heading = 2;
    if (lines.length <= limit + heading) return { lines, hidden: values.length - shown.length, of: "rows" };
    // A row takes several lines of a narrow terminal.
    const fitting = Math.max(1, Math.floor(limit / (lines.length / shown.length)));
    return { lines: draw(rows.cells.slice(0, fitting)), hidden: values.length - fitting, of: "rows" };
  }

  /** One page of a query, and which of how many it is. */
  private page({ items, page, pages, total }: Pagination<unknown>, limit: number): Printed {
    const printed = this.list(items, limit);
    const which = ansi`page ${page} of ${pages}, ${total} in all`;
    return { ...printed, lines: [...printed.lines, this.options.style.dim(which)] };
  }

  /** The rows of a table, when all values are entities of one table or plain objects. */
  private tableOf(values: readonly unknown[]): { columns: TableColumn[]; cells: TableCell[][] } | undefined {
    if (values.length === 0) return undefined;
    const { entities } = this.options;
    const models = new Set(values.map((value) => entities.of(value)));
    const [model] = models;
    const names = models.has(undefined) ? plainColumns(values) : sharedColumns([...models] as EntityModel[]);
    if (!names) return undefined;
    const read = (value: unknown, name: string): unknown =>
      model ? this.columnOf(value as object, name) : (value as Record<string, unknown>)[name];
    const raw = values.map((value) => names.map((name) => read(value, name)));
    const columns = names.map((name, index) => ({
      name: escapeLine(name),
      numeric: isNumeric(raw.map((row) => row[index])),
    }));
    const cells = raw.map((row) =>
      row.map((value, index) => ({
        text: this.cell(value, names[index]!, model),
        faint: this.isFaint(value, names[index]!, model),
      })),
    );
    return { columns, cells };
  }

  /** What a table shows of an entity: a property, or the foreign key of a relation. */
  private columnOf(entity: object, name: string): unknown {
    const model = this.options.entities.of(entity)!;
    const relation = unmappedForeignKeys(model).find(({ property }) => property === name);
    return relation ? foreignKeyText(entity, relation) : readPath(entity, name);
  }

  // Anything else -------------------------------------------------------------------------------------------------------

  /** A value as `util.inspect` shows it; of a long one the first lines. */
  private inspected(value: unknown, limit: number): Printed {
    const lines = linesOf(this.inspect(value, limit));
    if (lines.length <= limit) return whole(lines);
    return { lines: lines.slice(0, limit), hidden: lines.length - limit, of: "lines" };
  }

  private inspect(value: unknown, limit: number): EscapedText {
    return inspectText(this.presentable(value, { left: MAX_COPIES }), this.options.style, {
      // Objects of other classes are shown without their insides, which may be large.
      depth: isPlainOrList(value) ? 4 : 1,
      maxArrayLength: Math.min(limit, MAX_ELEMENTS),
      maxStringLength: this.maxStringLength(limit),
      breakLength: this.options.width(),
    });
  }

  private inspectCompact(value: unknown): EscapedText {
    return inspectLine(this.presentable(value, { left: MAX_COPIES }), {
      depth: 1,
      maxArrayLength: 5,
      maxStringLength: 200,
    });
  }

  /** As many characters of a text as fill the lines that are printed. */
  private maxStringLength(lines: number): number {
    return lines === Number.MAX_SAFE_INTEGER ? Infinity : Math.max(1_000, lines * this.options.width());
  }

  /** The same value with entities, and secrets in plain objects, replaced by what may be printed of them. */
  private presentable(
    value: unknown,
    copies: { left: number },
    depth = 0,
    above: ReadonlySet<object> = new Set(),
  ): unknown {
    const { entities, secrets } = this.options;
    if (typeof value !== "object" || value === null || depth > 4 || types.isProxy(value)) return value;
    const model = entities.of(value);
    if (model) return { [inspect.custom]: () => entities.label(value, model) };
    const own = depth === 0 ? undefined : describe(value, { ...this.options, style: plain });
    if (own !== undefined) return { [inspect.custom]: () => own };
    if (above.has(value)) return { [inspect.custom]: () => "[Circular]" };
    if ((copies.left -= 1) < 0) return { [inspect.custom]: () => "[…]" };
    const inside = new Set([...above, value]);
    if (Array.isArray(value)) {
      const copy = Array.prototype.slice.call(value, 0, 10_000) as unknown[];
      return copy.some((item) => isObject(item))
        ? copy.map((item) => this.presentable(item, copies, depth + 1, inside))
        : value;
    }
    if (value instanceof Map) {
      return new Map(
        [...value].map(([key, item]: [unknown, unknown]) => [key, this.presentable(item, copies, depth + 1, inside)]),
      );
    }
    if (value instanceof Set)
      return new Set([...value].map((item) => this.presentable(item, copies, depth + 1, inside)));
    if (value instanceof Error) return depth === 0 ? withoutStack(value) : value;
    if (!isPlainObject(value) && !isOrdinary(value)) return value;
    // Accessors are copied as accessors: printing must not run them.
    const copy = Object.create(Object.getPrototypeOf(value) as object | null) as object;
    for (const [key, own] of Object.entries(Object.getOwnPropertyDescriptors(value))) {
      const shown =
        "value" in own
          ? { ...own, value: this.presentable(secrets.mask(own.value, key), copies, depth + 1, inside) }
          : own;
      Object.defineProperty(copy, key, shown);
    }
    return copy;
  }
}

function whole(lines: readonly EscapedText[]): Printed {
  return { lines, hidden: 0, of: "rows" };
}

/** Whether an object of a class may be copied for printing: it has no internal state besides its properties. */
function isOrdinary(value: object): boolean {
  return (
    !(inspect.custom in value) && Object.prototype.toString.call(value) === "[object Object]" && !types.isPromise(value)
  );
}

/** An error that is a value: its message, without a stack that points into the shell. */
function withoutStack(error: Error): object {
  const more = Object.entries(error);
  const message = `${error.name}${error.message ? `: ${error.message}` : ""}`;
  const fields = more.length > 0 ? ` ${inspect(Object.fromEntries(more), { depth: 1 })}` : "";
  return { [inspect.custom]: () => message + fields };
}

/** The columns a table of an entity has: those that its properties hold. */
export function shownColumns(model: EntityModel): ColumnModel[] {
  return model.columns.filter(({ isVirtual }) => !isVirtual);
}

/** The columns of a table of entities, each once: their properties, and relations whose foreign key is in none. */
function sharedColumns(models: readonly EntityModel[]): string[] {
  const columns = models.flatMap((model) => shownColumns(model).map(({ property }) => property));
  const relations = models.flatMap((model) => unmappedForeignKeys(model).map(({ property }) => property));
  return [...new Set([...columns, ...relations])];
}

/** The keys of plain objects that mostly have the same keys; undefined for other values. */
function plainColumns(values: readonly unknown[]): string[] | undefined {
  if (!values.every(isPlainObject)) return undefined;
  const names = [...new Set(values.flatMap((value) => Object.keys(value)))];
  const most = Math.max(...values.map((value) => Object.keys(value).length));
  return names.length > 0 && names.length <= most * 2 ? names : undefined;
}

function isPlainOrList(value: unknown): boolean {
  return Array.isArray(value) || isPlainObject(value) || value instanceof Map || value instanceof Set;
}

/** Whether a column holds numbers only, and at least one. */
function isNumeric(values: readonly unknown[]): boolean {
  const there = values.filter((value) => value !== null && value !== undefined);
  return there.length > 0 && there.every((value) => typeof value === "number" || typeof value === "bigint");
}
