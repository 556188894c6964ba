import type * as acorn from "acorn";
import { replaceNodes, sliceOf, type Node } from "./ast";
import { shapeOf } from "./patterns";
import type { Rope } from "./rope";
import type { Rewriter, Scope } from "./scope";
import { awaited, chainOf, identifier } from "./values";

/*
 * Assignments, declarations and destructuring patterns.
 */

export function assignment(rewriter: Rewriter, node: acorn.AssignmentExpression, scope: Scope): Rope {
  const left = assignmentTarget(rewriter, node.left, scope);
  const right = destructured(node.left, rewriter.node(node.right, scope), scope);
  return replaceNodes(node, [
    [node.left, left],
    [node.right, right],
  ]);
}

export function declarator(rewriter: Rewriter, node: acorn.VariableDeclarator, scope: Scope): Rope {
  if (!node.init) return pattern(rewriter, node.id, scope);
  const init = destructured(node.id, rewriter.node(node.init, scope), scope);
  return replaceNodes(node, [
    [node.id, pattern(rewriter, node.id, scope)],
    [node.init, init],
  ]);
}

/** A value that is destructured: the properties that the pattern names are awaited first. */
export function destructured(pattern: Node, value: Rope, scope: Scope): Rope {
  const shape = scope.canAwait ? shapeOf(pattern) : undefined;
  return shape === undefined ? value : awaited([`${scope.helper}.parts(`, value, `,${shape})`], scope);
}

export function assignmentTarget(rewriter: Rewriter, node: Node, scope: Scope): Rope {
  return node.type === "Identifier" || node.type === "MemberExpression"
    ? reference(rewriter, node, scope)
    : pattern(rewriter, node, scope);
}

/** The target of an assignment: its own value is not read, but its object is. */
export function reference(rewriter: Rewriter, node: Node, scope: Scope): Rope {
  if (node.type !== "MemberExpression")
    return node.type === "Identifier" ? identifier(rewriter, node, scope) : rewriter.node(node, scope);
  if (scope.canAwait) return chainOf(rewriter, node, scope).expression;
  const replacements: [Node, Rope][] = [[node.object, rewriter.node(node.object, scope)]];
  if (node.computed) replacements.push([node.property, rewriter.node(node.property, scope)]);
  return replaceNodes(node, replacements);
}

export function pattern(rewriter: Rewriter, node: Node, scope: Scope): Rope {
  switch (node.type) {
    case "Identifier":
      return sliceOf(node);
    case "MemberExpression":
      return reference(rewriter, node, scope);
    case "AssignmentPattern":
      return replaceNodes(node, [
        [node.left, pattern(rewriter, node.left, scope)],
        [node.right, rewriter.node(node.right, scope)],
      ]);
    case "RestElement":
      return replaceNodes(node, [[node.argument, pattern(rewriter, node.argument, scope)]]);
    case "ArrayPattern":
      return replaceNodes(
        node,
        node.elements
          .filter((element) => element !== null)
          .map((element) => [element, pattern(rewriter, element, scope)]),
      );
    case "ObjectPattern":
      return replaceNodes(
        node,
        node.properties.map((property) => [property, patternProperty(rewriter, property, scope)]),
      );
    default:
      return rewriter.node(node, scope);
  }
}

function patternProperty(rewriter: Rewriter, node: acorn.AssignmentProperty | acorn.RestElement, scope: Scope): Rope {
  if (node.type === "RestElement") return pattern(rewriter, node, scope);
  const value = node.value as Node;
  if (node.shorthand) return pattern(rewriter, value, scope);
  const replacements: [Node, Rope][] = [[value, pattern(rewriter, value, scope)]];
  if (node.computed) replacements.unshift([node.key, rewriter.node(node.key, scope)]);
  return replaceNodes(node, replacements);
}

export function catchClause(rewriter: Rewriter, node: acorn.CatchClause, scope: Scope): Rope {
  const replacements: [Node, Rope][] = [[node.body, rewriter.node(node.body, scope)]];
  if (node.param) replacements.unshift([node.param, pattern(rewriter, node.param, scope)]);
  return replaceNodes(node, replacements);
}

export function unary(rewriter: Rewriter, node: acorn.UnaryExpression, scope: Scope): Rope {
  if (node.operator !== "delete") return rewriter.children(node, scope);
  if (node.argument.type === "ChainExpression") return sliceOf(node);
  return replaceNodes(node, [[node.argument, reference(rewriter, node.argument, scope)]]);
}
