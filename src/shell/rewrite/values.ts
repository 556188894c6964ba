import type * as acorn from "acorn";
import { tokenizer } from "acorn";
import {
  CALLBACK_METHODS,
  GENERATOR_METHODS,
  isKeywordArgument,
  memberName,
  replaceNodes,
  sliceOf,
  type Node,
} from "./ast";
import type { Rope } from "./rope";
import type { Rewriter, Scope } from "./scope";

/*
 * Expressions that have a value: names, calls, member accesses, objects.
 *
 * The helper H keeps the last value in `H.t`. `H.is(value)` stores it there and tells whether it has to be awaited; `H.on(value, name)`
 * does the same for an object whose member is read, and `H.none(value)` tells whether it ends an optional chain. A chain of calls
 * and members is a flat list of such steps, so that its length does not nest the code:
 *
 *     a.b(c).d    (H.on(a,"b")&&(H.t=await H.t),H.on(H.t.b(c),"d")&&(H.t=await H.t),H.is(H.t.d)?await H.t:H.t)
 *
 * Each step reads `H.t` before anything else is evaluated, so nested chains and recursion may overwrite it.
 */

/** A chain of calls and members, up to its last step. */
interface Chain {
  /** The steps before the last, and the conditionals of `?.` that are still open. */
  readonly steps: Rope;
  /** The last step. */
  readonly expression: Rope;
  /** How many conditionals are open. */
  readonly open: number;
}

/** A call or a member access, awaited. */
export function valueOf(rewriter: Rewriter, node: Node, scope: Scope): Rope {
  const { steps, expression, open } = chainOf(rewriter, node, scope);
  return ["(", steps, awaitedStep(expression, scope), ")".repeat(open + 1)];
}

/** An expression whose value is awaited. */
export function awaited(expression: Rope, scope: Scope): Rope {
  return ["(", awaitedStep(expression, scope), ")"];
}

function awaitedStep(expression: Rope, scope: Scope): Rope {
  const { helper } = scope;
  const value = `${helper}.t`;
  if (scope.suspension === "none") return [`${helper}.is(`, expression, `),${value}`];
  return [`${helper}.is(`, expression, `)?${suspended(scope)}:${value}`];
}

/** Waits for the value that the helper keeps. */
export function suspended({ helper, suspension }: Scope): string {
  return suspension === "yield" ? `yield ${helper}.wait()` : `await ${helper}.t`;
}

/** After a test of a value that is not the last of its chain: waits for it, where it has to be awaited. */
function waitStep(scope: Scope): string {
  return scope.suspension === "none" ? "" : `&&(${scope.helper}.t=${suspended(scope)})`;
}

/** A member whose value is stored, not used: only a promise is refused. */
export function storedMember(rewriter: Rewriter, node: acorn.MemberExpression, scope: Scope): Rope {
  const { steps, expression, open } = memberAccess(rewriter, node, scope);
  return ["(", steps, `${scope.helper}.stored(`, expression, ")", ")".repeat(open + 1)];
}

/** A member that is not read: the target of an assignment, the operand of `++` and `delete`. */
export function memberReference(rewriter: Rewriter, node: acorn.MemberExpression, scope: Scope): Rope {
  if (isPlainReceiver(node.object)) return [rewriter.node(node.object, scope), memberOf(rewriter, node, scope)];
  const object = receiverOf(rewriter, node.object, memberName(node), scope);
  return [["(", object.steps, `${scope.helper}.t`, ")".repeat(object.open + 1)], memberOf(rewriter, node, scope)];
}

/** A chain of calls and members; its last step is not awaited. */
function chainOf(rewriter: Rewriter, node: Node, scope: Scope): Chain {
  switch (node.type) {
    case "MemberExpression":
      return memberAccess(rewriter, node, scope);
    case "CallExpression":
      return callOf(rewriter, node, scope);
    case "ImportExpression":
      return single([`${scope.helper}.import(`, rewriter.node(node.source, scope), ")"]);
    default:
      return single(rewriter.node(node, scope));
  }
}

function single(expression: Rope): Chain {
  return { steps: "", expression, open: 0 };
}

function memberAccess(rewriter: Rewriter, node: acorn.MemberExpression, scope: Scope): Chain {
  const member = memberOf(rewriter, node, scope);
  if (isPlainReceiver(node.object)) return single([rewriter.node(node.object, scope), member]);
  const object = receiverOf(rewriter, node.object, memberName(node), scope);
  const value = `${scope.helper}.t`;
  if (!node.optional) return { ...object, expression: [value, member] };
  return {
    steps: [object.steps, `${scope.helper}.none(${value})?void 0:(`],
    expression: [value, member],
    open: object.open + 1,
  };
}

/** The steps that store the object of a member access in `H.t`. It is awaited, unless it has the member without being loaded. */
function receiverOf(
  rewriter: Rewriter,
  object: Node,
  name: string | undefined,
  scope: Scope,
): Omit<Chain, "expression"> {
  const { helper } = scope;
  const { steps, expression, open } = chainOf(rewriter, object, scope);
  const key = name === undefined ? "" : `,${JSON.stringify(name)}`;
  return { steps: [steps, `${helper}.on(`, expression, `${key})${waitStep(scope)},`], open };
}

/** `super` is no value: only its members can be read. */
function isPlainReceiver(object: Node): boolean {
  return object.type === "Super";
}

function memberOf(rewriter: Rewriter, node: acorn.MemberExpression, scope: Scope): Rope {
  if (node.computed) return ["[", rewriter.node(node.property, scope), "]"];
  return [".", sliceOf(node.property)];
}

// Calls ---------------------------------------------------------------------------------------------------------------

function callOf(rewriter: Rewriter, node: acorn.CallExpression, scope: Scope): Chain {
  const callee = node.callee as Node;
  if (callee.type === "Identifier") {
    if (rewriter.options.entities.has(callee.name)) return single(entityCall(rewriter, "make", callee, node, scope));
    if (isEvaluated(callee)) return single([sliceOf(callee), "(", evaluatedText(rewriter, node, scope), ")"]);
    if (!node.optional) return single([rewriter.node(callee, scope), callArguments(rewriter, node, scope)]);
  }
  if (callee.type === "Super") return single([sliceOf(callee), callArguments(rewriter, node, scope)]);
  if (callee.type === "MemberExpression") return methodCall(rewriter, node, callee, scope);
  return functionCall(rewriter, node, callee, scope);
}

/** A call of what is not a member: `f(x)(y)`, `(x => y)()`, `f?.()`. */
function functionCall(rewriter: Rewriter, node: acorn.CallExpression, callee: Node, scope: Scope): Chain {
  const { helper } = scope;
  const { steps, expression, open } = chainOf(rewriter, callee, scope);
  const call = boundCall(rewriter, node, scope);
  const loaded: Rope = [steps, `${helper}.is(`, expression, `)${waitStep(scope)},`];
  if (!node.optional) return { steps: loaded, expression: call, open };
  return { steps: [loaded, `${helper}.none(${helper}.t)?void 0:(`], expression: call, open: open + 1 };
}

function methodCall(
  rewriter: Rewriter,
  node: acorn.CallExpression,
  callee: acorn.MemberExpression,
  scope: Scope,
): Chain {
  const { helper } = scope;
  if (isPlainReceiver(callee.object)) {
    const { expression } = memberAccess(rewriter, callee, scope);
    return single([expression, callArguments(rewriter, node, scope)]);
  }
  if (node.optional) return optionalMethodCall(rewriter, node, callee, scope);
  const name = memberName(callee);
  const { steps, open } = memberAccess(rewriter, callee, scope);
  if (name !== undefined && node.arguments.some(isKeywordArgument))
    return { ...keywordCall(rewriter, node, callee, steps, scope), open };
  if (name !== undefined && isHelpedMethod(name, node)) {
    const values = argumentList(rewriter, node.arguments, scope, false);
    const called = { text: `${helper}.callback`, offset: callee.property.start };
    const call: Rope = [called, `(${helper}.t,"`, sliceOf(callee.property), `",[`, values, "])"];
    return { steps, expression: call, open };
  }
  return {
    steps,
    expression: [`${helper}.t`, memberOf(rewriter, callee, scope), memberArguments(rewriter, node, callee, scope)],
    open,
  };
}

/** Whether the helper calls a method, because its callbacks or the generator may have to be awaited. */
function isHelpedMethod(name: string, node: acorn.CallExpression): boolean {
  return (CALLBACK_METHODS.has(name) && node.arguments.length > 0) || GENERATOR_METHODS.has(name);
}

/** `a.b?.(…)`, `a?.b?.(…)`. */
function optionalMethodCall(
  rewriter: Rewriter,
  node: acorn.CallExpression,
  callee: acorn.MemberExpression,
  scope: Scope,
): Chain {
  const { helper } = scope;
  const { steps, open } = memberAccess(rewriter, callee, scope);
  const key: Rope = callee.computed ? rewriter.node(callee.property, scope) : ['"', sliceOf(callee.property), '"'];
  return {
    steps: [steps, `${helper}.none(${helper}.bound(${helper}.t,`, key, "))?void 0:("],
    expression: boundCall(rewriter, node, scope),
    open: open + 1,
  };
}

/**
 * `filterBy(username='susan')`. `f(a = 1)` is an assignment in JavaScript, and stays one unless the receiver is one of Retort's
 * objects, which is known only at run time: `(H.named(1)?H.t:a=H.t)`.
 */
function keywordCall(
  rewriter: Rewriter,
  node: acorn.CallExpression,
  callee: acorn.MemberExpression,
  steps: Rope,
  scope: Scope,
): Omit<Chain, "open"> {
  const { helper } = scope;
  const method = sliceOf(callee.property);
  if (memberName(callee) === "filterBy")
    return {
      steps,
      expression: [`${helper}.t.`, method, "(", argumentList(rewriter, node.arguments, scope, true), ")"],
    };
  const values = node.arguments.map((value): Rope => {
    if (!isKeywordArgument(value)) return ["[0,", argumentOf(rewriter, value, scope), "],"];
    const name = identifier(rewriter, value.left, scope);
    const given = rewriter.node(value.right, scope);
    return [`["`, sliceOf(value.left), `",(${helper}.named(`, given, `)?${helper}.t:`, name, `=${helper}.t)],`];
  });
  return {
    steps: [steps, `${helper}.begin(${helper}.t,"`, method, '"),'],
    expression: [`${helper}.keywords("`, method, `",[`, values, "])"],
  };
}

/** A spread argument of a call with keywords is passed as an array, which the helper spreads. */
function argumentOf(rewriter: Rewriter, node: Node, scope: Scope): Rope {
  return node.type === "SpreadElement" ? ["[", rewriter.node(node, scope), "],1"] : rewriter.node(node, scope);
}

/** A call of the function in `H.t`, without a receiver: `(0,f)()`. */
function boundCall(rewriter: Rewriter, node: acorn.CallExpression, scope: Scope): Rope {
  const offset = node.callee.end;
  const values = isIndirectEval(node.callee)
    ? evaluatedText(rewriter, node, scope)
    : argumentList(rewriter, node.arguments, scope, false);
  return [{ text: `(0,${scope.helper}.t)(`, offset }, values, { text: ")", offset }];
}

function callArguments(rewriter: Rewriter, node: acorn.CallExpression, scope: Scope): Rope {
  return ["(", argumentList(rewriter, node.arguments, scope, false), ")"];
}

/** The arguments of a method. V8 reports its error at the parenthesis where the name is computed, private or a word of the language. */
function memberArguments(
  rewriter: Rewriter,
  node: acorn.CallExpression,
  { computed, property }: acorn.MemberExpression,
  scope: Scope,
): Rope {
  if (!computed && property.type === "Identifier" && !isKeyword(property.name))
    return callArguments(rewriter, node, scope);
  const values = argumentList(rewriter, node.arguments, scope, false);
  return [{ text: "(", offset: property.end }, values, ")"];
}

function isKeyword(name: string): boolean {
  return tokenizer(name, { ecmaVersion: "latest" }).getToken().type.keyword !== undefined;
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

/** `eval` and `Function`, whose texts JavaScript evaluates itself. */
function isEvaluated({ name }: acorn.Identifier): boolean {
  return name === "eval" || name === "Function";
}

/** `(0, eval)(…)`. */
function isIndirectEval(callee: Node): boolean {
  const called = callee.type === "SequenceExpression" ? callee.expressions.at(-1) : undefined;
  return called?.type === "Identifier" && isEvaluated(called);
}

function evaluatedText(rewriter: Rewriter, node: acorn.CallExpression | acorn.NewExpression, scope: Scope): Rope {
  return node.arguments.map((value, index) => [
    index > 0 ? "," : "",
    value.type === "SpreadElement"
      ? rewriter.node(value, scope)
      : [`${scope.helper}.code(`, rewriter.node(value, scope), ")"],
  ]);
}

function entityCall(
  rewriter: Rewriter,
  method: "make" | "construct",
  callee: acorn.Identifier,
  node: acorn.CallExpression | acorn.NewExpression,
  scope: Scope,
): Rope {
  const values = argumentList(rewriter, node.arguments, scope, true);
  return [`${scope.helper}.${method}(`, identifier(rewriter, callee, scope), ",[", values, "])"];
}

export function newExpression(rewriter: Rewriter, node: acorn.NewExpression, scope: Scope): Rope {
  const callee = node.callee as Node;
  if (callee.type === "Identifier" && rewriter.options.entities.has(callee.name))
    return entityCall(rewriter, "construct", callee, node, scope);
  const called = pathOf(rewriter, callee, scope) ?? ["(", rewriter.node(callee, scope), ")"];
  const values =
    callee.type === "Identifier" && isEvaluated(callee)
      ? evaluatedText(rewriter, node, scope)
      : argumentList(rewriter, node.arguments, scope, false);
  const { helper } = scope;
  const made: Rope = [`${helper}.made(new `, called, "(", values, "))"];
  if (scope.suspension === "none") return ["(", made, `,${helper}.t)`];
  return ["(", made, `?${suspended(scope)}:${helper}.t)`];
}

/** `a.b.C` as it was typed: the message of an error contains it. */
function pathOf(rewriter: Rewriter, node: Node, scope: Scope): Rope | undefined {
  if (node.type === "Identifier") return identifier(rewriter, node, scope);
  if (node.type === "ThisExpression") return sliceOf(node);
  if (node.type !== "MemberExpression" || node.computed) return undefined;
  const object = pathOf(rewriter, node.object, scope);
  return object && [object, ".", sliceOf(node.property)];
}

// Templates, names and objects ----------------------------------------------------------------------------------------

export function taggedTemplate(rewriter: Rewriter, node: acorn.TaggedTemplateExpression, scope: Scope): Rope {
  const quasi = rewriter.node(node.quasi, scope);
  const tag = node.tag as Node;
  if (tag.type === "MemberExpression") {
    const { steps, expression, open } = memberAccess(rewriter, tag, scope);
    return ["(", steps, awaitedStep([expression, quasi], scope), ")".repeat(open + 1)];
  }
  // The parentheses of `(x => …)` are not part of the node.
  const called: Rope = tag.type === "Identifier" ? rewriter.node(tag, scope) : ["(", rewriter.node(tag, scope), ")"];
  return awaited([called, quasi], scope);
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
  if (!node.computed) rewriter.nameFunction(value, node.key);
  const replacements: [Node, Rope][] = [[value, rewriter.node(value, scope)]];
  if (node.computed) replacements.unshift([node.key, rewriter.node(node.key, scope)]);
  return replaceNodes(node, replacements);
}

export function objectExpression(rewriter: Rewriter, node: acorn.ObjectExpression, scope: Scope): Rope {
  const rope = replaceNodes(
    node,
    node.properties.map((property) => [
      property,
      property.type === "SpreadElement"
        ? ["...", awaited([`${scope.helper}.copy(`, rewriter.node(property.argument, scope), ")"], scope)]
        : rewriter.node(property, scope),
    ]),
  );
  const hasGenerator = node.properties.some(
    (property) =>
      property.type === "Property" &&
      property.method &&
      property.value.type === "FunctionExpression" &&
      property.value.generator &&
      !property.value.async,
  );
  return hasGenerator ? ["__retort.methods(", rope, ")"] : rope;
}
