import type * as acorn from "acorn";
import { pattern } from "./assignments";
import { replaceBetween, replaceNodes, slice, sliceOf, type FunctionNode, type Node } from "./ast";
import { declaredNames, functionScopeNames, shapeOf } from "./patterns";
import { without, type Rope } from "./rope";
import { asyncScope, generatorScope, RUNTIME, syncScope, type Rewriter, type Scope } from "./scope";
import { awaited, storedMember } from "./values";
import { mayWait } from "./waits";

/*
 * Functions and classes. A function that awaits something stays synchronous for its caller where nothing has to be awaited.
 */

// Classes -------------------------------------------------------------------------------------------------------------

export function classOf(rewriter: Rewriter, node: acorn.Class, scope: Scope): Rope {
  const replacements: [Node, Rope][] = [];
  if (node.superClass) replacements.push([node.superClass, ["(", rewriter.node(node.superClass, scope), ")"]]);
  replacements.push([node.body, classBody(rewriter, node.body, scope)]);
  return replaceNodes(node as Node, replacements);
}

function classBody(rewriter: Rewriter, body: acorn.ClassBody, scope: Scope): Rope {
  const members = replaceBetween(
    body.start + 1,
    body.end,
    body.body.map((member) => [member, memberOf(rewriter, member, scope)]),
  );
  // The methods exist before static blocks run.
  const hasGenerator = body.body.some((member) => member.type === "MethodDefinition" && isGenerator(member.value));
  return ["{", hasGenerator ? `static{${RUNTIME}.methods(this)}` : "", members];
}

function memberOf(rewriter: Rewriter, member: acorn.ClassBody["body"][number], scope: Scope): Rope {
  if (member.type === "StaticBlock") return rewriter.children(member, syncScope(scope));
  const replacements: [Node, Rope][] = [];
  if (member.computed) replacements.push([member.key as Node, rewriter.node(member.key as Node, scope)]);
  if (member.type === "MethodDefinition") {
    const canWait = member.kind === "method" || member.kind === "get";
    const method = canWait
      ? functionOf(rewriter, member.value, scope)
      : synchronousFunction(rewriter, member.value, scope);
    replacements.push([member.value, method]);
  } else if (member.value) {
    if (!member.computed) rewriter.nameFunction(member.value, member.key as Node);
    replacements.push([member.value, fieldValue(rewriter, member.value, syncScope(scope))]);
  }
  return replaceNodes(member, replacements);
}

/** `set name(value) { … }` in an object. */
export function setterOf(rewriter: Rewriter, node: acorn.Property, scope: Scope): Rope {
  const replacements: [Node, Rope][] = [[node.value, synchronousFunction(rewriter, node.value as FunctionNode, scope)]];
  if (node.computed) replacements.unshift([node.key, rewriter.node(node.key, scope)]);
  return replaceNodes(node, replacements);
}

/** A relation that is not loaded may be stored in a field: it is awaited where the field is read. */
function fieldValue(rewriter: Rewriter, value: Node, scope: Scope): Rope {
  return value.type === "MemberExpression" ? storedMember(rewriter, value, scope) : rewriter.node(value, scope);
}

// Functions -----------------------------------------------------------------------------------------------------------

export function functionOf(rewriter: Rewriter, node: FunctionNode, outer: Scope): Rope {
  const scope = { ...outer, hidden: hiddenIn(rewriter, node, outer) };
  if (node.generator && !node.async) return generatorFunction(rewriter, node, scope);
  if (node.async) return awaitingFunction(rewriter, node, asyncScope(scope, "plain"));
  if (!mayWait(node.body) && !node.params.some(bindsInside)) return synchronousFunction(rewriter, node, scope);
  return awaitingFunction(rewriter, node, asyncScope(scope, "helper"));
}

function hiddenIn(rewriter: Rewriter, node: FunctionNode, scope: Scope): ReadonlySet<string> {
  return rewriter.options.substitutes.size ? new Set([...scope.hidden, ...declaredNames(node)]) : scope.hidden;
}

/** A function that JavaScript does not let wait, or that has nothing to wait for. */
export function synchronousFunction(rewriter: Rewriter, node: FunctionNode, outer: Scope): Rope {
  const scope = syncScope({ ...outer, hidden: hiddenIn(rewriter, node, outer) });
  return replaceNodes(node, [...plainParams(rewriter, node, scope), [node.body, rewriter.node(node.body, scope)]]);
}

function plainParams(rewriter: Rewriter, node: FunctionNode, scope: Scope): [Node, Rope][] {
  return node.params.map((param) => [param, pattern(rewriter, param, scope)]);
}

function awaitingFunction(rewriter: Rewriter, node: FunctionNode, scope: Scope): Rope {
  const header = headerOf(rewriter, node, scope);
  const body = bodyOf(rewriter, node, header.bound, scope);
  const directives = directivesOf(node);
  if (node.async) return [header.start, "{", directives, `const __run=${RUNTIME}.enter();`, header.binding, body, "}"];
  // `new` makes an object, whether the function had to wait or not.
  const instance = node.type === "ArrowFunctionExpression" ? "" : ",new.target?this:void 0";
  return [
    header.start,
    ["{", directives, `const __run=${RUNTIME}.call();return __run.outcome((async()=>{try{`],
    header.binding,
    body,
    "}catch(__error){__run.fail(__error)}finally{__run.end()}})()",
    instance,
    ")}",
  ];
}

/** `"use strict"` only works at the start of the function itself. */
function directivesOf({ body }: FunctionNode): Rope {
  if (body.type !== "BlockStatement") return "";
  const directives = body.body.filter((statement) => "directive" in statement && statement.directive !== undefined);
  return directives.map((directive) => [sliceOf(directive), ";"]);
}

/** Whether a parameter is bound in the body, since what it reads may have to be awaited. */
function bindsInside(param: Node): boolean {
  const bound = param.type === "RestElement" ? param.argument : param;
  return shapeOf(bound as Node) !== undefined || mayWait(bound as Node);
}

interface Header {
  readonly start: Rope;
  /** Binds the parameters in the body. */
  readonly binding: Rope;
  /** The names of parameters that are bound in the body as variables of the function. */
  readonly bound: readonly string[];
}

/** Everything up to the body; parameters that have to be awaited, or that the body declares again, are bound inside the body. */
function headerOf(rewriter: Rewriter, node: FunctionNode, scope: Scope): Header {
  const { params } = node;
  const names = params.flatMap((param) => declaredNames(param as Node));
  const isPlain = !params.some(bindsInside) && (node.async || !isDeclaredAgain(names, declaredNames(node.body)));
  const end = node.type === "ArrowFunctionExpression" ? endOfArrow(rewriter, node) : node.body.start;
  if (isPlain) {
    const rewritten = params.map((param): [Node, Rope] => [param, pattern(rewriter, param, syncScope(scope))]);
    return { start: replaceBetween(node.start, end, rewritten), binding: "", bound: [] };
  }
  const first = params[0]!;
  const last = params.at(-1)!;
  const open = findToken(rewriter, "(", "id" in node && node.id ? node.id.end : node.start);
  const close = findToken(rewriter, ")", last.end);
  // `a => …` has none.
  const parenthesised = open < first.start && rewriter.source[open] === "(";
  const before = slice(node.start, parenthesised ? open : first.start);
  const after = slice(parenthesised ? close + 1 : last.end, end);
  const given = placeholders(params);
  const binding = params.map((param) => [pattern(rewriter, param, scope), param.type === "RestElement" ? "" : ","]);
  const shapes = params.map((param) => (param.type === "RestElement" ? "0" : (shapeOf(param) ?? "0")));
  const values = awaited(`${scope.helper}.parts(${given.list},{e:[${shapes.join(",")}]})`, scope);
  // What the body declares again for the whole function is the same variable; a function in a block of the body is another.
  const isVariable =
    names.includes("let") ||
    (node.body.type === "BlockStatement" && isDeclaredAgain(names, functionScopeNames(node.body)));
  return {
    start: [before, given.names, after],
    binding: [isVariable ? "var [" : "let [", binding, "]=", values, ";"],
    bound: isVariable ? names : [],
  };
}

function isDeclaredAgain(names: readonly string[], inside: readonly string[]): boolean {
  return names.some((name) => inside.includes(name));
}

/** Parameters for the values, as many as the function's `length` counts, and the array of the values. */
function placeholders(params: readonly acorn.Pattern[]): { names: string; list: string } {
  const optional = params.findIndex((param) => param.type === "AssignmentPattern" || param.type === "RestElement");
  const required = optional < 0 ? params.length : optional;
  const names = params.slice(0, required).map((_, index) => `__${index}`);
  if (required < params.length) names.push("...__values");
  const list = names.join(",");
  return { names: `(${list})`, list: `[${list}]` };
}

function bodyOf(rewriter: Rewriter, node: FunctionNode, bound: readonly string[], scope: Scope): Rope {
  const { body } = node;
  if (body.type === "BlockStatement") return bodyStatements(rewriter, body, bound, scope);
  const give = scope.returns === "helper" ? `return void ${scope.helper}.give(` : "return (";
  return [
    give,
    slice(endOfArrow(rewriter, node as acorn.ArrowFunctionExpression), body.start),
    rewriter.node(body, scope),
    slice(body.end, node.end),
    ");",
  ];
}

/**
 * The statements of a function's body. They stand in a block, where a function cannot share its name with a variable, a parameter or
 * another function: the value of such a variable is set first.
 * @param bound the names of parameters that are variables of the body
 */
function bodyStatements(rewriter: Rewriter, body: acorn.BlockStatement, bound: readonly string[], scope: Scope): Rope {
  const names = [...new Set(bound), ...functionScopeNames(body)];
  const isShared = (name: string): boolean => names.indexOf(name) !== names.lastIndexOf(name);
  const functions = new Map<string, acorn.FunctionDeclaration>();
  for (const node of body.body)
    if (node.type === "FunctionDeclaration" && isShared(node.id.name)) functions.set(node.id.name, node);
  const values = [...functions].map(([name, node]) => [
    `var ${name}=`,
    without(rewriter.node(node, scope), sliceOf(node.id)),
    ";",
  ]);
  const others = body.body.filter((node) => node.type !== "FunctionDeclaration" || !isShared(node.id.name));
  return [values, statementsOf(rewriter, body, scope, others), "\n"];
}

export function blockStatement(rewriter: Rewriter, node: acorn.BlockStatement, scope: Scope): Rope {
  return ["{", statementsOf(rewriter, node, scope), "}"];
}

/** The statements of a block without its braces, or only some of them. */
function statementsOf(
  rewriter: Rewriter,
  block: acorn.BlockStatement,
  scope: Scope,
  kept: readonly Node[] = block.body,
): Rope {
  const statements = replaceBetween(
    block.start + 1,
    block.end - 1,
    block.body.map((statement) => [statement, kept.includes(statement) ? rewriter.node(statement, scope) : ""]),
  );
  return [registrations(block.body), statements];
}

// Generators ----------------------------------------------------------------------------------------------------------

function isGenerator(node: FunctionNode): boolean {
  return node.generator && !node.async;
}

/** Registers the generators that a list of statements declares. */
export function registrations(statements: readonly Node[]): Rope {
  return statements
    .filter((node): node is acorn.FunctionDeclaration => node.type === "FunctionDeclaration" && node.id !== null)
    .filter(isGenerator)
    .map(({ id }) => `${RUNTIME}.generator(${id.name});`);
}

function generatorFunction(rewriter: Rewriter, node: FunctionNode, outer: Scope): Rope {
  const scope = generatorScope(outer);
  const params = plainParams(rewriter, node, syncScope(outer));
  const body = node.body as acorn.BlockStatement;
  const rewritten: Rope = [
    replaceBetween(node.start, body.start, params),
    ["{", directivesOf(node), `const __run=${RUNTIME}.iteration();try{`],
    [bodyStatements(rewriter, body, [], scope), "}finally{__run.end()}}"],
  ];
  // Declarations and methods are registered where they are declared.
  if (node.type !== "FunctionExpression" || rewriter.source[node.start] === "(") return rewritten;
  const name = rewriter.inferredName(node);
  return [`${RUNTIME}.generator(`, rewritten, name === undefined ? ")" : `,${JSON.stringify(name)})`];
}

export function yieldExpression(rewriter: Rewriter, node: acorn.YieldExpression, scope: Scope): Rope {
  if (scope.suspension !== "yield") return rewriter.children(node, scope);
  const { helper } = scope;
  const value = node.argument ? rewriter.node(node.argument, scope) : "void 0";
  if (!node.delegate) return [`${helper}.sent(yield ${helper}.out(`, value, "))"];
  return [`${helper}.sent(yield* ${helper}.delegate(`, awaited([`${helper}.rows(`, value, ")"], scope), "))"];
}

// Tokens --------------------------------------------------------------------------------------------------------------

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
