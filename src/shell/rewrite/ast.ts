import type * as acorn from "acorn";
import type { Rope, Slice } from "./rope";

/*
 * What rewriting an input for the prompt and writing it as a script (`.save`) have in common.
 */

export type Node = acorn.AnyNode;
export type FunctionNode = acorn.FunctionDeclaration | acorn.FunctionExpression | acorn.ArrowFunctionExpression;

/** Methods of arrays (and of Map and Set) whose callbacks may have to be awaited. */
export const CALLBACK_METHODS: ReadonlySet<string> = new Set([
  "map",
  "filter",
  "forEach",
  "some",
  "every",
  "find",
  "findIndex",
  "findLast",
  "findLastIndex",
  "flatMap",
  "sort",
  "toSorted",
  "reduce",
  "reduceRight",
  "from",
]);

/** Methods of generators: a generator of the prompt may have to wait between its values. */
export const GENERATOR_METHODS: ReadonlySet<string> = new Set(["next", "return", "throw"]);

export function isFunction(node: Node): node is FunctionNode {
  return /^(FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(node.type);
}

/** The child nodes, in the order of the text. */
export function childrenOf(node: Node): Node[] {
  const children: Node[] = [];
  const named = node.type === "MethodDefinition" || node.type === "PropertyDefinition";
  for (const [key, value] of Object.entries(node) as [string, unknown][]) {
    if (named && key === "key" && !node.computed) continue;
    for (const item of Array.isArray(value) ? value : [value]) {
      if (item && typeof (item as Node).type === "string" && typeof (item as Node).start === "number")
        children.push(item as Node);
    }
  }
  return children.sort((a, b) => a.start - b.start);
}

/** The name of a member access with a dot. */
export function memberName(node: acorn.MemberExpression): string | undefined {
  return !node.computed && node.property.type === "Identifier" ? node.property.name : undefined;
}

/** `username='susan'` as an argument of a call. */
export function isKeywordArgument(node: Node): node is acorn.AssignmentExpression & { left: acorn.Identifier } {
  return node.type === "AssignmentExpression" && node.operator === "=" && node.left.type === "Identifier";
}

/** The name of a declaration that declares one name with a value. */
export function singleName(node: Node): string | undefined {
  if (node.type !== "VariableDeclaration" || node.declarations.length !== 1) return undefined;
  const [declarator] = node.declarations;
  return declarator?.id.type === "Identifier" && declarator.init ? declarator.id.name : undefined;
}

/** A range of the source. */
export function slice(start: number, end: number): Slice {
  return { start, end };
}

/** The source of a node. */
export function sliceOf({ start, end }: Node): Slice {
  return { start, end };
}

/** The source of a node with some of its descendants replaced, which are given in the order of the text. */
export function replaceNodes(node: Node, replacements: readonly (readonly [Node, Rope])[]): Rope {
  return replaceBetween(node.start, node.end, replacements);
}

/** A range of the source with some of its nodes replaced. */
export function replaceBetween(start: number, end: number, replacements: readonly (readonly [Node, Rope])[]): Rope {
  const parts: Rope[] = [];
  let at = start;
  for (const [node, rope] of replacements) {
    parts.push(slice(at, node.start), rope);
    at = node.end;
  }
  parts.push(slice(at, end));
  return parts;
}
