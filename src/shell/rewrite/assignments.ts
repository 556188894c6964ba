import type * as acorn from "acorn";
import { replaceBetween, replaceNodes, sliceOf, type Node } from "./ast";
import { shapeOf } from "./patterns";
import type { Rope } from "./rope";
import { RUNTIME, type Rewriter, type Scope } from "./scope";
import { awaited, identifier, memberReference } from "./values";

/*
 * Assignments, declarations and destructuring patterns.
 */

export function assignment(rewriter: Rewriter, node: acorn.AssignmentExpression, scope: Scope): Rope {
  rewriter.nameFunction(node.right, node.left);
  const left = assignmentTarget(rewriter, node.left, scope);
  const right = destructured(node.left, rewriter.node(node.right, scope), scope);
  return replaceNodes(node, [
    [node.left, left],
    [node.right, right],
  ]);
}

export function declarator(rewriter: Rewriter, node: acorn.VariableDeclarator, scope: Scope): Rope {
  if (!node.init) return pattern(rewriter, node.id, scope);
  rewriter.nameFunction(node.init, node.id);
  const init = destructured(node.id, rewriter.node(node.init, scope), scope);
  return replaceNodes(node, [
    [node.id, pattern(rewriter, node.id, scope)],
    [node.init, init],
  ]);
}

/** A value that is destructured: what the pattern reads is awaited first. */
export function destructured(pattern: Node, value: Rope, scope: Scope): Rope {
  const shape = shapeOf(pattern);
  return shape === undefined ? value : awaited([`${scope.helper}.parts(`, value, `,${shape})`], scope);
}

export function assignmentTarget(rewriter: Rewriter, node: Node, scope: Scope): Rope {
  return node.type === "Identifier" || node.type === "MemberExpression"
    ? reference(rewriter, node, scope)
    : pattern(rewriter, node, scope);
}

/** The target of an assignment: its own value is not read, but its object is. */
export function reference(rewriter: Rewriter, node: Node, scope: Scope): Rope {
  if (node.type === "MemberExpression") return memberReference(rewriter, node, scope);
  return node.type === "Identifier" ? identifier(rewriter, node, scope) : rewriter.node(node, scope);
}

export function pattern(rewriter: Rewriter, node: Node, scope: Scope): Rope {
  switch (node.type) {
    case "Identifier":
      return sliceOf(node);
    case "MemberExpression":
      return reference(rewriter, node, scope);
    case "AssignmentPattern":
      rewriter.nameFunction(node.right, node.left);
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

/** The message of an error contains what was typed, not the rewritten code. */
export function catchClause(rewriter: Rewriter, node: acorn.CatchClause, scope: Scope): Rope {
  const { param, body } = node;
  // What the block of `try` has given is no value of the statement any more.
  const reset = scope.completes ? `${scope.helper}.last=void 0;` : "";
  if (!param) return replaceNodes(node, [[body, ["{", reset, rewriter.node(body, scope), "}"]]]);
  const statements: Rope = [
    reset,
    replaceBetween(
      body.start + 1,
      body.end - 1,
      body.body.map((statement) => [statement, rewriter.node(statement, scope)]),
    ),
  ];
  if (param.type === "Identifier") {
    const name = sliceOf(param);
    return ["catch(", name, "){", name, `=${RUNTIME}.caught(`, name, ");", statements, "}"];
  }
  const caught = destructured(param, `${RUNTIME}.caught(__caught)`, scope);
  return ["catch(__caught){let ", pattern(rewriter, param, scope), "=", caught, ";", statements, "}"];
}
