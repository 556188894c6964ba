import type * as acorn from "acorn";
import { pattern } from "./assignments";
import { replaceBetween, replaceNodes, slice, type FunctionNode, type Node } from "./ast";
import { declaredNames, shapeOf } from "./patterns";
import type { Rope } from "./rope";
import type { Rewriter, Scope } from "./scope";
import { awaited } from "./values";

/*
 * Functions and classes. A function that awaits something stays synchronous for its caller where nothing has to be awaited.
 */

/** The helper of a function call in rewritten code. */
const FUNCTION_HELPER = "__run";

export function classOf(rewriter: Rewriter, node: acorn.Class, scope: Scope): Rope {
  const replacements: [Node, Rope][] = [];
  if (node.superClass) replacements.push([node.superClass, rewriter.node(node.superClass, scope)]);
  replacements.push([node.body, rewriter.children(node.body, { ...scope, canAwait: false, returns: "plain" })]);
  return replaceNodes(node as Node, replacements);
}

export function functionOf(rewriter: Rewriter, node: FunctionNode, scope: Scope): Rope {
  const hidden = rewriter.options.substitutes.size ? new Set([...scope.hidden, ...declaredNames(node)]) : scope.hidden;
  const inner: Scope = {
    helper: FUNCTION_HELPER,
    canAwait: true,
    returns: node.async ? "plain" : "helper",
    hidden,
    awaits: { used: false },
  };
  if (scope.canAwait && !node.generator) {
    const rewritten = awaitingFunction(rewriter, node, inner);
    if (inner.awaits.used) return rewritten;
  }
  return syncFunction(rewriter, node, { ...inner, canAwait: false, returns: "plain" });
}

function syncFunction(rewriter: Rewriter, node: FunctionNode, scope: Scope): Rope {
  const params: [Node, Rope][] = node.params.map((param) => [param, pattern(rewriter, param, scope)]);
  return replaceNodes(node, [...params, [node.body, rewriter.node(node.body, scope)]]);
}

function awaitingFunction(rewriter: Rewriter, node: FunctionNode, scope: Scope): Rope {
  const header = headerOf(rewriter, node, scope);
  const body = bodyOf(rewriter, node, scope);
  if (node.async) return [header.start, `{const __run=__retort.enter();`, header.binding, body, "}"];
  return [
    header.start,
    "{return __retort.call(async __run=>{try{",
    header.binding,
    body,
    "}catch(__error){__run.fail(__error)}finally{__run.end()}})}",
  ];
}

/** Everything up to the body; parameters that have to be awaited are bound inside the body. */
function headerOf(rewriter: Rewriter, node: FunctionNode, scope: Scope): { start: Rope; binding: Rope } {
  const names = node.params.map((param) => (param.type === "RestElement" ? param.argument : param));
  const plain = names.every((param) => param.type === "Identifier");
  if (plain && !redeclaresParameter(node)) {
    const end = node.type === "ArrowFunctionExpression" ? endOfArrow(rewriter, node) : node.body.start;
    return { start: slice(node.start, end), binding: "" };
  }
  const first = node.params[0]!;
  const last = node.params.at(-1)!;
  const open = rewriter.source.lastIndexOf("(", first.start);
  const close = findToken(rewriter, ")", last.end);
  const parenthesised = open >= node.start && rewriter.source.slice(open + 1, first.start).trim() === "";
  const before = slice(node.start, parenthesised ? open : first.start);
  const end = node.type === "ArrowFunctionExpression" ? endOfArrow(rewriter, node) : node.body.start;
  const after = slice(parenthesised ? close + 1 : last.end, end);
  const params = node.params.map((param) => [pattern(rewriter, param, scope), param.type === "RestElement" ? "" : ","]);
  const shapes = node.params.map((param) => shapeOf(param) ?? "0");
  const values: Rope = shapes.every((shape) => shape === "0")
    ? "__values"
    : awaited(`${scope.helper}.parts(__values,[${shapes.join(",")}])`, scope);
  return { start: [before, "(...__values)", after], binding: ["var [", params, "]=", values, ";"] };
}

function redeclaresParameter(node: FunctionNode): boolean {
  if (node.body.type !== "BlockStatement" || node.async) return false;
  const inside = new Set(declaredNames(node.body));
  return node.params.some((param) => declaredNames(param).some((name) => inside.has(name)));
}

function bodyOf(rewriter: Rewriter, node: FunctionNode, scope: Scope): Rope {
  const { body } = node;
  if (body.type === "BlockStatement") return [statementsOf(rewriter, body, scope), "\n"];
  const give = scope.returns === "helper" ? `return void ${scope.helper}.give(` : "return (";
  return [
    give,
    slice(endOfArrow(rewriter, node as acorn.ArrowFunctionExpression), body.start),
    rewriter.node(body, scope),
    slice(body.end, node.end),
    ");",
  ];
}

/** The statements of a block without its braces. */
function statementsOf(rewriter: Rewriter, block: acorn.BlockStatement, scope: Scope): Rope {
  return replaceBetween(
    block.start + 1,
    block.end - 1,
    block.body.map((statement) => [statement, rewriter.node(statement, scope)]),
  );
}

function endOfArrow(rewriter: Rewriter, node: acorn.ArrowFunctionExpression): number {
  const from = node.params.length ? node.params.at(-1)!.end : node.start;
  return findToken(rewriter, "=>", from) + "=>".length;
}

/** The offset of the next occurrence of a token outside comments. */
function findToken(rewriter: Rewriter, token: string, from: number): number {
  const pattern = new RegExp(`//[^\\n]*|/\\*[^]*?\\*/|${token.replace(/[()]/g, "\\$&")}`, "g");
  pattern.lastIndex = from;
  for (let match = pattern.exec(rewriter.source); match; match = pattern.exec(rewriter.source)) {
    if (match[0] === token) return match.index;
  }
  return from;
}
