import type * as acorn from "acorn";
import { reference } from "./assignments";
import { replaceNodes, sliceOf, type Node } from "./ast";
import type { Rope } from "./rope";
import type { Rewriter, Scope } from "./scope";
import { awaited } from "./values";

/*
 * Operators and conditions. An operator may call a function (`valueOf`, a trap of a Proxy): the helper looks whether that had to wait.
 * A condition is awaited where it may be a promise that a variable holds: every promise would be true.
 */

export function unary(rewriter: Rewriter, node: acorn.UnaryExpression, scope: Scope): Rope {
  const { argument } = node;
  switch (node.operator) {
    case "!":
      return replaceNodes(node, [[argument, condition(rewriter, argument, scope)]]);
    case "delete":
      if (argument.type !== "MemberExpression") return sliceOf(node);
      return checked(replaceNodes(node, [[argument, reference(rewriter, argument, scope)]]), scope);
    case "+":
    case "-":
    case "~": {
      const rope = rewriter.children(node, scope);
      return isPrimitive(argument) ? rope : checked(rope, scope);
    }
    default:
      return rewriter.children(node, scope);
  }
}

export function binary(rewriter: Rewriter, node: acorn.BinaryExpression, scope: Scope): Rope {
  const rope = operands(rewriter, node, scope);
  return maySpeak(node) ? checked(rope, scope) : rope;
}

/** The operands of an operator; a chain of operators is checked once, so that its length does not nest the code. */
function operands(rewriter: Rewriter, node: acorn.BinaryExpression, scope: Scope): Rope {
  const { left, right } = node;
  const first = left.type === "BinaryExpression" ? operands(rewriter, left, scope) : rewriter.node(left, scope);
  return replaceNodes(node, [
    [left, first],
    [right, rewriter.node(right, scope)],
  ]);
}

/** Whether an operator may call a function of one of its operands. */
function maySpeak(node: acorn.BinaryExpression): boolean {
  for (let operation: Node = node; operation.type === "BinaryExpression"; operation = operation.left) {
    const { left, operator, right } = operation;
    if (operator !== "===" && operator !== "!==" && !(isPrimitive(left) && isPrimitive(right))) return true;
  }
  return false;
}

/** Whether an expression is never an object. */
function isPrimitive({ type }: Node): boolean {
  return /^(?:Literal|TemplateLiteral|UnaryExpression|BinaryExpression|UpdateExpression)$/.test(type);
}

function checked(rope: Rope, { helper }: Scope): Rope {
  return [`(${helper}.of(`, rope, "))"];
}

// Conditions ----------------------------------------------------------------------------------------------------------

export function logical(rewriter: Rewriter, node: acorn.LogicalExpression, scope: Scope): Rope {
  return replaceNodes(node, [
    [node.left, condition(rewriter, node.left, scope)],
    [node.right, rewriter.node(node.right, scope)],
  ]);
}

/** `a ? b : c`, and `if`. */
export function conditional(
  rewriter: Rewriter,
  node: acorn.ConditionalExpression | acorn.IfStatement,
  scope: Scope,
): Rope {
  const { test, consequent, alternate } = node;
  const replacements: [Node, Rope][] = [
    [test, condition(rewriter, test, scope)],
    [consequent, rewriter.node(consequent, scope)],
  ];
  if (alternate) replacements.push([alternate, rewriter.node(alternate, scope)]);
  return replaceNodes(node, replacements);
}

/** Expressions whose value may be a promise that was not awaited yet. */
const UNSETTLED = /^(?:Identifier|NewExpression|AssignmentExpression|ConditionalExpression|SequenceExpression)$/;

/** An expression that is true or false. */
export function condition(rewriter: Rewriter, node: Node, scope: Scope): Rope {
  const rope = rewriter.node(node, scope);
  if (node.type === "LogicalExpression") {
    const { right } = node;
    return UNSETTLED.test(right.type) || right.type === "LogicalExpression" ? awaited(rope, scope) : rope;
  }
  return UNSETTLED.test(node.type) ? awaited(rope, scope) : rope;
}
