import type * as acorn from "acorn";
import { childrenOf } from "./ast";
import { parse } from "./parse";

/** A member access as it was typed: `User.query` and `filtrBy`. */
export interface MemberAccess {
  readonly object: string | undefined;
  readonly name: string;
}

/**
 * The member access at an offset of a text.
 * @param name the name of the member, where it is known: V8 may give the offset of the whole expression then
 */
export function accessAt(text: string, offset: number, name?: string): MemberAccess | undefined {
  const parsed = parse(text);
  if (parsed.status !== "complete") return undefined;
  const moved = parsed.source.length === text.length ? 0 : 1;
  const at = offset + moved;
  const furthest = name === undefined ? 1 : Infinity;
  let found: { access: MemberAccess; distance: number } | undefined;
  const visit = (node: acorn.AnyNode): void => {
    if (node.type === "MemberExpression" && !node.computed) {
      // V8 gives the offset of the dot, the property, or the whole expression.
      const distance = Math.min(Math.abs(node.property.start - at), Math.abs(node.property.start - 1 - at));
      const access = {
        object: parsed.source.slice(node.object.start, node.object.end),
        name: parsed.source.slice(node.property.start, node.property.end),
      };
      const isMeant = distance <= furthest && (name === undefined || access.name === name);
      if (isMeant && (!found || distance < found.distance)) found = { access, distance };
    }
    for (const value of Object.values(node) as unknown[]) {
      for (const item of Array.isArray(value) ? value : [value]) {
        if (item && typeof (item as acorn.AnyNode).type === "string") visit(item as acorn.AnyNode);
      }
    }
  };
  visit(parsed.program);
  return found?.access;
}

/** What an error is about: what is called, constructed, iterated over or destructured. */
export type ErrorSubject = "callee" | "constructor" | "iterable" | "destructured";

/**
 * The expression at an offset of a text that an error is about, as V8 writes it in the error's message: `a.b(...).c`.
 * @returns undefined where there is none
 */
export function subjectAt(text: string, offset: number, subject: ErrorSubject): string | undefined {
  const parsed = parse(text);
  if (parsed.status !== "complete") return undefined;
  const at = offset + (parsed.source.length === text.length ? 0 : 1);
  let found: { node: acorn.AnyNode; distance: number } | undefined;
  const visit = (node: acorn.AnyNode): void => {
    const meant = subjectOf(node, subject);
    if (meant) {
      const start = meant.type === "MemberExpression" ? meant.property.start : meant.start;
      const distance = Math.min(Math.abs(start - at), Math.abs(start - 1 - at), Math.abs(meant.end - at));
      if (!found || distance < found.distance) found = { node: meant, distance };
    }
    childrenOf(node).forEach(visit);
  };
  visit(parsed.program);
  if (!found) return undefined;
  const shown = displayed(found.node, parsed.source);
  return subject === "iterable" && mayNotBeFunction(found.node) ? `${calleesOf(shown)} ${OR_ITS_VALUE}` : shown;
}

const OR_ITS_VALUE = "is not a function or its return value";

/** Whether V8 does not tell what is called from what it gives. */
function mayNotBeFunction(node: acorn.AnyNode): boolean {
  return node.type === "SequenceExpression"
    ? mayNotBeFunction(node.expressions.at(-1)!)
    : node.type === "CallExpression";
}

/** Calls without their arguments, as V8 writes them then. */
function calleesOf(shown: string): string {
  return shown.replaceAll("(...)", "");
}

function subjectOf(node: acorn.AnyNode, subject: ErrorSubject): acorn.AnyNode | null | undefined {
  switch (subject) {
    case "callee":
      if (node.type === "TaggedTemplateExpression") return node.tag;
      return node.type === "CallExpression" ? node.callee : undefined;
    case "constructor":
      return node.type === "NewExpression" ? node.callee : undefined;
    case "destructured":
      return valueOf(node, "ObjectPattern");
    default:
      if (node.type === "ForOfStatement") return node.right;
      if (node.type === "SpreadElement" || (node.type === "YieldExpression" && node.delegate)) return node.argument;
      return valueOf(node, "ArrayPattern");
  }
}

/** The value that a pattern of a type is given. */
function valueOf(node: acorn.AnyNode, pattern: "ObjectPattern" | "ArrayPattern"): acorn.AnyNode | null | undefined {
  if (node.type === "VariableDeclarator") return node.id.type === pattern ? node.init : undefined;
  return node.type === "AssignmentExpression" && node.left.type === pattern ? node.right : undefined;
}

const UNKNOWN = "(intermediate value)";

/** An expression as V8 writes it in messages. */
function displayed(node: acorn.AnyNode, source: string): string {
  const shown = (part: acorn.AnyNode): string => displayed(part, source);
  switch (node.type) {
    case "Identifier":
    case "ThisExpression":
    case "Super":
      return source.slice(node.start, node.end);
    case "Literal":
      if (typeof node.value === "bigint") return UNKNOWN;
      return typeof node.value === "string" ? `"${node.value}"` : source.slice(node.start, node.end);
    case "TemplateLiteral":
      if (node.expressions.length === 0) return `"${node.quasis[0]!.value.cooked ?? ""}"`;
      return node.expressions.map(shown).join("");
    case "CallExpression":
      return `${shown(node.callee)}(...)`;
    case "MemberExpression":
      return `${shown(node.object)}${displayedKey(node, source)}`;
    case "ArrayExpression":
      return `[${node.elements.map((element) => (element ? shown(element) : UNKNOWN)).join(",")}]`;
    case "SpreadElement":
      return `(...${shown(node.argument)})`;
    case "ObjectExpression":
      return `{${UNKNOWN.repeat(node.properties.length)}}`;
    case "UnaryExpression": {
      if (node.operator === "-" && node.argument.type === "Literal") return source.slice(node.start, node.end);
      return `(${node.operator}${/[a-z]/.test(node.operator) ? " " : ""}${shown(node.argument)})`;
    }
    case "UpdateExpression":
      return node.prefix ? `(${node.operator}${shown(node.argument)})` : `(${shown(node.argument)}${node.operator})`;
    case "BinaryExpression":
    case "LogicalExpression":
      return `(${operandsOf(node).map(shown).join(` ${node.operator} `)})`;
    case "SequenceExpression":
      return `(${node.expressions.map(shown).join(" , ")})`;
    case "AssignmentExpression":
      return shown(node.left);
    case "ConditionalExpression":
      return UNKNOWN.repeat(3);
    default:
      return UNKNOWN;
  }
}

function displayedKey(node: acorn.MemberExpression, source: string): string {
  const { property } = node;
  if (property.type === "PrivateIdentifier") return `[#${property.name}]`;
  if (!node.computed) return `${node.optional ? "?." : "."}${source.slice(property.start, property.end)}`;
  const isText = property.type === "Literal" && typeof property.value === "string";
  if (isText) return `${node.optional ? "?." : "."}${String(property.value)}`;
  return `${node.optional ? "?." : ""}[${displayed(property, source)}]`;
}

/** The operands of an operator that is repeated: `a + b + c` has three. */
function operandsOf({ left, operator, right }: acorn.BinaryExpression | acorn.LogicalExpression): acorn.AnyNode[] {
  const isRepeated =
    (left.type === "BinaryExpression" || left.type === "LogicalExpression") && left.operator === operator;
  return [...(isRepeated ? operandsOf(left) : [left]), right];
}
