import { inspect, types } from "node:util";
import { Query } from "../../query/query";
import type { ShellColumn, ShellModel, ShellSession } from "../world";
import { cellText } from "./cell";
import { type Entities, loadedRelation, ownText, readPath } from "./entities";
import { type Secrets } from "./secrets";
import { drawPairs, drawTable, type TableCell } from "./table";
import { cut } from "./width";
import type { Theme } from "./theme";

/** What the printer looks at each time it prints. */
export interface PrinterOptions {
  readonly entities: Entities;
  readonly session: ShellSession;
  readonly secrets: Secrets;
  readonly theme: Theme;
  /** Columns of the terminal, now. */
  width(): number;
  /** Rows of a list that are shown; the rest is counted. */
  limit(): number;
}

/** Something printed, and how many rows of it were kept back. */
export interface Printed {
  readonly lines: readonly string[];
  readonly hidden: number;
}

/** A relation to many names so many of its members. */
const NAMED_MEMBERS = 3;

/** Shows values to people. Printing never sends a statement: what is not loaded is not shown. */
export class Printer {
  constructor(private readonly options: PrinterOptions) {}

  /** A value as the prompt shows it; `undefined` shows nothing. */
  print(value: unknown, limit = this.options.limit()): Printed {
    if (value === undefined) return { lines: [], hidden: 0 };
    if (types.isProxy(value)) return whole(this.other(value).split("\n"));
    if (Array.isArray(value)) return this.list(value as unknown[], limit);
    const model = this.options.entities.of(value);
    if (model) return whole(this.record(value as object, model));
    if (value instanceof Query) return whole([this.queryText(value as Query)]);
    return whole(this.other(value).split("\n"));
  }

  /** A value in one line, for assignments: `<User susan>`, `[3 × User]`. */
  summary(value: unknown): string {
    const { entities } = this.options;
    if (value === undefined) return "";
    if (!types.isProxy(value) && value instanceof Query) return this.queryText(value as Query);
    const model = entities.of(value);
    if (model) return entities.label(value as object, model);
    if (Array.isArray(value)) {
      const first = entities.of(value[0]);
      if (first) return `[${value.length} × ${first.name}]`;
    }
    return cut(this.other(value, true).replace(/\s*\n\s*/g, " "), this.options.width() - 1);
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
    const { theme, session, entities } = this.options;
    const own = ownText(entity, model);
    const state = this.stateOf(entity);
    const changes = session.changes(entity);
    const title = `${theme.strong(own ?? entities.label(entity, model))}${state ? `  ${theme.warning(state)}` : ""}`;
    const fields = shownColumns(model).map((column) => {
      const text = this.field(readPath(entity, column.property), column.property, model);
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
    const { session } = this.options;
    const state = session.state(entity);
    if (state !== "persistent") return state === "transient" ? "not added" : state;
    if (session.deleted.includes(entity)) return "to be deleted";
    return session.isModified(entity) ? "modified" : "";
  }

  private field(value: unknown, property: string, model: ShellModel | undefined): string {
    const { theme, width } = { ...this.options, width: this.options.width() };
    const text = this.plain(value, property, model);
    const shown = cut(text, Math.max(20, width - 20));
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
    if (!rows) return whole(this.other(values).split("\n"));
    const lines = drawTable(rows.columns, rows.cells, this.options.width(), this.options.theme);
    return { lines, hidden: values.length - shown.length };
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

  private queryText(query: Query): string {
    const model = this.options.entities.ofTarget(query.entity);
    const name = model?.name ?? "rows";
    return `Query of ${name}; .all(), .first() or .count() asks`;
  }

  private other(value: unknown, compact = false): string {
    return inspect(this.presentable(value, 0, new Set()), {
      colors: this.options.theme.colours,
      depth: compact ? 1 : 4,
      maxArrayLength: compact ? 5 : this.options.limit(),
      maxStringLength: compact ? 200 : 10_000,
      breakLength: compact ? Infinity : this.options.width(),
    });
  }

  /** The same value with entities, and secrets in plain objects, replaced by what may be seen of them. */
  private presentable(value: unknown, depth: number, above: ReadonlySet<object>): unknown {
    const { entities, secrets } = this.options;
    if (typeof value !== "object" || value === null || depth > 4 || types.isProxy(value)) return value;
    const model = entities.of(value);
    if (model) return { [inspect.custom]: () => entities.label(value, model) };
    if (above.has(value)) return { [inspect.custom]: () => "[Circular]" };
    const inside = new Set([...above, value]);
    if (Array.isArray(value)) {
      const copy = Array.prototype.slice.call(value, 0, 10_000) as unknown[];
      return copy.some(isPlainOrList) || copy.some((item) => entities.of(item))
        ? copy.map((item) => this.presentable(item, depth + 1, inside))
        : value;
    }
    if (value instanceof Map) {
      return new Map(
        [...value].map(([key, item]: [unknown, unknown]) => [key, this.presentable(item, depth + 1, inside)]),
      );
    }
    if (value instanceof Set) return new Set([...value].map((item) => this.presentable(item, depth + 1, inside)));
    if (!isPlain(value)) return value;
    // Accessors stay what they are: looking runs nobody's code.
    const copy = Object.create(Object.getPrototypeOf(value) as object | null) as object;
    for (const [key, own] of Object.entries(Object.getOwnPropertyDescriptors(value))) {
      const shown =
        "value" in own ? { ...own, value: this.presentable(secrets.mask(own.value, key), depth + 1, inside) } : own;
      Object.defineProperty(copy, key, shown);
    }
    return copy;
  }
}

function whole(lines: readonly string[]): Printed {
  return { lines, hidden: 0 };
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
  if (!values.every(isPlain)) return undefined;
  const names = [...new Set(values.flatMap((value) => Object.keys(value)))];
  const most = Math.max(...values.map((value) => Object.keys(value).length));
  return names.length > 0 && names.length <= most * 2 ? names : undefined;
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

function isPlainOrList(value: unknown): boolean {
  return Array.isArray(value) || isPlain(value) || value instanceof Map || value instanceof Set;
}

/** Whether a column holds numbers: nothing but, and at least one. */
function isNumeric(values: readonly unknown[]): boolean {
  const there = values.filter((value) => value !== null && value !== undefined);
  return there.length > 0 && there.every((value) => typeof value === "number" || typeof value === "bigint");
}
