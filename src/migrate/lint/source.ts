import { parse, type Node } from "acorn";

/**
 * The statements of a migration's method, read from its text without running it, in the order of the text;
 * undefined for a statement that is built while the migration runs, and for calls that are not known.
 */
export type MethodSource = readonly (string | undefined)[];

/** Methods of a query runner, and the SQL that they come to. */
type Call = (args: readonly unknown[]) => string[] | undefined;

const QUERY_RUNNER: Readonly<Record<string, Call>> = {
  query: ([sql]) => (typeof sql === "string" ? [sql] : undefined),
  dropTable: ([table]) => (typeof table === "string" ? [`DROP TABLE ${quoted(table)}`] : undefined),
  clearTable: ([table]) => (typeof table === "string" ? [`DELETE FROM ${quoted(table)}`] : undefined),
  dropColumn: ([table, column]) =>
    areStrings(table, column) ? [dropColumn(table as string, column as string)] : undefined,
  dropColumns: ([table, columns]) =>
    typeof table === "string" && Array.isArray(columns) && columns.every((one) => typeof one === "string")
      ? columns.map((column) => dropColumn(table, column))
      : undefined,
};

/** Methods of a query runner that only create or read: they lose nothing. */
const WITHOUT_LOSS = /^(has|get|create|start|commit|rollback|connect|release|enable|disable|clearSqlMemory|log)/;

/** Reads the statements of a method: literal text in the calls that Retort's and TypeORM's files make. */
export function readMethod(text: string): MethodSource {
  const tree = parseMethod(text);
  if (!tree) return [undefined];
  const statements: (string | undefined)[] = [];
  visit(tree, (node) => statements.push(...statementsOf(node)));
  return statements;
}

/** A method's text is not a program; one of these forms makes it one. */
function parseMethod(text: string): Node | undefined {
  for (const program of [`({ ${text} })`, `(${text})`, `(class { ${text} })`]) {
    try {
      return parse(program, { ecmaVersion: "latest" });
    } catch {
      // The next form.
    }
  }
  return undefined;
}

type AnyNode = Node & Record<string, unknown>;

function visit(node: unknown, see: (node: AnyNode) => void): void {
  if (Array.isArray(node)) {
    for (const one of node) visit(one, see);
    return;
  }
  if (typeof node !== "object" || node === null || typeof (node as { type?: unknown }).type !== "string") return;
  for (const [key, value] of Object.entries(node)) if (key !== "type") visit(value, see);
  see(node as AnyNode);
}

function statementsOf(node: AnyNode): readonly (string | undefined)[] {
  if (node.type === "CallExpression") return known(node) ?? [];
  // An awaited call may do anything, unless it is known.
  if (node.type !== "AwaitExpression" && node.type !== "YieldExpression" && node.type !== "ReturnStatement") return [];
  const argument = node["argument"] as AnyNode | null;
  return argument?.type === "CallExpression" && known(argument) === undefined ? [undefined] : [];
}

/** The statements of a call; undefined for a call that is not known. */
function known(call: AnyNode): readonly (string | undefined)[] | undefined {
  const args = call["arguments"] as AnyNode[];
  const callee = call["callee"] as AnyNode;
  if (callee.type === "Identifier" && callee["name"] === "rebuild") return rebuildOf(args) ?? [undefined];
  if (callee.type === "Identifier" && callee["name"] === "backfill") return backfillOf(args) ?? [undefined];
  if (callee.type === "Identifier" && callee["name"] === "hasRows") return [];
  if (callee.type !== "MemberExpression") return undefined;
  const property = callee["property"] as AnyNode;
  const name = property.type === "Identifier" ? (property["name"] as string) : "";
  const read = Object.hasOwn(QUERY_RUNNER, name) ? QUERY_RUNNER[name] : undefined;
  if (read) return read(args.map(valueOf)) ?? [undefined];
  return WITHOUT_LOSS.test(name) ? [] : undefined;
}

/** The statements of the rebuild call in Retort's own files for SQLite. */
function rebuildOf([, table, parts]: readonly AnyNode[]): string[] | undefined {
  const name = table && valueOf(table);
  const { definition, into, from } = (parts && (valueOf(parts) as Record<string, unknown>)) ?? {};
  if (!areStrings(name, definition, into, from)) return undefined;
  const parked = quoted(`retort_rebuilt_${name as string}`);
  const own = quoted(name as string);
  return [
    `ALTER TABLE ${own} RENAME TO ${parked}`,
    definition as string,
    `INSERT INTO ${own} (${into as string}) SELECT ${from as string} FROM ${parked}`,
    `DROP TABLE ${parked}`,
  ];
}

/** What the batches of Retort's own files do together. */
function backfillOf([, parts]: readonly AnyNode[]): string[] | undefined {
  const { table, set, where } = (parts && (valueOf(parts) as Record<string, unknown>)) ?? {};
  if (!areStrings(table, set, where)) return undefined;
  return [`UPDATE ${table as string} SET ${set as string} WHERE ${where as string}`];
}

/** The value of a literal expression: strings, lists and objects of them; undefined for others. */
function valueOf(node: AnyNode): unknown {
  switch (node.type) {
    case "Literal":
      return node["value"];
    case "TemplateLiteral": {
      const quasis = node["quasis"] as { value: { cooked: string } }[];
      return (node["expressions"] as unknown[]).length === 0 ? quasis[0]!.value.cooked : undefined;
    }
    case "BinaryExpression": {
      const [left, right] = [valueOf(node["left"] as AnyNode), valueOf(node["right"] as AnyNode)];
      return node["operator"] === "+" && areStrings(left, right) ? `${left as string}${right as string}` : undefined;
    }
    case "ArrayExpression":
      return (node["elements"] as AnyNode[]).map((element) => element && valueOf(element));
    case "ObjectExpression":
      return objectOf(node["properties"] as AnyNode[]);
    default:
      return undefined;
  }
}

function objectOf(properties: readonly AnyNode[]): Record<string, unknown> {
  const entries = properties
    .filter(({ type, ...rest }) => type === "Property" && (rest["key"] as AnyNode).type === "Identifier")
    .map((property) => [(property["key"] as AnyNode)["name"] as string, valueOf(property["value"] as AnyNode)]);
  return Object.fromEntries(entries) as Record<string, unknown>;
}

function areStrings(...values: readonly unknown[]): boolean {
  return values.every((value) => typeof value === "string");
}

/** In double quotes, which the statement reader accepts for every database; these statements are never sent. */
function quoted(name: string): string {
  return name
    .split(".")
    .map((part) => `"${part.replaceAll('"', '""')}"`)
    .join(".");
}

function dropColumn(table: string, column: string): string {
  return `ALTER TABLE ${quoted(table)} DROP COLUMN ${quoted(column)}`;
}
