import type * as acorn from "acorn";
import { CALLBACK_METHODS, isKeywordArgument, memberName, replaceNodes, sliceOf, type Node } from "./ast";
import type { Rope, Slice } from "./rope";
import type { Rewriter, Scope } from "./scope";

/*
 * Expressions that have a value: names, calls, member accesses, objects.
 */

/** A chain of calls and members, and the conditionals of its `?.` that are still open. */
interface Chain {
  readonly opened: Rope;
  readonly expression: Rope;
  readonly open: number;
}

/** A call or a member access, awaited. */
export function valueOf(rewriter: Rewriter, node: Node, scope: Scope): Rope {
  const chain = chainOf(rewriter, node, scope);
  return [chain.opened, awaited(chain.expression, scope), ")".repeat(chain.open)];
}

export function awaited(expression: Rope, scope: Scope): Rope {
  scope.awaits.used = true;
  return [`(${scope.helper}.is(`, expression, `)?await ${scope.helper}.it():${scope.helper}.it())`];
}

/**
 * A chain of calls and members, not awaited yet. Each `?.` opens a conditional that the end of the whole chain closes, so that
 * everything after it is skipped as in JavaScript.
 */
export function chainOf(rewriter: Rewriter, node: Node, scope: Scope): Chain {
  const { helper } = scope;
  if (node.type === "MemberExpression") {
    const object = receiverOf(rewriter, node.object, memberName(node), scope);
    const member = memberOf(rewriter, node, scope);
    if (!node.optional) return { ...object, expression: [object.expression, member] };
    return {
      opened: [object.opened, `(${helper}.none(`, object.expression, ")?void 0:"],
      expression: [`${helper}.it()`, member],
      open: object.open + 1,
    };
  }
  if (node.type === "CallExpression") return callOf(rewriter, node, scope);
  if (node.type === "ImportExpression") {
    return { opened: "", expression: [`${helper}.import(`, rewriter.node(node.source, scope), ")"], open: 0 };
  }
  return { opened: "", expression: rewriter.node(node, scope), open: 0 };
}

function callOf(rewriter: Rewriter, node: acorn.CallExpression, scope: Scope): Chain {
  const { helper } = scope;
  const callee = node.callee as Node;
  const keywords = node.arguments.some(isKeywordArgument);
  if (callee.type === "Identifier" && rewriter.options.entities.has(callee.name)) {
    const values = argumentList(rewriter, node.arguments, scope, true);
    return {
      opened: "",
      expression: [`${helper}.make(`, identifier(rewriter, callee, scope), ",[", values, "])"],
      open: 0,
    };
  }
  if (callee.type === "MemberExpression" && !callee.computed && !callee.optional && !node.optional) {
    const method = (callee.property as acorn.Identifier).name;
    const object = receiverOf(rewriter, callee.object, method, scope);
    const place = sliceOf(callee.property);
    if (keywords)
      return { ...object, expression: keywordCall(rewriter, node, method, object.expression, place, scope) };
    if (CALLBACK_METHODS.has(method) && node.arguments.length > 0) {
      const values = argumentList(rewriter, node.arguments, scope, false);
      return { ...object, expression: [`${helper}.callback(`, object.expression, `,"`, place, `",[`, values, "])"] };
    }
  }
  const values: Rope = ["(", argumentList(rewriter, node.arguments, scope, false), ")"];
  if (node.optional) return optionalCall(rewriter, node, values, scope);
  if (callee.type === "Super" || callee.type === "Identifier") {
    return { opened: "", expression: [rewriter.node(callee, scope), values], open: 0 };
  }
  if (callee.type === "MemberExpression" || callee.type === "CallExpression") {
    const chain = chainOf(rewriter, callee, scope);
    if (callee.type === "MemberExpression") return { ...chain, expression: [chain.expression, values] };
    return { ...chain, expression: [awaited(chain.expression, scope), values] };
  }
  // `(function () { … })()`: the parentheses are not part of the callee.
  return { opened: "", expression: ["(", rewriter.node(callee, scope), ")", values], open: 0 };
}

/** `a.b?.(…)` and `f?.(…)`. */
function optionalCall(rewriter: Rewriter, node: acorn.CallExpression, values: Rope, scope: Scope): Chain {
  const { helper } = scope;
  const callee = node.callee as Node;
  if (callee.type === "MemberExpression") {
    const object = receiverOf(rewriter, callee.object, memberName(callee), scope);
    const key: Rope = callee.computed ? rewriter.node(callee.property, scope) : quoted(callee.property);
    const skip: Rope = callee.optional ? [`(${helper}.none(`, object.expression, ")?void 0:"] : "";
    const receiver: Rope = callee.optional ? `${helper}.it()` : object.expression;
    return {
      opened: [object.opened, skip, `(${helper}.none(${helper}.bound(`, receiver, ",", key, "))?void 0:"],
      expression: [`${helper}.it()`, values],
      open: object.open + (callee.optional ? 2 : 1),
    };
  }
  const chain = chainOf(rewriter, callee, scope);
  return {
    opened: [chain.opened, `(${helper}.none(`, chain.expression, ")?void 0:"],
    expression: [`${helper}.it()`, values],
    open: chain.open + 1,
  };
}

/** The object of a member access; awaited, unless it has the member without being loaded (`u.posts.count()`). */
function receiverOf(rewriter: Rewriter, object: Node, name: string | undefined, scope: Scope): Chain {
  if (!canBePromise(object)) return { opened: "", expression: ["(", rewriter.node(object, scope), ")"], open: 0 };
  if (object.type === "Super" || object.type === "ThisExpression") {
    return { opened: "", expression: rewriter.node(object, scope), open: 0 };
  }
  const chain = chainOf(rewriter, object, scope);
  const { helper } = scope;
  scope.awaits.used = true;
  const key = name === undefined ? "" : `,${JSON.stringify(name)}`;
  return {
    ...chain,
    expression: [`(${helper}.on(`, chain.expression, `${key})?await ${helper}.it():${helper}.it())`],
  };
}

function memberOf(rewriter: Rewriter, node: acorn.MemberExpression, scope: Scope): Rope {
  if (node.computed) return ["[", rewriter.node(node.property, scope), "]"];
  return [".", sliceOf(node.property)];
}

/**
 * `filterBy(username='susan')`. `f(a = 1)` is an assignment in JavaScript, and stays one unless the receiver is one of Retort's
 * objects, which is known only at run time.
 */
function keywordCall(
  rewriter: Rewriter,
  node: acorn.CallExpression,
  method: string,
  receiver: Rope,
  place: Slice,
  scope: Scope,
): Rope {
  const { helper } = scope;
  const asKeywords = ["(", argumentList(rewriter, node.arguments, scope, true), ")"];
  if (method === "filterBy") return [receiver, ".", place, asKeywords];
  const asTyped = ["(", argumentList(rewriter, node.arguments, scope, false), ")"];
  return [
    [`(${helper}.keywords(`, receiver, `)?${helper}.it().`, place, asKeywords],
    [`:${helper}.it().`, place, asTyped, ")"],
  ];
}

function argumentList(
  rewriter: Rewriter,
  values: acorn.CallExpression["arguments"],
  scope: Scope,
  keywords: boolean,
): Rope {
  const parts: Rope[] = [];
  const named: Rope[] = [];
  for (const value of values) {
    if (keywords && isKeywordArgument(value)) {
      named.push([sliceOf(value.left), ":", rewriter.node(value.right, scope), ","]);
    } else {
      parts.push([rewriter.node(value, scope), ","]);
    }
  }
  if (named.length) parts.push(["{", named, "}"]);
  return parts;
}

export function newExpression(rewriter: Rewriter, node: acorn.NewExpression, scope: Scope): Rope {
  const callee = node.callee as Node;
  if (callee.type === "Identifier" && rewriter.options.entities.has(callee.name)) {
    const values = argumentList(rewriter, node.arguments, scope, true);
    return [`${scope.helper}.construct(`, identifier(rewriter, callee, scope), ",[", values, "])"];
  }
  const replacements: [Node, Rope][] = node.arguments.map((value) => [value, rewriter.node(value, scope)]);
  replacements.unshift([callee, sliceOf(callee)]);
  // In parentheses: `new User().posts` must not become `new (…).posts`.
  return ["(", replaceNodes(node, replacements), ")"];
}

export function tagOf(rewriter: Rewriter, node: Node, scope: Scope): Rope {
  if (node.type === "MemberExpression") return chainOf(rewriter, node, scope).expression;
  // The parentheses of `(x => …)` are not part of the node.
  return node.type === "Identifier" ? rewriter.node(node, scope) : ["(", rewriter.node(node, scope), ")"];
}

export function identifier(rewriter: Rewriter, node: acorn.Identifier, scope: Scope): Rope {
  const substitute = rewriter.options.substitutes.get(node.name);
  if (substitute === undefined || scope.hidden.has(node.name)) return sliceOf(node);
  return substitute;
}

export function propertyOf(rewriter: Rewriter, node: acorn.Property | acorn.AssignmentProperty, scope: Scope): Rope {
  const value = node.value as Node;
  if (node.shorthand) {
    if (value.type !== "Identifier") return rewriter.node(value, scope);
    return [
      sliceOf(node),
      rewriter.options.substitutes.has(value.name) ? [":", identifier(rewriter, value, scope)] : "",
    ];
  }
  const replacements: [Node, Rope][] = [[value, rewriter.node(value, scope)]];
  if (node.computed) replacements.unshift([node.key, rewriter.node(node.key, scope)]);
  return replaceNodes(node, replacements);
}

export function objectExpression(rewriter: Rewriter, node: acorn.ObjectExpression, scope: Scope): Rope {
  return replaceNodes(
    node,
    node.properties.map((property) => [
      property,
      property.type === "SpreadElement"
        ? ["...", rewriter.node(property.argument, scope)]
        : rewriter.node(property, scope),
    ]),
  );
}

function quoted(node: Node): Rope {
  return ['"', sliceOf(node), '"'];
}

/** Whether a value of this form can be a promise or a relation that is not loaded. */
function canBePromise(node: Node): boolean {
  return /^(Identifier|MemberExpression|CallExpression|ChainExpression|ImportExpression|Super|ThisExpression)$/.test(
    node.type,
  );
}
