import { types } from "node:util";
import type * as acorn from "acorn";
import { Query } from "../../query/query";
import { parse } from "../rewrite/parse";
import type { Repl } from "../repl";
import type { ShellColumn, ShellModel, ShellRelation } from "../world";

/*
 * What an expression is, found out without running it: from the entities' metadata, from what methods of queries give, and
 * from the values that variables hold (whose plain properties are looked at; accessors and proxies are not).
 */

/** What is known of a value. */
export type Type =
  | { readonly kind: "class" | "entity" | "columns" | "query"; readonly model: ShellModel }
  | { readonly kind: "column"; readonly model: ShellModel; readonly column: ShellColumn }
  | { readonly kind: "relation"; readonly model: ShellModel; readonly relation: ShellRelation }
  | { readonly kind: "collection"; readonly model: ShellModel }
  | { readonly kind: "list"; readonly of: Type }
  | { readonly kind: "page"; readonly of: Type }
  | { readonly kind: "database" | "session" | "expression" | "unknown" }
  | { readonly kind: "value"; readonly value: unknown };

type Node = acorn.AnyNode;

const UNKNOWN: Type = { kind: "unknown" };
const NUMBER: Type = { kind: "value", value: 0 };
const TEXT: Type = { kind: "value", value: "" };
const TRUTH: Type = { kind: "value", value: true };

/** Methods of a query that give a query. */
const NARROWING = new Set(
  "filter filterBy orderBy limit offset distinct join leftJoin groupBy having options withDeleted populateExisting".split(
    " ",
  ),
);
const ONE = new Set("get getOrFail first firstOrFail one oneOrNull".split(" "));
const SAME_LIST = new Set("filter slice sort reverse concat toSorted toReversed splice flat".split(" "));
const ELEMENT = new Set("find findLast at pop shift".split(" "));

/** The type of the names that a piece of unfinished code gives to the elements of lists: `users.map(u => u.`. */
export type LocalTypes = (name: string) => string | undefined;

/** Infers types at one prompt. */
export class Inference {
  private depth = 0;

  constructor(
    private readonly sitting: Repl,
    /** The expression whose elements a name stands for, where the name is a parameter or a loop's variable. */
    private readonly local: LocalTypes = () => undefined,
  ) {}

  /** The type of an expression's text. */
  ofText(text: string): Type {
    const parsed = parse(text);
    if (parsed.status !== "whole") return UNKNOWN;
    const [statement] = parsed.program.body;
    return statement?.type === "ExpressionStatement" ? this.of(statement.expression) : UNKNOWN;
  }

  /** The type of a node of a parsed expression. */
  of(node: Node): Type {
    switch (node.type) {
      case "Identifier":
        return this.ofName(node.name);
      case "Literal":
        return node.regex ? { kind: "value", value: /x/ } : { kind: "value", value: node.value };
      case "TemplateLiteral":
        return TEXT;
      case "AwaitExpression":
        return this.of(node.argument);
      case "ChainExpression":
        return this.of(node.expression);
      case "AssignmentExpression":
        return this.of(node.right);
      case "SequenceExpression":
        return this.of(node.expressions.at(-1)!);
      case "ConditionalExpression":
        return this.of(node.consequent);
      case "LogicalExpression":
        return this.of(node.left);
      case "ArrayExpression": {
        const [first] = node.elements;
        return { kind: "list", of: first && first.type !== "SpreadElement" ? this.of(first) : UNKNOWN };
      }
      case "ObjectExpression":
        return { kind: "value", value: {} };
      case "NewExpression":
        return node.callee.type === "Identifier" ? this.made(this.ofName(node.callee.name)) : UNKNOWN;
      case "MemberExpression":
        return this.ofMember(node);
      case "CallExpression":
        return this.ofCall(node);
      default:
        return UNKNOWN;
    }
  }

  private ofName(name: string): Type {
    const source = this.local(name);
    if (source !== undefined && this.depth < 8) {
      this.depth += 1;
      const list = this.ofText(source);
      this.depth -= 1;
      return elementOf(list);
    }
    if (name === "db") return { kind: "database" };
    if (name === "session") return { kind: "session" };
    const entity = this.sitting.entityNames.find((candidate) => candidate.name === name);
    if (entity) return { kind: "class", model: entity.model };
    const peeked = this.sitting.evaluator.peek(name);
    return peeked ? this.ofValue(peeked.value) : UNKNOWN;
  }

  /** The type of a value that is there. */
  ofValue(value: unknown): Type {
    if (types.isProxy(value)) return UNKNOWN;
    if (value === this.sitting.db) return { kind: "database" };
    if (value === this.sitting.db.session) return { kind: "session" };
    const ofClass = this.sitting.entities.ofTarget(value);
    if (ofClass) return { kind: "class", model: ofClass };
    const model = this.sitting.entities.of(value);
    if (model) return { kind: "entity", model };
    if (value instanceof Query) return this.queryOf((value as Query).entity);
    if (Array.isArray(value)) {
      const first = Object.getOwnPropertyDescriptor(value, 0)?.value as unknown;
      return { kind: "list", of: first === undefined ? UNKNOWN : this.ofValue(first) };
    }
    return { kind: "value", value };
  }

  private queryOf(target: unknown): Type {
    const model = this.sitting.entities.ofTarget(target);
    return model ? { kind: "query", model } : UNKNOWN;
  }

  private ofMember(node: acorn.MemberExpression): Type {
    const object = this.of(node.object);
    if (node.computed) return object.kind === "list" || object.kind === "collection" ? elementOf(object) : UNKNOWN;
    return this.member(object, (node.property as acorn.Identifier).name);
  }

  /** The type of a property. */
  member(object: Type, name: string): Type {
    switch (object.kind) {
      case "class":
        if (name === "query") return { kind: "query", model: object.model };
        if (name === "c") return { kind: "columns", model: object.model };
        return UNKNOWN;
      case "columns": {
        const column = columnOf(object.model, name);
        if (column) return { kind: "column", model: object.model, column };
        const relation = relationOf(object.model, name);
        return relation ? { kind: "relation", model: relation.target, relation } : UNKNOWN;
      }
      case "entity": {
        const relation = relationOf(object.model, name);
        if (relation)
          return relation.toMany
            ? { kind: "collection", model: relation.target }
            : { kind: "entity", model: relation.target };
        const column = columnOf(object.model, name);
        return column ? { kind: "value", value: sampleOf(column) } : UNKNOWN;
      }
      case "collection":
        if (name === "query") return { kind: "query", model: object.model };
        return name === "length" ? NUMBER : UNKNOWN;
      case "list":
        return name === "length" ? NUMBER : UNKNOWN;
      case "page":
        return name === "items" ? { kind: "list", of: object.of } : /^has/.test(name) ? TRUTH : NUMBER;
      case "database":
        if (name === "session") return { kind: "session" };
        return this.ofPlain(this.sitting.db, name);
      case "session":
        if (name === "new" || name === "dirty" || name === "deleted") return { kind: "list", of: UNKNOWN };
        return UNKNOWN;
      case "value":
        return this.ofPlain(object.value, name);
      default:
        return UNKNOWN;
    }
  }

  /** A plain property of a value; an accessor would have to be run. */
  private ofPlain(holder: unknown, name: string): Type {
    const own = descriptorOf(holder, name);
    return own && "value" in own ? this.ofValue(own.value) : UNKNOWN;
  }

  private ofCall(node: acorn.CallExpression): Type {
    const callee = node.callee as Node;
    if (callee.type === "Identifier") return this.made(this.ofName(callee.name));
    if (callee.type !== "MemberExpression" || callee.computed) return UNKNOWN;
    const object = this.of(callee.object);
    const name = (callee.property as acorn.Identifier).name;
    const first = node.arguments[0];
    const argument = first && first.type !== "SpreadElement" ? first : undefined;
    return this.called(object, name, argument);
  }

  private called(object: Type, name: string, argument: acorn.Expression | undefined): Type {
    switch (object.kind) {
      case "query":
      case "collection":
        return this.calledQuery(object, name);
      case "list":
        return calledList(object, name);
      case "session":
      case "database": {
        const target = argument ? this.of(argument) : UNKNOWN;
        if (target.kind !== "class") return UNKNOWN;
        if (name === "query") return { kind: "query", model: target.model };
        if (name === "columns") return { kind: "columns", model: target.model };
        return name === "get" || name === "create" ? { kind: "entity", model: target.model } : UNKNOWN;
      }
      case "column":
      case "expression":
        return { kind: "expression" };
      case "value":
        return calledValue(object.value, name);
      default:
        return UNKNOWN;
    }
  }

  private calledQuery(object: Type & { model: ShellModel }, name: string): Type {
    const { model } = object;
    const entity: Type = { kind: "entity", model };
    if (object.kind === "collection") {
      if (name === "filterBy" || name === "orderBy") return { kind: "query", model };
      if (name === "all") return { kind: "list", of: entity };
      if (name === "first") return entity;
      if (name === "count") return NUMBER;
      return calledList({ kind: "list", of: entity }, name);
    }
    if (NARROWING.has(name)) return object;
    if (ONE.has(name)) return entity;
    if (name === "all") return { kind: "list", of: entity };
    if (name === "stream") return { kind: "list", of: entity };
    if (name === "count" || name === "update" || name === "delete") return NUMBER;
    if (name === "exists") return TRUTH;
    if (name === "paginate") return { kind: "page", of: entity };
    // Rows of values: what they hold stands in the select.
    return UNKNOWN;
  }

  private made(callee: Type): Type {
    return callee.kind === "class" ? { kind: "entity", model: callee.model } : UNKNOWN;
  }
}

function calledList(object: Type & { kind: "list" }, name: string): Type {
  if (SAME_LIST.has(name)) return object;
  if (ELEMENT.has(name)) return object.of;
  if (name === "join") return TEXT;
  if (name === "map" || name === "flatMap") return { kind: "list", of: UNKNOWN };
  return /^(findIndex|indexOf|push|unshift)$/.test(name) ? NUMBER : UNKNOWN;
}

/** What well-known methods of texts, numbers and dates give. */
function calledValue(value: unknown, name: string): Type {
  if (typeof value === "string") {
    if (/^(split|matchAll|match)$/.test(name)) return { kind: "list", of: TEXT };
    if (/^(indexOf|lastIndexOf|search|charCodeAt|codePointAt|localeCompare)$/.test(name)) return NUMBER;
    return /^(includes|startsWith|endsWith)$/.test(name) ? TRUTH : TEXT;
  }
  if (value instanceof Date) return /^(to|toLocale)/.test(name) ? TEXT : NUMBER;
  if (typeof value === "number") return TEXT;
  return UNKNOWN;
}

function elementOf(type: Type): Type {
  if (type.kind === "list") return type.of;
  return type.kind === "collection" || type.kind === "query" ? { kind: "entity", model: type.model } : UNKNOWN;
}

export function columnOf(model: ShellModel, property: string): ShellColumn | undefined {
  return model.columns.find((column) => column.property === property);
}

export function relationOf(model: ShellModel, property: string): ShellRelation | undefined {
  return model.relations.find((relation) => relation.property === property);
}

/** A value of the kind that a column holds, for its methods. */
function sampleOf({ metadata }: ShellColumn): unknown {
  const type = typeof metadata.type === "function" ? metadata.type.name.toLowerCase() : String(metadata.type);
  if (/date|time/.test(type)) return new Date(0);
  if (/^(int|integer|smallint|tinyint|mediumint|float|double|real|number)/.test(type)) return 0;
  if (/bool/.test(type)) return true;
  if (/json|simple-array/.test(type)) return {};
  return "";
}

/** A property's descriptor, its own or inherited; nothing is run to find it. */
export function descriptorOf(holder: unknown, name: string): PropertyDescriptor | undefined {
  for (const object of chainOf(holder)) {
    const own = Object.getOwnPropertyDescriptor(object, name);
    if (own) return own;
  }
  return undefined;
}

/** An object and its prototypes, up to the first proxy. */
export function* chainOf(holder: unknown): Generator<object> {
  if (holder === null || holder === undefined) return;
  for (let object: unknown = Object(holder); object !== null; object = Object.getPrototypeOf(object)) {
    if (types.isProxy(object)) return;
    yield object as object;
  }
}
