import type * as acorn from "acorn";
import { assignmentTarget, destructured, pattern } from "./assignments";
import { childrenOf, replaceNodes, singleName, slice, type Node } from "./ast";
import { declaredNames } from "./patterns";
import { condition } from "./operators";
import type { Rope } from "./rope";
import type { Rewriter, Scope } from "./scope";
import { awaited, suspended } from "./values";

/*
 * Statements that run something later or repeatedly, end early, or import and export.
 */

/** The last statement stores its value in the helper. */
export function lastStatement(rewriter: Rewriter, node: Node, scope: Scope): Rope {
  if (node.type === "ExpressionStatement") return [";", storedValue(rewriter, node, scope)];
  if (hasCompletion(node)) return rewriter.node(node, { ...scope, completes: true });
  if (node.type === "ExportDefaultDeclaration" && !/^(Function|Class)Declaration$/.test(node.declaration.type)) {
    return [`;${scope.helper}.last=(`, rewriter.node(node.declaration, scope), ");"];
  }
  const declared = singleName(node);
  return declared ? [rewriter.node(node, scope), `;${scope.helper}.last=${declared};`] : rewriter.node(node, scope);
}

/** Statements whose value is that of what runs in them. */
const COMPLETING = /^(?:Block|If|Switch|Try|Labeled|With|While|DoWhile|For|ForIn|ForOf)Statement$/;

/** Whether a statement that is no expression has a value: a block, a condition, a loop, `switch` and `try`. */
export function hasCompletion(node: Node): boolean {
  return COMPLETING.test(node.type);
}

/** An expression statement whose value is that of the input. */
function storedValue(rewriter: Rewriter, node: acorn.ExpressionStatement, scope: Scope): Rope {
  const end = rewriter.source[node.end - 1] === ";" ? node.end - 1 : node.end;
  const { expression } = node;
  return [
    `${scope.helper}.last=(`,
    slice(node.start, expression.start),
    rewriter.node(expression, scope),
    slice(expression.end, end),
    ")",
  ];
}

export function expressionStatement(rewriter: Rewriter, node: acorn.ExpressionStatement, scope: Scope): Rope {
  if (scope.completes) return [storedValue(rewriter, node, scope), ";"];
  return withSemicolon(rewriter, node, rewriter.children(node, scope));
}

/** A statement in the last one of the input. One that runs nothing has no value, whatever ran before it. */
export function completing(node: Node, rope: Rope, scope: Scope): Rope {
  if (!scope.completes) return rope;
  // Labels stand before the statement itself.
  if (node.type === "LabeledStatement") return completing(node.body, rope, scope);
  if (node.type === "BlockStatement" || !hasCompletion(node)) return rope;
  return [`{${scope.helper}.last=void 0;`, rope, "}"];
}

/** `try` has the value of its block or of `catch`; that of `finally` counts where it ends the statement. */
export function tryStatement(rewriter: Rewriter, node: acorn.TryStatement, scope: Scope): Rope {
  const { finalizer } = node;
  if (!scope.completes || !finalizer) return rewriter.children(node, scope);
  const value = `${scope.helper}.last`;
  const kept = `__kept${rewriter.nextLoop()}`;
  const statements = rewriter.node(finalizer, scope);
  return replaceNodes(node, [
    [node.block, rewriter.node(node.block, scope)],
    ...(node.handler ? [[node.handler, rewriter.node(node.handler, scope)] as const] : []),
    [finalizer, [`{const ${kept}=${value};${value}=void 0;`, statements, `;${value}=${kept}}`]],
  ]);
}

/** The rewritten next statement may start with a parenthesis, so automatic semicolons do not work. */
export function withSemicolon(rewriter: Rewriter, node: Node, rope: Rope): Rope {
  return rewriter.source[node.end - 1] === ";" ? rope : [rope, ";"];
}

export function returnStatement(rewriter: Rewriter, node: acorn.ReturnStatement, scope: Scope): Rope {
  if (!node.argument || scope.returns === "plain") return withSemicolon(rewriter, node, rewriter.children(node, scope));
  const end = rewriter.source[node.end - 1] === ";" ? node.end - 1 : node.end;
  return [
    `return void ${scope.helper}.give(`,
    slice(node.start + "return".length, node.argument.start),
    rewriter.node(node.argument, scope),
    slice(node.argument.end, end),
    ");",
  ];
}

export function labeled(rewriter: Rewriter, node: acorn.LabeledStatement, scope: Scope, labels: string[]): Rope {
  const all = [...labels, node.label.name];
  if (node.body.type === "LabeledStatement") return labeled(rewriter, node.body, scope, all);
  if (node.body.type === "ForOfStatement") return forOf(rewriter, node.body, scope, all);
  const body = hasCompletion(node.body) ? rewriter.statement(node.body, scope) : rewriter.node(node.body, scope);
  return [all.map((label) => `${label}:`), body];
}

/** `for…of` with explicit iteration: the next value may have to be awaited (the rows of a query), and Ctrl-C must end it. */
export function forOf(rewriter: Rewriter, node: acorn.ForOfStatement, scope: Scope, labels: string[]): Rope {
  const { helper } = scope;
  const iteration = `__iteration${rewriter.nextLoop()}`;
  const left = node.left as Node;
  const value = destructured(
    left.type === "VariableDeclaration" ? left.declarations[0]!.id : left,
    `${iteration}.value`,
    scope,
  );
  const bind: Rope =
    left.type === "VariableDeclaration"
      ? [`${left.kind} `, pattern(rewriter, left.declarations[0]!.id, scope), "=", value, ";"]
      : ["(", assignmentTarget(rewriter, left, scope), "=", value, ");"];
  return [
    `{const ${iteration}=`,
    { text: `${helper}.iterate`, offset: node.right.start },
    "(",
    rewriter.node(node.right, scope),
    `${node.await ? ",true" : ""});try{${labels.map((label) => `${label}:`).join("")}for(;`,
    awaited(`${iteration}.next()`, scope),
    `,!${iteration}.done;){`,
    bind,
    rewriter.node(node.body, scope),
    `}}catch(__caught){${iteration}.fail(__caught)}finally{`,
    awaited(`${iteration}.close()`, scope),
    "}",
    unreadable(node),
    "}",
  ];
}

/** What `for (const x of …)` iterates over cannot read `x`, nor a variable around it that has the name. */
function unreadable({ left, right }: acorn.ForOfStatement): string {
  if (left.type !== "VariableDeclaration" || left.kind === "var") return "";
  const names = declaredNames(left).filter((name) => mentions(right, name));
  return names.length > 0 ? `let ${names.join(",")};` : "";
}

function mentions(node: Node, name: string): boolean {
  return (node.type === "Identifier" && node.name === name) || childrenOf(node).some((child) => mentions(child, name));
}

export function forIn(rewriter: Rewriter, node: acorn.ForInStatement, scope: Scope): Rope {
  return replaceNodes(node, [
    [node.left, loopVariable(rewriter, node.left, scope)],
    [node.right, rewriter.node(node.right, scope)],
    [node.body, loopBody(rewriter, node.body, scope)],
  ]);
}

function loopVariable(rewriter: Rewriter, left: Node, scope: Scope): Rope {
  return left.type === "VariableDeclaration" ? rewriter.children(left, scope) : assignmentTarget(rewriter, left, scope);
}

export function loop(
  rewriter: Rewriter,
  node: acorn.ForStatement | acorn.WhileStatement | acorn.DoWhileStatement,
  scope: Scope,
): Rope {
  const parts: (Node | null | undefined)[] =
    node.type === "ForStatement"
      ? [node.init, node.test, node.update]
      : node.type === "WhileStatement"
        ? [node.test]
        : [];
  const replacements: [Node, Rope][] = parts
    .filter((part) => !!part)
    .map((part) => [part, loopPart(rewriter, node, part, scope)]);
  replacements.push([node.body, loopBody(rewriter, node.body, scope)]);
  if (node.type === "DoWhileStatement") replacements.push([node.test, condition(rewriter, node.test, scope)]);
  return replaceNodes(node, replacements);
}

function loopPart(
  rewriter: Rewriter,
  node: acorn.ForStatement | acorn.WhileStatement | acorn.DoWhileStatement,
  part: Node,
  scope: Scope,
): Rope {
  if (part === node.test) return condition(rewriter, part, scope);
  return part.type === "VariableDeclaration" ? rewriter.children(part, scope) : rewriter.node(part, scope);
}

/** Each iteration checks whether Ctrl-C was pressed. */
function loopBody(rewriter: Rewriter, body: Node, scope: Scope): Rope {
  const { helper } = scope;
  const pause =
    scope.suspension === "none"
      ? ""
      : `if(${helper}.shouldPause()&&${helper}.is(${helper}.pause()))${suspended(scope)};`;
  return ["{", pause, rewriter.node(body, scope), "}"];
}

export function importDeclaration(node: acorn.ImportDeclaration, scope: Scope): Rope {
  const loaded = `await ${scope.helper}.import(${JSON.stringify(node.source.value)})`;
  const whole = node.specifiers.filter((specifier) => specifier.type === "ImportNamespaceSpecifier");
  const named = node.specifiers.flatMap((specifier) => {
    if (specifier.type === "ImportNamespaceSpecifier") return [];
    if (specifier.type === "ImportDefaultSpecifier") return [`default:${specifier.local.name}`];
    const { imported } = specifier;
    const key = imported.type === "Identifier" ? imported.name : JSON.stringify(imported.value);
    return [`${key}:${specifier.local.name}`];
  });
  const bindings = whole.map((specifier) => `${specifier.local.name}=${loaded}`);
  if (named.length) bindings.push(`{${named.join(",")}}=${loaded}`);
  return bindings.length ? `const ${bindings.join(",")};` : `${loaded};`;
}

export function exportDefault(rewriter: Rewriter, node: acorn.ExportDefaultDeclaration, scope: Scope): Rope {
  const declaration = node.declaration as Node;
  const anonymous = "id" in declaration && declaration.id === null;
  if (/Declaration$/.test(declaration.type) && !anonymous) return rewriter.node(declaration, scope);
  return ["(", rewriter.node(declaration, scope), ");"];
}
