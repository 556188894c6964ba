import { types } from "node:util";
import type * as acorn from "acorn";
import { Query } from "../../query/query";
import { memberEntry } from "../api/api";
import type { ResultKind } from "../api/entry";
import { parse } from "../rewrite/parse";
import type { ShellContext } from "../context";
import type { ColumnModel, EntityModel, RelationModel } from "../../metadata/model";

/*
 * Types of expressions, found without running them: from the metadata of the entities, the table of the API, and the values of
 * variables, whose data properties are read (accessors and proxies are not).
 */

export type Type =
  | { readonly kind: "class" | "entity" | "columns" | "query" | "batches"; readonly model: EntityModel }
  | { readonly kind: "column"; readonly model: EntityModel; readonly column: ColumnModel }
  | { readonly kind: "relation"; readonly model: EntityModel; readonly relation: RelationModel }
  | { readonly kind: "collection"; readonly model: EntityModel }
  | { readonly kind: "list"; readonly of: Type }
  | { readonly kind: "page"; readonly of: Type }
  | { readonly kind: "database" | "session" | "expression" | "unknown" }
  | { readonly kind: "value"; readonly value: unknown };

type Node = acorn.AnyNode;

const UNKNOWN: Type = { kind: "unknown" };
const NUMBER: Type = { kind: "value", value: 0 };
const TEXT: Type = { kind: "value", value: "" };
const BOOLEAN: Type = { kind: "value", value: true };

/** Whether `query` of the class is a query of its rows: classes that extend BaseEntity have TypeORM's own method of that name. */
export function hasQuery({ target }: EntityModel): boolean {
  return typeof (target as { query?: unknown }).query !== "function";
}

/** Methods of arrays, by what they give. */
const SAME_LIST = new Set("filter slice sort reverse concat toSorted toReversed splice flat".split(" "));
const ELEMENT = new Set("find findLast at pop shift".split(" "));

/** The expression of the list whose elements a name stands for in unfinished code: `users.map(u => u.`. */
export type LocalTypes = (name: string) => string | undefined;

export class Inference {
  private depth = 0;

  constructor(
    private readonly shell: ShellContext,
    private readonly local: LocalTypes = () => undefined,
  ) {}

  /** The type of an expression's text. */
  ofText(text: string): Type {
    const parsed = parse(text);
    if (parsed.status !== "complete") return UNKNOWN;
    const [statement] = parsed.program.body;
    return statement?.type === "ExpressionStatement" ? this.of(statement.expression) : UNKNOWN;
  }

  /** The type of a node. */
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
        return node.callee.type === "Identifier" ? constructed(this.ofName(node.callee.name)) : UNKNOWN;
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
    const entity = this.shell.names.entity(name);
    if (entity) return { kind: "class", model: entity.model };
    const peeked = this.shell.evaluator.peek(name);
    return peeked ? this.ofValue(peeked.value) : UNKNOWN;
  }

  /** The type of a value. */
  private ofValue(value: unknown): Type {
    if (types.isProxy(value)) return UNKNOWN;
    if (value === this.shell.db) return { kind: "database" };
    if (value === this.shell.db.session) return { kind: "session" };
    const ofClass = this.shell.entities.ofTarget(value);
    if (ofClass) return { kind: "class", model: ofClass };
    const model = this.shell.entities.of(value);
    if (model) return { kind: "entity", model };
    if (value instanceof Query) return this.queryOf((value as Query).entity);
    if (Array.isArray(value)) {
      const first = Object.getOwnPropertyDescriptor(value, 0)?.value as unknown;
      return { kind: "list", of: first === undefined ? UNKNOWN : this.ofValue(first) };
    }
    return { kind: "value", value };
  }

  private queryOf(target: unknown): Type {
    const model = this.shell.entities.ofTarget(target);
    return model ? { kind: "query", model } : UNKNOWN;
  }

  private ofMember(node: acorn.MemberExpression): Type {
    const object = this.of(node.object);
    if (node.computed) return object.kind === "list" || object.kind === "collection" ? elementOf(object) : UNKNOWN;
    return this.member(object, (node.property as acorn.Identifier).name);
  }

  /** The type of a property. */
  private member(object: Type, name: string): Type {
    switch (object.kind) {
      case "class":
        if (name === "query") return hasQuery(object.model) ? { kind: "query", model: object.model } : UNKNOWN;
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
      case "list":
        return name === "length" ? NUMBER : UNKNOWN;
      case "collection":
      case "page":
      case "session":
        return this.ofApi(object, name, undefined);
      case "database": {
        const documented = this.ofApi(object, name, undefined);
        return documented.kind === "unknown" ? this.ofDataProperty(this.shell.db, name) : documented;
      }
      case "value":
        return this.ofDataProperty(object.value, name);
      default:
        return UNKNOWN;
    }
  }

  /** A data property of a value; an accessor would have to be run. */
  private ofDataProperty(holder: unknown, name: string): Type {
    const own = descriptorOf(holder, name);
    return own && "value" in own ? this.ofValue(own.value) : UNKNOWN;
  }

  private ofCall(node: acorn.CallExpression): Type {
    const callee = node.callee as Node;
    if (callee.type === "Identifier") return constructed(this.ofName(callee.name));
    if (callee.type !== "MemberExpression" || callee.computed) return UNKNOWN;
    const object = this.of(callee.object);
    const name = (callee.property as acorn.Identifier).name;
    const first = node.arguments[0];
    const argument = first && first.type !== "SpreadElement" ? first : undefined;
    return this.called(object, name, argument);
  }

  private called(object: Type, name: string, argument: acorn.Expression | undefined): Type {
    switch (object.kind) {
      case "collection": {
        const documented = this.ofApi(object, name, undefined);
        const list: Type = { kind: "list", of: { kind: "entity", model: object.model } };
        return documented.kind === "unknown" ? calledList(list, name) : documented;
      }
      case "list":
        return calledList(object, name);
      case "session":
      case "database": {
        const target = argument ? this.of(argument) : UNKNOWN;
        return this.ofApi(object, name, target.kind === "class" ? target.model : undefined);
      }
      case "query":
      case "batches":
      case "page":
      case "column":
      case "expression":
      case "relation":
        return this.ofApi(object, name, undefined);
      case "value":
        return calledValue(object.value, name);
      default:
        return UNKNOWN;
    }
  }

  /**
   * What a member of the API gives.
   * @param target the entity in the first argument
   */
  private ofApi(object: Type, name: string, target: EntityModel | undefined): Type {
    const result = memberEntry(object.kind, name)?.result;
    if (result === undefined) return UNKNOWN;
    return typeOfResult(result, target ?? modelOf(object));
  }
}

/** The entity that an object of the API is about. */
function modelOf(type: Type): EntityModel | undefined {
  if (type.kind === "query" || type.kind === "batches" || type.kind === "collection") return type.model;
  return type.kind === "page" && type.of.kind === "entity" ? type.of.model : undefined;
}

function typeOfResult(result: ResultKind, model: EntityModel | undefined): Type {
  switch (result) {
    case "session":
    case "expression":
      return { kind: result };
    case "number":
      return NUMBER;
    case "boolean":
      return BOOLEAN;
    case "objects":
      return { kind: "list", of: UNKNOWN };
    case "list":
    case "page":
      return { kind: result, of: model ? { kind: "entity", model } : UNKNOWN };
    case "query":
    case "batches":
    case "entity":
    case "columns":
      return model ? { kind: result, model } : UNKNOWN;
  }
}

function constructed(callee: Type): Type {
  return callee.kind === "class" ? { kind: "entity", model: callee.model } : UNKNOWN;
}

function calledList(object: Type & { kind: "list" }, name: string): Type {
  if (SAME_LIST.has(name)) return object;
  if (ELEMENT.has(name)) return object.of;
  if (name === "join") return TEXT;
  if (name === "map" || name === "flatMap") return { kind: "list", of: UNKNOWN };
  return /^(findIndex|indexOf|push|unshift)$/.test(name) ? NUMBER : UNKNOWN;
}

/** Results of well-known methods of strings, numbers and dates. */
function calledValue(value: unknown, name: string): Type {
  if (typeof value === "string") {
    if (/^(split|matchAll|match)$/.test(name)) return { kind: "list", of: TEXT };
    if (/^(indexOf|lastIndexOf|search|charCodeAt|codePointAt|localeCompare)$/.test(name)) return NUMBER;
    return /^(includes|startsWith|endsWith)$/.test(name) ? BOOLEAN : TEXT;
  }
  if (value instanceof Date) return /^(to|toLocale)/.test(name) ? TEXT : NUMBER;
  if (typeof value === "number") return TEXT;
  return UNKNOWN;
}

function elementOf(type: Type): Type {
  if (type.kind === "list") return type.of;
  if (type.kind === "batches") return { kind: "list", of: { kind: "entity", model: type.model } };
  return type.kind === "collection" || type.kind === "query" ? { kind: "entity", model: type.model } : UNKNOWN;
}

export function columnOf(model: EntityModel, property: string): ColumnModel | undefined {
  return model.columns.find((column) => column.property === property);
}

export function relationOf(model: EntityModel, property: string): RelationModel | undefined {
  return model.relations.find((relation) => relation.property === property);
}

/** A value of the type of a column, for its methods. */
function sampleOf({ metadata }: ColumnModel): unknown {
  const type = typeof metadata.type === "function" ? metadata.type.name.toLowerCase() : String(metadata.type);
  if (/date|time/.test(type)) return new Date(0);
  if (/^(int|integer|smallint|tinyint|mediumint|float|double|real|number)/.test(type)) return 0;
  if (/bool/.test(type)) return true;
  if (/json|simple-array/.test(type)) return {};
  return "";
}

/** The descriptor of a property, own or inherited. */
export function descriptorOf(holder: unknown, name: string): PropertyDescriptor | undefined {
  for (const object of prototypeChain(holder)) {
    const own = Object.getOwnPropertyDescriptor(object, name);
    if (own) return own;
  }
  return undefined;
}

/** An object and its prototypes, up to the first proxy. */
export function* prototypeChain(holder: unknown): Generator<object> {
  if (holder === null || holder === undefined) return;
  for (let object: unknown = Object(holder); object !== null; object = Object.getPrototypeOf(object)) {
    if (types.isProxy(object)) return;
    yield object as object;
  }
}
