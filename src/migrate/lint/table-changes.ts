import type { TableChange } from "../../dialect/schema/change-cost";
import type { Quoting } from "../../dialect/schema/tokens";
import { StatementReader } from "./statement-reader";

/** The changes of a table that a statement makes, as far as they may take long; none for a statement that is not known. */
export function tableChangesOf(sql: string, quoting: Quoting): { table: string; changes: TableChange[] } | undefined {
  const reader = new StatementReader(sql, quoting);
  if (reader.take("alter", "table")) {
    reader.take("if", "exists");
    reader.take("only");
    const table = reader.name();
    return { table, changes: reader.actions().flatMap((action) => alteration(new StatementReader(action, quoting))) };
  }
  if (reader.take("create")) return createdIndex(reader);
  if (!reader.take("update")) return undefined;
  reader.take("only");
  const table = reader.name();
  return { table, changes: reader.take("set") && !reader.skipTo("where") ? [{ kind: "updateAll" }] : [] };
}

function createdIndex(reader: StatementReader): { table: string; changes: TableChange[] } | undefined {
  reader.take("unique");
  const isSpecial = reader.take("fulltext") || reader.take("spatial");
  if (!reader.take("index")) return undefined;
  const concurrently = reader.take("concurrently");
  reader.take("if", "not", "exists");
  if (!reader.is("on")) reader.name();
  reader.take("on");
  reader.take("only");
  return { table: reader.name(), changes: concurrently ? [] : [{ kind: "index", isSpecial }] };
}

function alteration(reader: StatementReader): TableChange[] {
  if (reader.take("add")) return added(reader);
  if (reader.take("alter")) {
    reader.take("column");
    const column = reader.name();
    if (reader.take("set", "not", "null")) return [{ kind: "setNotNull", column }];
    if (!reader.take("type") && !reader.take("set", "data", "type")) return [];
    const [type = "", using] = reader.rest().split(/\s+using\s+/i);
    return [{ kind: "changeType", column, type: type.replace(/\s+collate\s.*$/i, ""), using }];
  }
  if (reader.take("modify") || reader.is("change")) {
    const isChange = reader.take("change");
    reader.take("column");
    const column = reader.name();
    if (isChange) reader.name();
    return [{ kind: "redefine", column, definition: reader.rest() }];
  }
  return reader.isOneOf("engine", "convert", "row_format", "force") ? [{ kind: "rewriteTable" }] : [];
}

function added(reader: StatementReader): TableChange[] {
  const named = reader.take("constraint");
  if (named && !reader.isOneOf("unique", "check", "foreign", "primary", "exclude")) reader.name();
  if (reader.take("primary", "key")) return reader.is("using") ? [] : [{ kind: "primaryKey" }];
  // The index of USING INDEX is there already.
  if (reader.take("unique")) return / using index /.test(` ${reader.words()} `) ? [] : [{ kind: "unique" }];
  const isValidated = !/\bnot valid\b/.test(reader.words());
  if (reader.take("check")) return isValidated ? [{ kind: "check" }] : [];
  if (reader.take("foreign", "key")) {
    return isValidated && reader.skipTo("references") ? [{ kind: "foreignKey", parent: reader.name() }] : [];
  }
  if (reader.isOneOf("fulltext", "spatial")) return [{ kind: "index", isSpecial: true }];
  if (reader.isOneOf("index", "key")) return [{ kind: "index", isSpecial: false }];
  if (named || reader.isOneOf("exclude", "partition")) return [];
  reader.take("column");
  reader.take("if", "not", "exists");
  return [{ kind: "addColumn", column: reader.name(), definition: reader.rest() }];
}
