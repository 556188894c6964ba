import type * as acorn from "acorn";
import { LazyCollection } from "../../session/relations/lazy";
import type { Type } from "../complete/types";
import { memberEntry } from "../api/api";
import {
  CALLBACK_METHODS,
  childrenOf,
  isKeywordArgument,
  memberName,
  replaceNodes,
  sliceOf,
  type FunctionNode,
  type Node,
} from "../rewrite/ast";
import type { Rope } from "../rewrite/rope";
import { hasArrayHelper } from "./array-helpers";

/*
 * Writes inputs with explicit `await`. What has to be awaited is found by types and the table of the API; a call of unknown type
 * is awaited as well, which does no harm.
 */

/** The types of the names in the inputs. */
export interface InputTypes {
  /** The type of an expression; `locals` are parameters and loop variables with the list whose elements they are. */
  typeOf(node: Node, locals: ReadonlyMap<string, string>): Type;
  /** Whether a name is an entity's class. */
  isEntity(name: string): boolean;
  /** Whether a name is a function that does not give a promise: `print`, `Like`, `String`. */
  isSyncFunction(name: string): boolean;
  /** Whether some entity has a relation of this name. */
  isRelation(name: string): boolean;
}

/** What the script uses so far; shared by all inputs. */
export interface ScriptState {
  /** Functions of the inputs: whether each has become async. */
  readonly functions: Map<string, boolean>;
  /** The array helpers that are used. */
  readonly arrayHelpers: Set<string>;
}

interface Scope {
  /** Whether `await` is allowed here. */
  readonly canAwait: boolean;
  readonly locals: ReadonlyMap<string, string>;
  /** Set when something inside uses `await`. */
  readonly awaits: { used: boolean };
}

/** Objects whose methods do not give promises. */
const SYNC_OBJECTS = new Set<unknown>([
  Math,
  JSON,
  Object,
  Array,
  Number,
  String,
  Boolean,
  BigInt,
  Date,
  Symbol,
  Reflect,
  console,
]);

export class AwaitInserter {
  readonly top: Scope = { canAwait: true, locals: new Map(), awaits: { used: false } };

  constructor(
    private readonly source: string,
    private readonly types: InputTypes,
    private readonly state: ScriptState,
  ) {}

  /** Any node, with its values awaited. */
  node(node: Node, scope = this.top): Rope {
    switch (node.type) {
      case "ChainExpression":
      case "CallExpression":
      case "MemberExpression":
      case "ImportExpression":
        return this.value(node, scope);
      case "ImportDeclaration":
      case "ExportSpecifier":
        return sliceOf(node);
      case "NewExpression":
        return this.construction(node, scope);
      case "FunctionDeclaration":
      case "FunctionExpression":
      case "ArrowFunctionExpression":
        return this.functionNode(node as FunctionNode, scope).rope;
      case "Property":
        return this.property(node as acorn.Property, scope);
      case "ClassDeclaration":
      case "ClassExpression":
        return this.children(node, { ...scope, canAwait: false });
      case "VariableDeclarator":
        return this.declarator(node, scope);
      case "AssignmentExpression":
        return this.assignment(node, scope);
      case "UpdateExpression":
        return replaceNodes(node, [[node.argument, this.unawaited(node.argument, scope)]]);
      case "ForOfStatement":
        return this.forOf(node, scope);
      case "SpreadElement":
        return ["...", this.iterable(node.argument, scope)];
      case "AwaitExpression":
        return ["await ", this.unawaited(node.argument, scope)];
      default:
        return this.children(node, scope);
    }
  }

  // Values --------------------------------------------------------------------------------------------------------------

  private value(node: Node, scope: Scope): Rope {
    const raw = this.unawaited(node, scope);
    return this.needsAwait(node, scope) ? this.awaited(raw, scope) : raw;
  }

  private awaited(raw: Rope, scope: Scope): Rope {
    if (!scope.canAwait) return raw;
    scope.awaits.used = true;
    return ["await ", raw];
  }

  /** The node without an await for its own value; values inside are awaited. */
  private unawaited(node: Node, scope: Scope): Rope {
    switch (node.type) {
      case "ChainExpression":
        return this.unawaited(node.expression, scope);
      case "MemberExpression": {
        const name = memberName(node);
        const property = node.computed ? ["[", this.node(node.property, scope), "]"] : sliceOf(node.property);
        return [this.receiver(node.object, name, scope), node.optional ? "?." : node.computed ? "" : ".", property];
      }
      case "CallExpression":
        return this.call(node, scope);
      case "ImportExpression":
        return this.children(node, scope);
      default:
        return this.node(node, scope);
    }
  }

  /** The object of a member access. */
  private receiver(object: Node, name: string | undefined, scope: Scope): Rope {
    if (!isChain(object)) return isSimple(object) ? this.node(object, scope) : ["(", this.node(object, scope), ")"];
    const isLazy = name !== undefined && this.isCollection(object, scope) && hasWithoutLoading(name);
    const raw = this.unawaited(object, scope);
    return this.needsAwait(object, scope) && !isLazy && scope.canAwait ? ["(", this.awaited(raw, scope), ")"] : raw;
  }

  private call(node: acorn.CallExpression, scope: Scope): Rope {
    const callee = node.callee as Node;
    const optional = node.optional ? "?." : "";
    if (callee.type === "Identifier") {
      const values = this.argumentList(node.arguments, scope);
      if (this.types.isEntity(callee.name)) return [`db.create(${callee.name}`, values === "" ? "" : ", ", values, ")"];
      return [sliceOf(callee), optional, "(", values, ")"];
    }
    const helperCall = callee.type === "MemberExpression" ? this.arrayHelperCall(node, callee, scope) : undefined;
    if (helperCall) return helperCall;
    const head = isChain(callee) ? this.unawaited(callee, scope) : this.receiver(callee, undefined, scope);
    return [head, optional, "(", this.argumentList(node.arguments, scope), ")"];
  }

  /** `users.filter(u => u.posts.length > 1)`: arrays do not await their callbacks. */
  private arrayHelperCall(node: acorn.CallExpression, callee: acorn.MemberExpression, scope: Scope): Rope | undefined {
    const method = memberName(callee);
    const [first, ...others] = node.arguments;
    if (method === undefined || !CALLBACK_METHODS.has(method) || !first) return undefined;
    const list = this.source.slice(callee.object.start, callee.object.end);
    const { rope, isAsync } = this.callback(first, list, scope);
    if (!isAsync || !hasArrayHelper(method) || !scope.canAwait) return undefined;
    this.state.arrayHelpers.add(method);
    const more = others.map((other) => [", ", this.node(other, scope)]);
    return [`sequential.${method}(`, this.iterable(callee.object, scope), ", ", rope, more, ")"];
  }

  private callback(node: Node, list: string, scope: Scope): { rope: Rope; isAsync: boolean } {
    if (node.type === "Identifier")
      return { rope: sliceOf(node), isAsync: this.state.functions.get(node.name) === true };
    if (node.type !== "ArrowFunctionExpression" && node.type !== "FunctionExpression")
      return { rope: this.node(node, scope), isAsync: false };
    const locals = new Map(scope.locals);
    for (const param of node.params) if (param.type === "Identifier") locals.set(param.name, list);
    return this.functionNode(node, { ...scope, locals });
  }

  /** A value that is iterated or spread; of a query its rows. */
  private iterable(node: Node, scope: Scope): Rope {
    const type = this.types.typeOf(node, scope.locals);
    if (type.kind === "query" && scope.canAwait) return this.awaited([this.unawaited(node, scope), ".all()"], scope);
    return this.node(node, scope);
  }

  private argumentList(nodes: acorn.CallExpression["arguments"], scope: Scope): Rope {
    const plain = nodes.filter((node) => !isKeywordArgument(node)).map((node) => this.node(node, scope));
    const named = nodes
      .filter(isKeywordArgument)
      .map(({ left, right }) => [sliceOf(left), ": ", this.node(right, scope)]);
    const all = named.length > 0 ? [...plain, ["{ ", joined(named), " }"]] : plain;
    return all.length === 0 ? "" : joined(all);
  }

  private construction(node: acorn.NewExpression, scope: Scope): Rope {
    const callee = node.callee as Node;
    const isValues = node.arguments.every((value) => value.type === "ObjectExpression" || isKeywordArgument(value));
    if (callee.type === "Identifier" && this.types.isEntity(callee.name) && node.arguments.length > 0 && isValues)
      return [`db.create(${callee.name}, `, this.argumentList(node.arguments, scope), ")"];
    return [
      "new ",
      callee.type === "Identifier" ? sliceOf(callee) : ["(", this.node(callee, scope), ")"],
      "(",
      this.argumentList(node.arguments, scope),
      ")",
    ];
  }

  // What has to be awaited --------------------------------------------------------------------------------------------

  private needsAwait(node: Node, scope: Scope): boolean {
    if (node.type === "ChainExpression") return this.needsAwait(node.expression, scope);
    if (node.type === "ImportExpression") return true;
    if (node.type === "MemberExpression") return this.isRelation(node, scope);
    if (node.type !== "CallExpression") return false;
    const callee = node.callee as Node;
    if (callee.type === "Identifier") return this.isAsyncFunction(callee.name);
    const method = callee.type === "MemberExpression" ? memberName(callee) : undefined;
    if (callee.type !== "MemberExpression" || method === undefined) return true;
    return this.isAsyncMethod(callee, method, node, scope);
  }

  private isAsyncFunction(name: string): boolean {
    if (this.types.isEntity(name) || this.types.isSyncFunction(name)) return false;
    return this.state.functions.get(name) !== false;
  }

  private isAsyncMethod(
    callee: acorn.MemberExpression,
    method: string,
    call: acorn.CallExpression,
    scope: Scope,
  ): boolean {
    const [first] = call.arguments;
    if (CALLBACK_METHODS.has(method) && first && hasArrayHelper(method)) {
      const list = this.source.slice(callee.object.start, callee.object.end);
      if (this.callback(first, list, { ...scope, awaits: { used: false } }).isAsync) return true;
    }
    const type = this.types.typeOf(callee.object, scope.locals);
    switch (type.kind) {
      case "query":
      case "session":
      case "database":
        return memberEntry(type.kind, method)?.isAsync ?? true;
      case "collection":
      case "page":
        return memberEntry(type.kind, method)?.isAsync ?? false;
      case "list":
      case "column":
      case "columns":
      case "relation":
      case "expression":
        return false;
      case "value":
        return !(isPrimitive(type.value) || type.value instanceof Date || SYNC_OBJECTS.has(type.value));
      default:
        return !CALLBACK_METHODS.has(method);
    }
  }

  private isRelation(node: acorn.MemberExpression, scope: Scope): boolean {
    const name = memberName(node);
    if (name === undefined) return false;
    const owner = this.types.typeOf(node.object, scope.locals);
    if (owner.kind === "entity") return owner.model.relations.some(({ property }) => property === name);
    return owner.kind === "unknown" && this.types.isRelation(name);
  }

  private isCollection(node: Node, scope: Scope): boolean {
    return node.type === "MemberExpression" && this.isRelation(node, scope);
  }

  // Assignments, loops, functions -----------------------------------------------------------------------------------------

  private declarator(node: acorn.VariableDeclarator, scope: Scope): Rope {
    if (!node.init) return sliceOf(node);
    const init = this.destructured(node.id, node.init, scope);
    const isFunction = node.init.type === "ArrowFunctionExpression" || node.init.type === "FunctionExpression";
    if (node.id.type === "Identifier" && isFunction) this.state.functions.set(node.id.name, isAsyncText(init));
    return replaceNodes(node, [
      [node.id, this.children(node.id, scope)],
      [node.init, init],
    ]);
  }

  private assignment(node: acorn.AssignmentExpression, scope: Scope): Rope {
    const right = this.destructured(node.left, node.right, scope);
    const left = node.left.type === "MemberExpression" ? this.unawaited(node.left, scope) : sliceOf(node.left);
    return replaceNodes(node, [
      [node.left, left],
      [node.right, right],
    ]);
  }

  /** A value that is destructured; relations among its names are loaded first. */
  private destructured(pattern: Node, value: Node, scope: Scope): Rope {
    const names =
      pattern.type === "ObjectPattern" && scope.canAwait
        ? pattern.properties.flatMap((property) =>
            property.type === "Property" && property.key.type === "Identifier" ? [property.key.name] : [],
          )
        : [];
    const relations = names.filter((name) => this.types.isRelation(name));
    if (relations.length === 0) return this.node(value, scope);
    this.state.arrayHelpers.add("loaded");
    return this.awaited(
      ["sequential.loaded(", this.node(value, scope), relations.map((name) => `, "${name}"`), ")"],
      scope,
    );
  }

  private forOf(node: acorn.ForOfStatement, scope: Scope): Rope {
    const list = this.source.slice(node.right.start, node.right.end);
    const left = node.left.type === "VariableDeclaration" ? node.left.declarations[0]!.id : (node.left as Node);
    const locals = new Map(scope.locals);
    if (left.type === "Identifier") locals.set(left.name, list);
    const isQuery = scope.canAwait && this.types.typeOf(node.right, scope.locals).kind === "query";
    if (isQuery) scope.awaits.used = true;
    const head = node.await || isQuery ? "for await (" : "for (";
    const right = isQuery ? this.unawaited(node.right, scope) : this.node(node.right, scope);
    return [head, sliceOf(node.left), " of ", right, ") ", this.node(node.body, { ...scope, locals })];
  }

  private functionNode(node: FunctionNode, scope: Scope): { rope: Rope; isAsync: boolean } {
    const inner: Scope = { canAwait: !node.generator, locals: scope.locals, awaits: { used: false } };
    const rope = this.children(node, inner);
    const isAsync = node.async || inner.awaits.used;
    if (node.type === "FunctionDeclaration" && node.id) this.state.functions.set(node.id.name, isAsync);
    return { rope: isAsync && !node.async ? ["async ", rope] : rope, isAsync };
  }

  private property(node: acorn.Property, scope: Scope): Rope {
    if (node.shorthand) return sliceOf(node);
    const value = node.value as Node;
    // A getter cannot be async; of a method `async` precedes its name.
    if (node.kind !== "init") return replaceNodes(node, [[value, this.children(value, { ...scope, canAwait: false })]]);
    if (!node.method) return this.children(node, scope);
    const method = this.functionNode(value as acorn.FunctionExpression, scope);
    const body = Array.isArray(method.rope) && method.rope[0] === "async " ? (method.rope[1] as Rope) : method.rope;
    return [body === method.rope ? "" : "async ", replaceNodes(node, [[value, body]])];
  }

  private children(node: Node, scope: Scope): Rope {
    const isPattern = /Pattern$/.test(node.type);
    return replaceNodes(
      node,
      childrenOf(node)
        .filter((child) => !isPattern || child.type !== "Property" || !child.shorthand)
        .map((child) => [child, this.node(child, scope)]),
    );
  }
}

/** Whether a collection that is not loaded has a member of its own. */
function hasWithoutLoading(name: string): boolean {
  const descriptor = Object.getOwnPropertyDescriptor(LazyCollection.prototype, name);
  return name === "query" || typeof descriptor?.value === "function";
}

function joined(ropes: readonly Rope[]): Rope {
  return ropes.map((rope, index) => (index === 0 ? rope : [", ", rope]));
}

function isChain(node: Node): boolean {
  return /^(Chain|Call|Member|Import)Expression$/.test(node.type);
}

function isSimple(node: Node): boolean {
  return /^(Identifier|Literal|ThisExpression|Super|ArrayExpression|TemplateLiteral)$/.test(node.type);
}

function isPrimitive(value: unknown): boolean {
  return (typeof value !== "object" && typeof value !== "function") || value === null;
}

function isAsyncText(rope: Rope): boolean {
  return Array.isArray(rope) && rope[0] === "async ";
}
