import { ansi, escapeLine, slice, type EscapedText } from "../../terminal/escaped-text";
import { wrap } from "../../terminal/width";
import { apiNames, entriesNamed, memberEntry } from "../api/api";
import type { ApiEntry } from "../api/entry";
import { membersOf } from "../complete/members";
import { scan } from "../complete/scan";
import { Inference } from "../complete/types";
import { nearest } from "../../suggestion";
import type { ShellContext } from "../context";
import type { RetortError } from "../../errors";
import { notHere } from "../errors";
import { drawPairs } from "../print/table";
import { parse } from "../rewrite/parse";
import { describeEntity } from "./schema";

/** Help on an entity, a column, a member of the API or a name at the prompt; no lines where there is none. Nothing is run. */
export function explanation(text: string, shell: ShellContext): EscapedText[] {
  const name = calleeOf(text.trim());
  const entity = shell.names.entity(name);
  if (entity) return describeEntity(entity, shell);
  const property = describeProperty(name, shell);
  if (property) return property;
  const entries = entriesOf(name, shell);
  if (entries.length > 0) return entries.flatMap((entry) => entryLines(entry, shell));
  const members = membersOf(name, shell);
  if (members.length > 0)
    return [ansi`${shell.output.style.bold(escapeLine(name))} has ${escapeLine(members.join(", "))}`];
  return [];
}

/** @param more names of which the caller has help */
export function noHelp(name: string, { names }: ShellContext, more: readonly string[]): RetortError {
  const meant =
    names.entityCalled(name) ?? nearest(name, [...names.entities.map((one) => one.name), ...more, ...apiNames()]);
  return notHere(`there is no help on ${name}`, meant === undefined ? ".help" : `.help ${meant}`);
}

/** The function of a call, complete or not: `User.query.filterBy(` → `User.query.filterBy`. */
function calleeOf(text: string): string {
  const [open] = scan(text).open;
  if (open) return text.slice(0, open.at).trim();
  const parsed = parse(text);
  const [statement] = parsed.status === "complete" ? parsed.program.body : [];
  if (statement?.type !== "ExpressionStatement") return text.replace(/`.*$/s, "").trim();
  const { expression } = statement;
  if (expression.type === "CallExpression") return text.slice(expression.callee.start, expression.callee.end);
  return expression.type === "TaggedTemplateExpression" ? text.slice(expression.tag.start, expression.tag.end) : text;
}

/** `filterBy`, `session.commit`, `User.query.filterBy`, `u.posts.count`: by the type of what precedes the last dot. */
function entriesOf(name: string, shell: ShellContext): ApiEntry[] {
  const dot = name.lastIndexOf(".");
  if (dot < 0) return shell.names.isFromSettings(name) ? [] : entriesNamed(name);
  const [owner, member] = [name.slice(0, dot), name.slice(dot + 1)];
  if (owner === "func") return entriesNamed("func");
  const type = new Inference(shell).ofText(owner);
  if (type.kind === "class" && member === "query") return [queryEntry(owner)];
  if (type.kind === "class" && member === "c") return [columnsEntry(owner)];
  const entry = memberEntry(type.kind, member);
  if (entry) return [entry];
  return type.kind === "unknown" ? entriesNamed(member) : [];
}

function queryEntry(entity: string): ApiEntry {
  return {
    signature: `${entity}.query`,
    summary: `a query of all rows of ${entity}; .all(), .first(), .get(key), .count() … run it`,
    example: `${entity}.query.orderBy('id').limit(5).all()`,
    isAsync: false,
  };
}

function columnsEntry(entity: string): ApiEntry {
  return {
    signature: `${entity}.c`,
    summary: `the columns and relations of ${entity} as expressions`,
    example: `${entity}.query.orderBy(${entity}.c.id.desc()).all()`,
    isAsync: false,
  };
}

function entryLines({ signature, summary, example }: ApiEntry, { output }: ShellContext): EscapedText[] {
  const { style, width } = output;
  const text = escapeLine(`${signature}  ${summary}`);
  const [first, ...more] = wrap(text, Math.max(width - 2, signature.length));
  return [
    ansi`${style.bold(slice(first!, 0, signature.length))}${slice(first!, signature.length)}`,
    ...more.map((line) => ansi`  ${line}`),
    ...drawPairs([{ name: ansi`example`, text: escapeLine(example) }], style),
  ];
}

/** `User.username`, `User.c.username`. */
function describeProperty(name: string, shell: ShellContext): EscapedText[] | undefined {
  const [owner, ...path] = name.split(".");
  const entity = shell.names.entity(owner!);
  const property = (path[0] === "c" ? path.slice(1) : path).join(".");
  if (!entity || property === "") return undefined;
  const { columns, relations } = entity.model;
  const isKnown = [...columns, ...relations].some((one) => one.property === property);
  return isKnown ? describeEntity(entity, shell, property) : undefined;
}
