import { inspect, types } from "node:util";
import { isObject, isPlainObject } from "../../values";
import { Pagination } from "../../query/pagination";
import type { ShellColumn, ShellDatabase, ShellModel } from "../world";
import { cellText } from "./cell";
import { described } from "./described";
import { type Entities, loadedRelation, ownText, readPath } from "./entities";
import { type Secrets } from "./secrets";
import { drawPairs, drawTable, type TableCell } from "./table";
import { cut, widthOf } from "./width";
import type { Theme } from "./theme";

/** What the printer looks at each time it prints. */
export interface PrinterOptions {
  readonly entities: Entities;
  readonly db: ShellDatabase;
  readonly secrets: Secrets;
  readonly theme: Theme;
  /** Columns of the terminal, now. */
  width(): number;
  /** Rows of a list that are shown; the rest is counted. */
  limit(): number;
}

/** Something printed, and how much of it was kept back. */
export interface Printed {
  readonly lines: readonly string[];
  readonly hidden: number;
  /** What was kept back: rows of a list, or lines of anything else. */
  readonly of: "rows" | "lines";
}

/** Elements of a list that are no rows are shown up to this, also where all of them are asked for. */
const MOST_ELEMENTS = 10_000;

/** Objects that are copied to be shown; what is inside the others is left out. */
const MOST_COPIES = 20_000;

/** A relation to many names so many of its members. */
const NAMED_MEMBERS = 3;

/** Shows values to people. Printing never sends a statement: what is not loaded is not shown. */
export class Printer {
  constructor(private readonly options: PrinterOptions) {}

  /** A value as the prompt shows it; `undefined` shows nothing. */
  print(value: unknown, limit = this.options.limit()): Printed {
    if (value === undefined) return { lines: [], hidden: 0, of: "rows" };
    const own = described(value, this.options);
    if (own !== undefined) return whole([own]);
    if (types.isProxy(value)) return this.inspected(value, limit);
    if (Array.isArray(value)) return this.list(value as unknown[], limit);
    const model = this.options.entities.of(value);
    if (model) return whole(this.record(value as object, model));
    if (value instanceof Pagination) return this.page(value as Pagination<unknown>, limit);
    return this.inspected(value, limit);
  }

  /** A value in one line, for assignments: `<User susan>`, `[3 × User]`. */
  summary(value: unknown): string {
    const { entities } = this.options;
    if (value === undefined) return "";
    const own = described(value, this.options);
    if (own !== undefined) return own;
    const model = entities.of(value);
    if (model) return entities.label(value as object, model);
    if (Array.isArray(value)) {
      const first = entities.of(value[0]);
      if (first) return `[${value.length} × ${first.name}]`;
    }
    return cut(this.other(value, { compact: true }).replace(/\s*\n\s*/g, " "), this.options.width() - 1);
  }

  /** A value as `print()` writes it. */
  text(value: unknown): string {
    if (typeof value === "string") return value;
    if (value === undefined) return "undefined";
    const { entities } = this.options;
    const model = entities.of(value);
    if (model) return entities.label(value as object, model);
    if (Array.isArray(value)) return this.list(value as unknown[], this.options.limit()).lines.join("\n");
    return this.print(value).lines.join("\n");
  }

  // Entities ------------------------------------------------------------------------------------------------------------

  /** One entity: what it says of itself, its state, and its fields. */
  private record(entity: object, model: ShellModel): string[] {
    const { theme, entities } = this.options;
    const { session } = this.options.db;
    const own = ownText(entity, model);
    const state = this.stateOf(entity);
    const changes = session.changes(entity);
    const title = `${theme.strong(own ?? entities.label(entity, model))}${state ? `  ${theme.warning(state)}` : ""}`;
    const names = [...shownColumns(model), ...model.relations].map(({ property }) => widthOf(property));
    const room = Math.max(8, this.options.width() - Math.max(0, ...names) - 4);
    const fields = shownColumns(model).map((column) => {
      const text = this.field(readPath(entity, column.property), column.property, model, room);
      const change = changes[column.property];
      const before = change && theme.quiet(`${this.plain(change.before, column.property, model)} → `);
      return { name: column.property, text: `${before ?? ""}${text}` };
    });
    const related = model.relations.flatMap((relation) => {
      const loaded = loadedRelation(entity, relation);
      return loaded ? [{ name: relation.property, text: this.related(loaded.value) }] : [];
    });
    return [...title.split("\n"), ...drawPairs([...fields, ...related], theme)];
  }

  private stateOf(entity: object): string {
    const { session } = this.options.db;
    const state = session.state(entity);
    if (state !== "persistent") return state === "transient" ? "not added" : state;
    if (session.deleted.includes(entity)) return "to be deleted";
    return session.isModified(entity) ? "modified" : "";
  }

  private field(value: unknown, property: string, model: ShellModel, room: number): string {
    const { theme } = this.options;
    const shown = cut(this.plain(value, property, model), room);
    return this.isFaint(value, property, model) ? theme.quiet(shown) : shown;
  }

  private plain(value: unknown, property: string, model: ShellModel | undefined): string {
    const { entities, secrets } = this.options;
    return cellText(secrets.mask(value, property, model?.name), entities);
  }

  private isFaint(value: unknown, property: string, model: ShellModel | undefined): boolean {
    return value === null || value === undefined || this.options.secrets.mask(value, property, model?.name) !== value;
  }

  private related(value: unknown): string {
    const { entities, theme } = this.options;
    if (!Array.isArray(value)) return value === null ? theme.quiet("null") : cellText(value, entities);
    const members = value as unknown[];
    const named = members.slice(0, NAMED_MEMBERS).map((member) => cellText(member, entities));
    const more = members.length - named.length;
    return `[${named.join(", ")}${more > 0 ? `, … ${more} more` : ""}]`;
  }

  // Lists ---------------------------------------------------------------------------------------------------------------

  private list(values: readonly unknown[], limit: number): Printed {
    const shown = values.slice(0, limit);
    const rows = this.tableOf(shown);
    if (!rows) return this.inspected(values, limit);
    const lines = drawTable(rows.columns, rows.cells, this.options.width(), this.options.theme);
    return { lines, hidden: values.length - shown.length, of: "rows" };
  }

  /** One page of a query, and which of how many it is. */
  private page({ items, page, pages, total }: Pagination<unknown>, limit: number): Printed {
    const printed = this.list(items, limit);
    const which = `page ${page} of ${pages}, ${total} in all`;
    return { ...printed, lines: [...printed.lines, this.options.theme.quiet(which)] };
  }

  /** The rows of a table, when all values are entities of one table or plain objects. */
  private tableOf(
    values: readonly unknown[],
  ): { columns: { name: string; numeric: boolean }[]; cells: TableCell[][] } | undefined {
    if (values.length === 0) return undefined;
    const { entities } = this.options;
    const models = new Set(values.map((value) => entities.of(value)));
    const [model] = models;
    const names =
      models.size === 1 && model
        ? shownColumns(model).map(({ property }) => property)
        : !models.has(undefined)
          ? sharedColumns([...models] as ShellModel[])
          : plainColumns(values);
    if (!names) return undefined;
    const read = (value: unknown, name: string): unknown =>
      model ? readPath(value as object, name) : (value as Record<string, unknown>)[name];
    const raw = values.map((value) => names.map((name) => read(value, name)));
    const columns = names.map((name, index) => ({ name, numeric: isNumeric(raw.map((row) => row[index])) }));
    const cells = raw.map((row) =>
      row.map((value, index) => ({
        text: this.plain(value, names[index]!, model),
        faint: this.isFaint(value, names[index]!, model),
      })),
    );
    return { columns, cells };
  }

  // Anything else -------------------------------------------------------------------------------------------------------

  /** A value as Node shows it; of a long one the first lines. */
  private inspected(value: unknown, limit: number): Printed {
    const lines = this.other(value, { most: limit }).split("\n");
    if (lines.length <= limit) return whole(lines);
    return { lines: lines.slice(0, limit), hidden: lines.length - limit, of: "lines" };
  }

  private other(value: unknown, { compact = false, most = this.options.limit() } = {}): string {
    return inspect(this.presentable(value, { left: MOST_COPIES }), {
      colors: this.options.theme.colours,
      // What is inside somebody's class is looked at when it is asked for.
      depth: compact ? 1 : isPlainOrList(value) ? 4 : 1,
      maxArrayLength: compact ? 5 : Math.min(most, MOST_ELEMENTS),
      maxStringLength: compact ? 200 : this.longest(most),
      breakLength: compact ? Infinity : this.options.width(),
    });
  }

  /** Characters of a text that are shown: as many as fill the lines that are; all where everything is asked for. */
  private longest(lines: number): number {
    return lines === Number.MAX_SAFE_INTEGER ? Infinity : Math.max(1_000, lines * this.options.width());
  }

  /** The same value with entities, and secrets in plain objects, replaced by what may be seen of them. */
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
    const own = depth === 0 ? undefined : described(value, this.options);
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
    // Accessors stay what they are: looking runs nobody's code.
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

function whole(lines: readonly string[]): Printed {
  return { lines, hidden: 0, of: "rows" };
}

/** Whether an object of somebody's class may be copied to be looked at: it has no inside that its properties do not tell. */
function isOrdinary(value: object): boolean {
  return (
    !(inspect.custom in value) && Object.prototype.toString.call(value) === "[object Object]" && !types.isPromise(value)
  );
}

/** An error that is a value: what it says, and not where in the shell it was made. */
function withoutStack(error: Error): object {
  const more = Object.entries(error);
  const said = `${error.name}${error.message ? `: ${error.message}` : ""}`;
  const fields = more.length > 0 ? ` ${inspect(Object.fromEntries(more), { depth: 1 })}` : "";
  return { [inspect.custom]: () => said + fields };
}

/** The columns a table of an entity has: those that its properties hold. */
export function shownColumns(model: ShellModel): ShellColumn[] {
  return model.columns.filter(({ isVirtual }) => !isVirtual);
}

/** Entities of several kinds in one list: all their columns, each once. */
function sharedColumns(models: readonly ShellModel[]): string[] {
  return [...new Set(models.flatMap((model) => shownColumns(model).map(({ property }) => property)))];
}

/** The keys of plain objects, when all are plain objects with much in common. */
function plainColumns(values: readonly unknown[]): string[] | undefined {
  if (!values.every(isPlainObject)) return undefined;
  const names = [...new Set(values.flatMap((value) => Object.keys(value)))];
  const most = Math.max(...values.map((value) => Object.keys(value).length));
  return names.length > 0 && names.length <= most * 2 ? names : undefined;
}

function isPlainOrList(value: unknown): boolean {
  return Array.isArray(value) || isPlainObject(value) || value instanceof Map || value instanceof Set;
}

/** Whether a column holds numbers: nothing but, and at least one. */
function isNumeric(values: readonly unknown[]): boolean {
  const there = values.filter((value) => value !== null && value !== undefined);
  return there.length > 0 && there.every((value) => typeof value === "number" || typeof value === "bigint");
}
