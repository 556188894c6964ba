import type * as acorn from "acorn";
import { childrenOf, isFunction, type Node } from "./ast";

/**
 * What a destructuring pattern reads, as the text of a `Shape` (see ../evaluate/destructure): `{p:{"author":{p:{"username":1}}}}`
 * for `{ author: { username } }`.
 * @returns undefined when nothing that the pattern reads is known by name or position
 */
export function shapeOf(pattern: Node): string | undefined {
  switch (pattern.type) {
    case "AssignmentPattern":
      return shapeOf(pattern.left);
    case "ArrayPattern": {
      const shapes = pattern.elements.map((element) =>
        element === null ? "0" : element.type === "RestElement" ? undefined : (shapeOf(element) ?? "1"),
      );
      if (shapes.length === 0) return undefined;
      const elements = shapes.filter((shape) => shape !== undefined);
      return `{e:[${elements.join(",")}]${elements.length < shapes.length ? ",r:1" : ""}}`;
    }
    case "ObjectPattern": {
      const shapes: string[] = [];
      let rest = "";
      for (const property of pattern.properties) {
        if (property.type === "RestElement") rest = ",r:1";
        else if (property.computed) return undefined;
        else shapes.push(`[${JSON.stringify(keyOf(property.key))}]:${shapeOf(property.value) ?? "1"}`);
      }
      return shapes.length > 0 ? `{p:{${shapes.join(",")}}${rest}}` : undefined;
    }
    default:
      return undefined;
  }
}

function keyOf(key: Node): string {
  return key.type === "Identifier" ? key.name : String((key as acorn.Literal).value);
}

/** The names that a node binds in its own function scope, without those of nested functions and classes. */
export function declaredNames(node: Node | acorn.Program): string[] {
  const names: string[] = [];
  const bind = (pattern: Node): void => {
    if (pattern.type === "Identifier") names.push(pattern.name);
    else if (pattern.type === "AssignmentPattern") bind(pattern.left);
    else if (pattern.type === "RestElement") bind(pattern.argument);
    else if (pattern.type === "ArrayPattern") pattern.elements.forEach((element) => element && bind(element));
    else if (pattern.type === "ObjectPattern") {
      pattern.properties.forEach((property) =>
        bind(property.type === "RestElement" ? property.argument : property.value),
      );
    }
  };
  const visit = (child: Node, outermost: boolean): void => {
    if (/^(Function|Class)/.test(child.type) || child.type === "ArrowFunctionExpression") {
      const named = child as acorn.Function;
      if (named.id && /Declaration$/.test(child.type)) names.push(named.id.name);
      if (!outermost) return;
      named.params?.forEach((param) => bind(param));
    }
    if (child.type === "VariableDeclaration") child.declarations.forEach((declarator) => bind(declarator.id));
    if (child.type === "ImportDeclaration") child.specifiers.forEach((specifier) => names.push(specifier.local.name));
    if (child.type === "CatchClause" && child.param) bind(child.param);
    if (outermost && isPattern(child)) bind(child);
    for (const value of Object.values(child) as unknown[]) {
      for (const item of Array.isArray(value) ? value : [value]) {
        if (item && typeof (item as Node).type === "string") visit(item as Node, false);
      }
    }
  };
  visit(node, true);
  return names;
}

/**
 * The names that belong to a function as a whole, in the order of its body: those that `var` declares anywhere in it, and those of
 * functions that are in no block. A name is there as often as it is declared.
 */
export function functionScopeNames(body: acorn.BlockStatement): string[] {
  const visit = (node: Node): string[] => {
    if (isFunction(node) || /^Class/.test(node.type)) return [];
    const own = node.type === "VariableDeclaration" && node.kind === "var" ? declaredNames(node) : [];
    return [...own, ...childrenOf(node).flatMap(visit)];
  };
  return body.body.flatMap((statement) =>
    statement.type === "FunctionDeclaration" ? [statement.id.name] : visit(statement),
  );
}

function isPattern(node: Node): boolean {
  return /^(Identifier|AssignmentPattern|RestElement|ArrayPattern|ObjectPattern)$/.test(node.type);
}
