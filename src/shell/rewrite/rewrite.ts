import type * as acorn from "acorn";
import { assignment, catchClause, declarator, pattern, reference } from "./assignments";
import { childrenOf, replaceNodes, singleName, sliceOf, type FunctionNode, type Node } from "./ast";
import { binary, conditional, logical, unary } from "./operators";
import { blockStatement, classOf, functionOf, registrations, setterOf, yieldExpression } from "./functions";
import { declaredNames } from "./patterns";
import type { Rope } from "./rope";
import type { RewriteOptions, Rewriter, Scope } from "./scope";
import {
  completing,
  exportDefault,
  expressionStatement,
  forIn,
  forOf,
  hasCompletion,
  importDeclaration,
  labeled,
  lastStatement,
  loop,
  returnStatement,
  tryStatement,
  withSemicolon,
} from "./statements";
import { awaited, identifier, newExpression, objectExpression, propertyOf, taggedTemplate, valueOf } from "./values";

/*
 * Rewrites inputs so that `await` need not be typed.
 *
 * What every call and member access gives is awaited when it is a promise or a relation that is not loaded (see ./values). The body
 * of each function runs in an async arrow function whose result is given synchronously when nothing had to be awaited, and as a
 * promise otherwise. So callbacks work where JavaScript wants them synchronous (`"a".replace(/a/, m => …)`).
 *
 * Generators wait by yielding to what iterates over them (see ../evaluate/generators). Constructors, setters, field initializers and
 * static blocks cannot wait: a value that would have to be awaited there throws.
 */

/** What the last statement is; it decides what is printed. */
export type LastStatement =
  | { readonly kind: "expression"; readonly start: number; readonly end: number }
  | { readonly kind: "assignment" | "declaration"; readonly names: readonly string[] }
  /** A condition, a loop: its value is that of what ran last in it. */
  | { readonly kind: "completion" }
  | { readonly kind: "other" };

export interface RewrittenProgram {
  readonly rope: Rope;
  readonly last: LastStatement;
  /** Names that this input declares with const, let, var, class, function or import. */
  readonly declares: readonly string[];
}

/** Rewrites a whole input. */
export function rewrite(program: acorn.Program, source: string, options: RewriteOptions): RewrittenProgram {
  return new InputRewriter(source, options).program(program);
}

class InputRewriter implements Rewriter {
  private loops = 0;
  private readonly names = new Map<Node, string>();

  constructor(
    readonly source: string,
    readonly options: RewriteOptions,
  ) {}

  program(program: acorn.Program): RewrittenProgram {
    const declares = declaredNames(program);
    const scope: Scope = {
      helper: this.options.helper,
      suspension: "await",
      returns: "plain",
      hidden: new Set(declares),
    };
    const statements = program.body.filter((statement) => statement.type !== "EmptyStatement");
    const last = statements.at(-1);
    const rope = statements.map((statement) => [
      statement === last ? lastStatement(this, statement, scope) : this.node(statement, scope),
      ";\n",
    ]);
    return { rope: [registrations(program.body), rope], last: describeLast(last), declares };
  }

  nextLoop(): number {
    return (this.loops += 1);
  }

  nameFunction(value: Node | null | undefined, name: Node): void {
    if (value?.type !== "FunctionExpression" || value.id) return;
    if (name.type === "Identifier") this.names.set(value, name.name);
    if (name.type === "Literal") this.names.set(value, String(name.value));
  }

  inferredName(node: Node): string | undefined {
    return this.names.get(node);
  }

  children(node: Node, scope: Scope): Rope {
    return replaceNodes(
      node,
      childrenOf(node).map((child) => [child, this.node(child, scope)]),
    );
  }

  node(node: Node, scope: Scope): Rope {
    switch (node.type) {
      case "Identifier":
        return identifier(this, node, scope);
      case "Literal":
      case "TemplateElement":
      case "BreakStatement":
      case "ContinueStatement":
        return sliceOf(node);
      case "MetaProperty":
        return node.meta.name === "import" ? "__retort.meta" : sliceOf(node);
      case "FunctionDeclaration":
      case "FunctionExpression":
      case "ArrowFunctionExpression":
        return functionOf(this, node as FunctionNode, scope);
      case "ClassDeclaration":
      case "ClassExpression":
        return classOf(this, node, scope);
      case "Property":
        return node.kind === "set" ? setterOf(this, node as acorn.Property, scope) : propertyOf(this, node, scope);
      case "LabeledStatement":
        return completing(node, labeled(this, node, scope, []), scope);
      case "ImportDeclaration":
        return importDeclaration(node, scope);
      case "ExportNamedDeclaration":
        return node.declaration ? this.node(node.declaration, scope) : "";
      case "ExportDefaultDeclaration":
        return exportDefault(this, node, scope);
      case "ExportAllDeclaration":
        return "";
      case "ObjectPattern":
      case "ArrayPattern":
      case "RestElement":
      case "AssignmentPattern":
        return pattern(this, node, scope);
      case "CatchClause":
        return catchClause(this, node, scope);
      case "VariableDeclarator":
        return declarator(this, node, scope);
      case "AssignmentExpression":
        return assignment(this, node, scope);
      case "MemberExpression":
      case "CallExpression":
      case "ImportExpression":
        return valueOf(this, node, scope);
      case "ChainExpression":
        return valueOf(this, node.expression, scope);
      case "NewExpression":
        return newExpression(this, node, scope);
      case "TaggedTemplateExpression":
        return taggedTemplate(this, node, scope);
      case "SequenceExpression":
        // The parentheses around it are not part of the node.
        return ["(", this.children(node, scope), ")"];
      case "ObjectExpression":
        return objectExpression(this, node, scope);
      case "SpreadElement":
        return ["...", awaited([`${scope.helper}.list(`, this.node(node.argument, scope), ")"], scope)];
      case "UpdateExpression":
        return replaceNodes(node, [[node.argument, reference(this, node.argument, scope)]]);
      case "UnaryExpression":
        return unary(this, node, scope);
      case "BinaryExpression":
        return binary(this, node, scope);
      case "LogicalExpression":
        return logical(this, node, scope);
      case "ConditionalExpression":
        return conditional(this, node, scope);
      case "AwaitExpression":
        if (scope.suspension === "await") return this.children(node, scope);
        return awaited(this.node(node.argument, scope), scope);
      case "YieldExpression":
        return yieldExpression(this, node, scope);
      default:
        return completing(node, this.statement(node, scope), scope);
    }
  }

  statement(node: Node, scope: Scope): Rope {
    switch (node.type) {
      case "BlockStatement":
        return blockStatement(this, node, scope);
      case "ExpressionStatement":
        return expressionStatement(this, node, scope);
      case "TryStatement":
        return tryStatement(this, node, scope);
      case "ThrowStatement":
      case "VariableDeclaration":
        return withSemicolon(this, node, this.children(node, scope));
      case "ReturnStatement":
        return returnStatement(this, node, scope);
      case "ForOfStatement":
        return forOf(this, node, scope, []);
      case "ForInStatement":
        return forIn(this, node, scope);
      case "IfStatement":
        return conditional(this, node, scope);
      case "ForStatement":
      case "WhileStatement":
      case "DoWhileStatement":
        return loop(this, node, scope);
      default:
        return this.children(node, scope);
    }
  }
}

function describeLast(node: Node | undefined): LastStatement {
  if (!node) return { kind: "other" };
  const declared = singleName(node);
  if (declared) return { kind: "declaration", names: [declared] };
  if (hasCompletion(node)) return { kind: "completion" };
  if (node.type !== "ExpressionStatement") return { kind: "other" };
  const { expression } = node;
  if (expression.type !== "AssignmentExpression")
    return { kind: "expression", start: expression.start, end: expression.end };
  return { kind: "assignment", names: expression.left.type === "Identifier" ? [expression.left.name] : [] };
}
