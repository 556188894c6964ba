import type * as acorn from "acorn";
import type { Type } from "../complete/types";
import { declaredNames } from "../rewrite/patterns";
import { CALLBACK_METHODS, childrenOf } from "../rewrite/rewrite";
import type { Rope, Slice } from "../rewrite/rope";
import { waitsInTurn } from "./in-turn";

/*
 * Writes what was typed with the `await` that nobody typed. What has to be waited for is found in types (of entities, queries,
 * the session, and of what the names hold now); a call that nothing is known of is waited for as well, which does no harm.
 */

type Node = acorn.AnyNode;
type FunctionNode = acorn.FunctionDeclaration | acorn.FunctionExpression | acorn.ArrowFunctionExpression;

/** What the writing has to know of the shell. */
export interface Knowledge {
  /** What an expression is; `locals` are parameters and loop variables with the list whose elements they are. */
  typeOf(node: Node, locals: ReadonlyMap<string, string>): Type;
  /** Whether a name is an entity's class. */
  isEntity(name: string): boolean;
  /** Whether a name is a function that gives its value at once: `print`, `Like`, `String`. */
  isPlainFunction(name: string): boolean;
  /** Whether some entity has a relation of this name. */
  isRelation(name: string): boolean;
}

/** What is remembered from one input to the next. */
export interface Memory {
  /** Functions that were typed: whether each has become an async one. */
  readonly functions: Map<string, boolean>;
  /** Methods of `inTurn` that are used. */
  readonly inTurn: Set<string>;
}

interface Scope {
  /** Whether `await` may be written here. */
  readonly waits: boolean;
  readonly locals: ReadonlyMap<string, string>;
  readonly seen: { waiting: boolean };
}

const QUERY_PARTS =
  /^(filter|filterBy|orderBy|limit|offset|distinct|join|leftJoin|groupBy|having|select|options|withDeleted|populateExisting|toSQL|stream)$/;
const OF_COLLECTION = /^(all|count|filterBy|orderBy|first|query|add|append|remove|push)$/;
const WAITS_OF_COLLECTION = /^(all|count|first)$/;
const AT_ONCE_OF_SESSION =
  /^(add|addAll|delete|expire|expireAll|expunge|state|changes|isModified|query|create|columns|model|observe|newSession)$/;
const BUILT_IN = new Set<unknown>([
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

export class Explicit {
  readonly top: Scope = { waits: true, locals: new Map(), seen: { waiting: false } };

  constructor(
    private readonly source: string,
    private readonly knowledge: Knowledge,
    private readonly memory: Memory,
  ) {}

  /** Any node, with its values waited for. */
  node(node: Node, scope = this.top): Rope {
    switch (node.type) {
      case "ChainExpression":
      case "CallExpression":
      case "MemberExpression":
      case "ImportExpression":
        return this.value(node, scope);
      case "ImportDeclaration":
      case "ExportSpecifier":
        return slice(node);
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
        return this.children(node, { ...scope, waits: false });
      case "VariableDeclarator":
        return this.declarator(node, scope);
      case "AssignmentExpression":
        return this.assignment(node, scope);
      case "UpdateExpression":
        return this.replaced(node, [[node.argument, this.raw(node.argument, scope)]]);
      case "ForOfStatement":
        return this.forOf(node, scope);
      case "SpreadElement":
        return ["...", this.spread(node.argument, scope)];
      case "AwaitExpression":
        return ["await ", this.raw(node.argument, scope)];
      default:
        return this.children(node, scope);
    }
  }

  // Values --------------------------------------------------------------------------------------------------------------

  private value(node: Node, scope: Scope): Rope {
    const raw = this.raw(node, scope);
    return this.isLate(node, scope) ? this.waited(raw, scope) : raw;
  }

  private waited(raw: Rope, scope: Scope): Rope {
    if (!scope.waits) return raw;
    scope.seen.waiting = true;
    return ["await ", raw];
  }

  /** The node without waiting for its own value; what stands inside is waited for. */
  private raw(node: Node, scope: Scope): Rope {
    switch (node.type) {
      case "ChainExpression":
        return this.raw(node.expression, scope);
      case "MemberExpression": {
        const name = nameOf(node);
        const property = node.computed ? ["[", this.node(node.property, scope), "]"] : slice(node.property);
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

  /** What stands before `.name`. */
  private receiver(object: Node, name: string | undefined, scope: Scope): Rope {
    if (!isChain(object)) return isSimple(object) ? this.node(object, scope) : ["(", this.node(object, scope), ")"];
    const answers = name !== undefined && this.isCollection(object, scope) && OF_COLLECTION.test(name);
    const raw = this.raw(object, scope);
    return this.isLate(object, scope) && !answers && scope.waits ? ["(", this.waited(raw, scope), ")"] : raw;
  }

  private call(node: acorn.CallExpression, scope: Scope): Rope {
    const callee = node.callee as Node;
    const optional = node.optional ? "?." : "";
    if (callee.type === "Identifier") {
      const values = this.values(node.arguments, scope);
      if (this.knowledge.isEntity(callee.name))
        return [`db.create(${callee.name}`, values === "" ? "" : ", ", values, ")"];
      return [slice(callee), optional, "(", values, ")"];
    }
    const inTurn = callee.type === "MemberExpression" ? this.inTurn(node, callee, scope) : undefined;
    if (inTurn) return inTurn;
    const head = isChain(callee) ? this.raw(callee, scope) : this.receiver(callee, undefined, scope);
    return [head, optional, "(", this.values(node.arguments, scope), ")"];
  }

  /** `users.filter(u => u.posts.length > 1)`: the callback has to be waited for, which an array does not do. */
  private inTurn(node: acorn.CallExpression, callee: acorn.MemberExpression, scope: Scope): Rope | undefined {
    const method = nameOf(callee);
    const [first, ...others] = node.arguments;
    if (method === undefined || !CALLBACK_METHODS.has(method) || !first) return undefined;
    const list = this.source.slice(callee.object.start, callee.object.end);
    const { rope, isAsync } = this.callback(first, list, scope);
    if (!isAsync || !waitsInTurn(method) || !scope.waits) return undefined;
    this.memory.inTurn.add(method);
    const more = others.map((other) => [", ", this.node(other, scope)]);
    return [`inTurn.${method}(`, this.spread(callee.object, scope), ", ", rope, more, ")"];
  }

  private callback(node: Node, list: string, scope: Scope): { rope: Rope; isAsync: boolean } {
    if (node.type === "Identifier")
      return { rope: slice(node), isAsync: this.memory.functions.get(node.name) === true };
    if (node.type !== "ArrowFunctionExpression" && node.type !== "FunctionExpression")
      return { rope: this.node(node, scope), isAsync: false };
    const locals = new Map(scope.locals);
    for (const param of node.params) if (param.type === "Identifier") locals.set(param.name, list);
    return this.functionNode(node, { ...scope, locals });
  }

  /** The list that is iterated over, or whose elements are spread: of a query its rows. */
  private spread(node: Node, scope: Scope): Rope {
    const type = this.knowledge.typeOf(node, scope.locals);
    if (type.kind === "query" && scope.waits) return this.waited([this.raw(node, scope), ".all()"], scope);
    return this.node(node, scope);
  }

  private values(nodes: acorn.CallExpression["arguments"], scope: Scope): Rope {
    const plain = nodes.filter((node) => !isKeyword(node)).map((node) => this.node(node, scope));
    const named = nodes.filter(isKeyword).map(({ left, right }) => [slice(left), ": ", this.node(right, scope)]);
    const all = named.length > 0 ? [...plain, ["{ ", joined(named), " }"]] : plain;
    return all.length === 0 ? "" : joined(all);
  }

  private construction(node: acorn.NewExpression, scope: Scope): Rope {
    const callee = node.callee as Node;
    const isValues = node.arguments.every((value) => value.type === "ObjectExpression" || isKeyword(value));
    if (callee.type === "Identifier" && this.knowledge.isEntity(callee.name) && node.arguments.length > 0 && isValues)
      return [`db.create(${callee.name}, `, this.values(node.arguments, scope), ")"];
    return [
      "new ",
      callee.type === "Identifier" ? slice(callee) : ["(", this.node(callee, scope), ")"],
      "(",
      this.values(node.arguments, scope),
      ")",
    ];
  }

  // What has to be waited for ---------------------------------------------------------------------------------------------

  private isLate(node: Node, scope: Scope): boolean {
    if (node.type === "ChainExpression") return this.isLate(node.expression, scope);
    if (node.type === "ImportExpression") return true;
    if (node.type === "MemberExpression") return this.isRelation(node, scope);
    if (node.type !== "CallExpression") return false;
    const callee = node.callee as Node;
    if (callee.type === "Identifier") return this.isLateFunction(callee.name);
    const method = callee.type === "MemberExpression" ? nameOf(callee) : undefined;
    if (callee.type !== "MemberExpression" || method === undefined) return true;
    return this.isLateMethod(callee, method, node, scope);
  }

  private isLateFunction(name: string): boolean {
    if (this.knowledge.isEntity(name) || this.knowledge.isPlainFunction(name)) return false;
    return this.memory.functions.get(name) !== false;
  }

  private isLateMethod(
    callee: acorn.MemberExpression,
    method: string,
    call: acorn.CallExpression,
    scope: Scope,
  ): boolean {
    const [first] = call.arguments;
    if (CALLBACK_METHODS.has(method) && first && waitsInTurn(method)) {
      const list = this.source.slice(callee.object.start, callee.object.end);
      if (this.callback(first, list, { ...scope, seen: { waiting: false } }).isAsync) return true;
    }
    const type = this.knowledge.typeOf(callee.object, scope.locals);
    switch (type.kind) {
      case "query":
        return !QUERY_PARTS.test(method);
      case "collection":
        return WAITS_OF_COLLECTION.test(method);
      case "session":
      case "database":
        return !AT_ONCE_OF_SESSION.test(method);
      case "page":
        return method === "next" || method === "prev";
      case "list":
      case "column":
      case "columns":
      case "relation":
      case "expression":
        return false;
      case "value":
        return !(isPrimitive(type.value) || type.value instanceof Date || BUILT_IN.has(type.value));
      default:
        return !CALLBACK_METHODS.has(method);
    }
  }

  private isRelation(node: acorn.MemberExpression, scope: Scope): boolean {
    const name = nameOf(node);
    if (name === undefined) return false;
    const owner = this.knowledge.typeOf(node.object, scope.locals);
    if (owner.kind === "entity") return owner.model.relations.some(({ property }) => property === name);
    return owner.kind === "unknown" && this.knowledge.isRelation(name);
  }

  private isCollection(node: Node, scope: Scope): boolean {
    return node.type === "MemberExpression" && this.isRelation(node, scope);
  }

  // Assignments, loops, functions -----------------------------------------------------------------------------------------

  private declarator(node: acorn.VariableDeclarator, scope: Scope): Rope {
    if (!node.init) return slice(node);
    const init = this.matched(node.id, node.init, scope);
    const isFunction = node.init.type === "ArrowFunctionExpression" || node.init.type === "FunctionExpression";
    if (node.id.type === "Identifier" && isFunction) this.memory.functions.set(node.id.name, isAsyncText(init));
    return this.replaced(node, [
      [node.id, this.children(node.id, scope)],
      [node.init, init],
    ]);
  }

  private assignment(node: acorn.AssignmentExpression, scope: Scope): Rope {
    const right = this.matched(node.left, node.right, scope);
    const left = node.left.type === "MemberExpression" ? this.raw(node.left, scope) : slice(node.left);
    return this.replaced(node, [
      [node.left, left],
      [node.right, right],
    ]);
  }

  /** A value; relations that a pattern takes out of it are loaded first. */
  private matched(pattern: Node, value: Node, scope: Scope): Rope {
    const names =
      pattern.type === "ObjectPattern" && scope.waits
        ? pattern.properties.flatMap((property) =>
            property.type === "Property" && property.key.type === "Identifier" ? [property.key.name] : [],
          )
        : [];
    const relations = names.filter((name) => this.knowledge.isRelation(name));
    if (relations.length === 0) return this.node(value, scope);
    this.memory.inTurn.add("loaded");
    return this.waited(["inTurn.loaded(", this.node(value, scope), relations.map((name) => `, "${name}"`), ")"], scope);
  }

  private forOf(node: acorn.ForOfStatement, scope: Scope): Rope {
    const list = this.source.slice(node.right.start, node.right.end);
    const left = node.left.type === "VariableDeclaration" ? node.left.declarations[0]!.id : (node.left as Node);
    const locals = new Map(scope.locals);
    if (left.type === "Identifier") locals.set(left.name, list);
    const isQuery = scope.waits && this.knowledge.typeOf(node.right, scope.locals).kind === "query";
    if (isQuery) scope.seen.waiting = true;
    const head = node.await || isQuery ? "for await (" : "for (";
    const right = isQuery ? this.raw(node.right, scope) : this.node(node.right, scope);
    return [head, slice(node.left), " of ", right, ") ", this.node(node.body, { ...scope, locals })];
  }

  private functionNode(node: FunctionNode, scope: Scope): { rope: Rope; isAsync: boolean } {
    const inner: Scope = { waits: !node.generator, locals: scope.locals, seen: { waiting: false } };
    const rope = this.children(node, inner);
    const isAsync = node.async || inner.seen.waiting;
    if (node.type === "FunctionDeclaration" && node.id) this.memory.functions.set(node.id.name, isAsync);
    return { rope: isAsync && !node.async ? ["async ", rope] : rope, isAsync };
  }

  private property(node: acorn.Property, scope: Scope): Rope {
    if (node.shorthand) return slice(node);
    const value = node.value as Node;
    // A getter cannot wait, and `async` stands before the name of a method.
    if (node.kind !== "init") return this.replaced(node, [[value, this.children(value, { ...scope, waits: false })]]);
    if (!node.method) return this.children(node, scope);
    const method = this.functionNode(value as acorn.FunctionExpression, scope);
    const body = Array.isArray(method.rope) && method.rope[0] === "async " ? (method.rope[1] as Rope) : method.rope;
    return [body === method.rope ? "" : "async ", this.replaced(node, [[value, body]])];
  }

  private children(node: Node, scope: Scope): Rope {
    const isPattern = /Pattern$/.test(node.type);
    return this.replaced(
      node,
      childrenOf(node)
        .filter((child) => !isPattern || child.type !== "Property" || !child.shorthand)
        .map((child) => [child, this.node(child, scope)]),
    );
  }

  private replaced(node: Node, replacements: readonly (readonly [Node, Rope])[]): Rope {
    const parts: Rope[] = [];
    let at = node.start;
    for (const [child, rope] of replacements) {
      parts.push({ start: at, end: child.start }, rope);
      at = child.end;
    }
    parts.push({ start: at, end: node.end });
    return parts;
  }
}

function slice({ start, end }: Node): Slice {
  return { start, end };
}

function joined(ropes: readonly Rope[]): Rope {
  return ropes.map((rope, index) => (index === 0 ? rope : [", ", rope]));
}

function nameOf(node: acorn.MemberExpression): string | undefined {
  return !node.computed && node.property.type === "Identifier" ? node.property.name : undefined;
}

function isChain(node: Node): boolean {
  return /^(Chain|Call|Member|Import)Expression$/.test(node.type);
}

function isSimple(node: Node): boolean {
  return /^(Identifier|Literal|ThisExpression|Super|ArrayExpression|TemplateLiteral)$/.test(node.type);
}

function isKeyword(node: Node): node is acorn.AssignmentExpression & { left: acorn.Identifier } {
  return node.type === "AssignmentExpression" && node.operator === "=" && node.left.type === "Identifier";
}

function isPrimitive(value: unknown): boolean {
  return (typeof value !== "object" && typeof value !== "function") || value === null;
}

function isAsyncText(rope: Rope): boolean {
  return Array.isArray(rope) && rope[0] === "async ";
}

/** Names that are assigned to without being declared anywhere around. */
export function undeclared(node: Node, bound: ReadonlySet<string>): string[] {
  const isFunction = /^(Function|Arrow)/.test(node.type);
  const inside = isFunction ? new Set([...bound, ...declaredNames(node)]) : bound;
  const targets: Node[] =
    node.type === "AssignmentExpression"
      ? [node.left]
      : node.type === "UpdateExpression"
        ? [node.argument]
        : (node.type === "ForOfStatement" || node.type === "ForInStatement") && node.left.type !== "VariableDeclaration"
          ? [node.left as Node]
          : [];
  const names = targets
    .filter((target) => target.type !== "MemberExpression")
    .flatMap((target) => declaredNames(target));
  return [
    ...names.filter((name) => !inside.has(name)),
    ...childrenOf(node)
      .filter((child) => node.type !== "CallExpression" || !isKeyword(child))
      .flatMap((child) => undeclared(child, inside)),
  ];
}
