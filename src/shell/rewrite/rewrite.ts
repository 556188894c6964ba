import type * as acorn from "acorn";
import type { Rope, Slice } from "./rope";
import { declaredNames, shapeOf } from "./patterns";

/*
 * Rewrites what was typed so that nobody has to type `await`.
 *
 * Every call and every member access becomes `(H.is(E)?await H.it():H.it())`: the value is waited for only when it is a
 * promise or a relation that is not loaded; otherwise nothing is suspended. H is the helper (see ../runtime) of the input or
 * of the function call. That makes functions able to stay synchronous: each function that was typed becomes one whose
 * body runs in an async arrow function, and the result is handed over synchronously when nothing had to be waited for, as
 * a promise when something had. So callbacks work where JavaScript wants them synchronous (`"a".replace(/a/, m => …)`).
 *
 * Generators and class bodies are left alone: JavaScript allows no waiting there.
 */

/** What the rewriting has to know of the prompt. */
export interface RewriteOptions {
  /** The expression that gives the helper of this input. */
  readonly helper: string;
  /** Names of entities: `User(…)` makes one. */
  readonly entities: ReadonlySet<string>;
  /** Names that must not be put on the global object (an entity `Map`), and the expression that stands for each. */
  readonly substitutes: ReadonlyMap<string, string>;
}

/** What the last statement was; it decides what is printed. */
export type LastStatement =
  | { readonly kind: "expression"; readonly start: number; readonly end: number }
  | { readonly kind: "assignment" | "declaration"; readonly names: readonly string[] }
  | { readonly kind: "other" };

export interface RewrittenProgram {
  readonly rope: Rope;
  readonly last: LastStatement;
  /** Names that this input declares with const, let, var, class, function or import. */
  readonly declares: readonly string[];
}

/** Methods of arrays (and of Map and Set) whose callbacks may have to be waited for. */
export const CALLBACK_METHODS: ReadonlySet<string> = new Set([
  "map",
  "filter",
  "forEach",
  "some",
  "every",
  "find",
  "findIndex",
  "findLast",
  "findLastIndex",
  "flatMap",
  "sort",
  "toSorted",
  "reduce",
  "reduceRight",
  "from",
]);

type Node = acorn.AnyNode;
type FunctionNode = acorn.FunctionDeclaration | acorn.FunctionExpression | acorn.ArrowFunctionExpression;

/** The surroundings of a node. */
interface Scope {
  readonly helper: string;
  /** Whether `await` may be written here. */
  readonly waits: boolean;
  /** How `return` is written: through the helper in functions that may stay synchronous. */
  readonly returns: "helper" | "plain";
  /** Names declared around the node, which hide the substitutes. */
  readonly hidden: ReadonlySet<string>;
  /** Set when something inside had to be rewritten for waiting. */
  readonly seen: { waiting: boolean };
}

const FUNCTION_HELPER = "__run";

/** Rewrites a whole input. */
export function rewrite(program: acorn.Program, source: string, options: RewriteOptions): RewrittenProgram {
  return new Rewriter(source, options).program(program);
}

class Rewriter {
  private loops = 0;

  constructor(
    private readonly source: string,
    private readonly options: RewriteOptions,
  ) {}

  program(program: acorn.Program): RewrittenProgram {
    const declares = declaredNames(program);
    const scope: Scope = {
      helper: this.options.helper,
      waits: true,
      returns: "plain",
      hidden: new Set(declares),
      seen: { waiting: false },
    };
    const statements = program.body.filter((statement) => statement.type !== "EmptyStatement");
    const last = statements.at(-1);
    const rope = statements.map((statement) => [
      statement === last ? this.lastStatement(statement, scope) : this.node(statement, scope),
      ";\n",
    ]);
    return { rope, last: this.describe(last), declares };
  }

  /** The last statement hands its value to the helper. */
  private lastStatement(node: Node, scope: Scope): Rope {
    if (node.type === "ExpressionStatement") {
      const end = this.source[node.end - 1] === ";" ? node.end - 1 : node.end;
      const { expression } = node;
      return [
        `;${scope.helper}.last=(`,
        slice(node.start, expression.start),
        this.node(expression, scope),
        slice(expression.end, end),
        ")",
      ];
    }
    if (node.type === "ExportDefaultDeclaration" && !/^(Function|Class)Declaration$/.test(node.declaration.type)) {
      return [`;${scope.helper}.last=(`, this.node(node.declaration, scope), ");"];
    }
    const declared = singleName(node);
    return declared ? [this.node(node, scope), `;${scope.helper}.last=${declared};`] : this.node(node, scope);
  }

  private describe(node: Node | undefined): LastStatement {
    if (!node) return { kind: "other" };
    const declared = singleName(node);
    if (declared) return { kind: "declaration", names: [declared] };
    if (node.type !== "ExpressionStatement") return { kind: "other" };
    const { expression } = node;
    if (expression.type !== "AssignmentExpression")
      return { kind: "expression", start: expression.start, end: expression.end };
    return { kind: "assignment", names: expression.left.type === "Identifier" ? [expression.left.name] : [] };
  }

  private node(node: Node, scope: Scope): Rope {
    switch (node.type) {
      case "Identifier":
        return this.identifier(node, scope);
      case "Literal":
      case "TemplateElement":
      case "BreakStatement":
      case "ContinueStatement":
        return slice(node.start, node.end);
      case "MetaProperty":
        return node.meta.name === "import" ? "__retort.meta" : slice(node.start, node.end);
      case "FunctionDeclaration":
      case "FunctionExpression":
      case "ArrowFunctionExpression":
        return this.functionNode(node as FunctionNode, scope);
      case "ClassDeclaration":
      case "ClassExpression":
        return this.classNode(node, scope);
      case "Property":
        return this.property(node, scope);
      case "LabeledStatement":
        return this.labeled(node, scope, []);
      case "ImportDeclaration":
        return this.importDeclaration(node, scope);
      case "ExportNamedDeclaration":
        return node.declaration ? this.node(node.declaration, scope) : "";
      case "ExportDefaultDeclaration":
        return this.exportDefault(node, scope);
      case "ExportAllDeclaration":
        return "";
      case "ObjectPattern":
      case "ArrayPattern":
      case "RestElement":
      case "AssignmentPattern":
        return this.pattern(node, scope);
      case "CatchClause":
        return this.catchClause(node, scope);
      case "VariableDeclarator":
        return this.declarator(node, scope);
      case "AssignmentExpression":
        return this.assignment(node, scope);
      case "MemberExpression":
        return scope.waits ? this.value(node, scope) : this.reference(node, scope);
    }
    return scope.waits ? this.waitingNode(node, scope) : this.children(node, scope);
  }

  /** Nodes that are only rewritten where waiting is possible. */
  private waitingNode(node: Node, scope: Scope): Rope {
    switch (node.type) {
      case "CallExpression":
      case "ImportExpression":
        return this.value(node, scope);
      case "ChainExpression":
        return this.value(node.expression, scope);
      case "NewExpression":
        return this.newExpression(node, scope);
      case "TaggedTemplateExpression":
        return this.wait([this.callee(node.tag, scope), this.node(node.quasi, scope)], scope);
      case "ObjectExpression":
        return this.objectExpression(node, scope);
      case "ExpressionStatement":
      case "ThrowStatement":
      case "VariableDeclaration":
        return this.ended(node, this.children(node, scope));
      case "SpreadElement":
        return ["...", this.wait([`${scope.helper}.list(`, this.node(node.argument, scope), ")"], scope)];
      case "UpdateExpression":
        return this.replaced(node, [[node.argument, this.reference(node.argument, scope)]]);
      case "UnaryExpression":
        return this.unary(node, scope);
      case "AwaitExpression":
        scope.seen.waiting = true;
        return this.children(node, scope);
      case "ReturnStatement":
        return this.returnStatement(node, scope);
      case "ForOfStatement":
        return node.await ? this.forAwait(node, scope) : this.forOf(node, scope, []);
      case "ForInStatement":
        return this.forIn(node, scope);
      case "ForStatement":
      case "WhileStatement":
      case "DoWhileStatement":
        return this.loop(node, scope);
      default:
        return this.children(node, scope);
    }
  }

  // Values --------------------------------------------------------------------------------------------------------------

  /** A call or member access, waited for. */
  private value(node: Node, scope: Scope): Rope {
    const chain = this.chain(node, scope);
    return [chain.opened, this.wait(chain.expression, scope), ")".repeat(chain.open)];
  }

  private wait(expression: Rope, scope: Scope): Rope {
    scope.seen.waiting = true;
    return [`(${scope.helper}.is(`, expression, `)?await ${scope.helper}.it():${scope.helper}.it())`];
  }

  /**
   * A chain of calls and members, not yet waited for. Each `?.` opens a conditional that the end of the whole chain closes,
   * so that everything after it is skipped as in JavaScript.
   */
  private chain(node: Node, scope: Scope): { opened: Rope; expression: Rope; open: number } {
    const { helper } = scope;
    if (node.type === "MemberExpression") {
      const object = this.chainReceiver(node.object, nameOf(node), scope);
      const member = this.memberOf(node, scope);
      if (!node.optional) return { ...object, expression: [object.expression, member] };
      return {
        opened: [object.opened, `(${helper}.none(`, object.expression, ")?void 0:"],
        expression: [`${helper}.it()`, member],
        open: object.open + 1,
      };
    }
    if (node.type === "CallExpression") return this.chainCall(node, scope);
    if (node.type === "ImportExpression") {
      return { opened: "", expression: [`${helper}.import(`, this.node(node.source, scope), ")"], open: 0 };
    }
    return { opened: "", expression: this.node(node, scope), open: 0 };
  }

  private chainCall(node: acorn.CallExpression, scope: Scope): { opened: Rope; expression: Rope; open: number } {
    const { helper } = scope;
    const callee = node.callee as Node;
    const keywords = keywordArguments(node.arguments);
    if (callee.type === "Identifier" && this.options.entities.has(callee.name)) {
      const values = this.argumentList(node.arguments, scope, true);
      return {
        opened: "",
        expression: [`${helper}.make(`, this.identifier(callee, scope), ",[", values, "])"],
        open: 0,
      };
    }
    if (callee.type === "MemberExpression" && !callee.computed && !callee.optional && !node.optional) {
      const method = (callee.property as acorn.Identifier).name;
      const object = this.chainReceiver(callee.object, method, scope);
      const place = slice(callee.property.start, callee.property.end);
      if (keywords) return { ...object, expression: this.keywordCall(node, method, object.expression, place, scope) };
      if (CALLBACK_METHODS.has(method) && node.arguments.length > 0) {
        const values = this.argumentList(node.arguments, scope, false);
        return { ...object, expression: [`${helper}.callback(`, object.expression, `,"`, place, `",[`, values, "])"] };
      }
    }
    const values: Rope = ["(", this.argumentList(node.arguments, scope, false), ")"];
    if (node.optional) return this.optionalCall(node, values, scope);
    if (callee.type === "Super" || callee.type === "Identifier") {
      return { opened: "", expression: [this.node(callee, scope), values], open: 0 };
    }
    if (callee.type === "MemberExpression" || callee.type === "CallExpression") {
      const chain = this.chain(callee, scope);
      if (callee.type === "MemberExpression") return { ...chain, expression: [chain.expression, values] };
      return { ...chain, expression: [this.wait(chain.expression, scope), values] };
    }
    // `(function () { … })()` and the like: the parentheses are not part of the callee.
    return { opened: "", expression: ["(", this.node(callee, scope), ")", values], open: 0 };
  }

  /** `a.b?.(…)` and `f?.(…)`. */
  private optionalCall(
    node: acorn.CallExpression,
    values: Rope,
    scope: Scope,
  ): { opened: Rope; expression: Rope; open: number } {
    const { helper } = scope;
    const callee = node.callee as Node;
    if (callee.type === "MemberExpression") {
      const object = this.chainReceiver(callee.object, nameOf(callee), scope);
      const key: Rope = callee.computed ? this.node(callee.property, scope) : this.quoted(callee.property);
      const skip: Rope = callee.optional ? [`(${helper}.none(`, object.expression, ")?void 0:"] : "";
      const receiver: Rope = callee.optional ? `${helper}.it()` : object.expression;
      return {
        opened: [object.opened, skip, `(${helper}.none(${helper}.bound(`, receiver, ",", key, "))?void 0:"],
        expression: [`${helper}.it()`, values],
        open: object.open + (callee.optional ? 2 : 1),
      };
    }
    const chain = this.chain(callee, scope);
    return {
      opened: [chain.opened, `(${helper}.none(`, chain.expression, ")?void 0:"],
      expression: [`${helper}.it()`, values],
      open: chain.open + 1,
    };
  }

  /** What stands before `.name`: waited for, unless it can answer `name` without being loaded (`u.posts.count()`). */
  private chainReceiver(
    object: Node,
    name: string | undefined,
    scope: Scope,
  ): { opened: Rope; expression: Rope; open: number } {
    if (!canBeWaitedFor(object)) return { opened: "", expression: ["(", this.node(object, scope), ")"], open: 0 };
    if (object.type === "Super" || object.type === "ThisExpression") {
      return { opened: "", expression: this.node(object, scope), open: 0 };
    }
    const chain = this.chain(object, scope);
    const { helper } = scope;
    scope.seen.waiting = true;
    const key = name === undefined ? "" : `,${JSON.stringify(name)}`;
    return {
      ...chain,
      expression: [`(${helper}.on(`, chain.expression, `${key})?await ${helper}.it():${helper}.it())`],
    };
  }

  private memberOf(node: acorn.MemberExpression, scope: Scope): Rope {
    if (node.computed) return ["[", this.node(node.property, scope), "]"];
    return [".", slice(node.property.start, node.property.end)];
  }

  /**
   * `filterBy(username='susan')`. `f(a = 1)` is JavaScript for an assignment, so that is what it stays unless the receiver
   * is something of Retort's, which is known only when it runs.
   */
  private keywordCall(node: acorn.CallExpression, method: string, receiver: Rope, place: Slice, scope: Scope): Rope {
    const { helper } = scope;
    const asKeywords = ["(", this.argumentList(node.arguments, scope, true), ")"];
    if (method === "filterBy") return [receiver, ".", place, asKeywords];
    const asTyped = ["(", this.argumentList(node.arguments, scope, false), ")"];
    return [
      [`(${helper}.keywords(`, receiver, `)?${helper}.it().`, place, asKeywords],
      [`:${helper}.it().`, place, asTyped, ")"],
    ];
  }

  private argumentList(values: acorn.CallExpression["arguments"], scope: Scope, keywords: boolean): Rope {
    const parts: Rope[] = [];
    const named: Rope[] = [];
    for (const value of values) {
      if (keywords && isKeyword(value)) {
        named.push([slice(value.left.start, value.left.end), ":", this.node(value.right, scope), ","]);
      } else {
        parts.push([this.node(value, scope), ","]);
      }
    }
    if (named.length) parts.push(["{", named, "}"]);
    return parts;
  }

  private newExpression(node: acorn.NewExpression, scope: Scope): Rope {
    const callee = node.callee as Node;
    if (callee.type === "Identifier" && this.options.entities.has(callee.name)) {
      const values = this.argumentList(node.arguments, scope, true);
      return [`${scope.helper}.construct(`, this.identifier(callee, scope), ",[", values, "])"];
    }
    const replacements: [Node, Rope][] = node.arguments.map((value) => [value, this.node(value, scope)]);
    replacements.unshift([callee, slice(callee.start, callee.end)]);
    // Parentheses: `new User().posts` must not become `new (…).posts`.
    return ["(", this.replaced(node, replacements), ")"];
  }

  private callee(node: Node, scope: Scope): Rope {
    if (node.type === "MemberExpression") return this.chain(node, scope).expression;
    // The parentheses of `(x => …)` are not part of it.
    return node.type === "Identifier" ? this.node(node, scope) : ["(", this.node(node, scope), ")"];
  }

  private unary(node: acorn.UnaryExpression, scope: Scope): Rope {
    if (node.operator !== "delete") return this.children(node, scope);
    if (node.argument.type === "ChainExpression") return slice(node.start, node.end);
    return this.replaced(node, [[node.argument, this.reference(node.argument, scope)]]);
  }

  private identifier(node: acorn.Identifier, scope: Scope): Rope {
    const substitute = this.options.substitutes.get(node.name);
    if (substitute === undefined || scope.hidden.has(node.name)) return slice(node.start, node.end);
    return substitute;
  }

  private property(node: acorn.Property | acorn.AssignmentProperty, scope: Scope): Rope {
    const value = node.value as Node;
    if (node.shorthand) {
      if (value.type !== "Identifier") return this.node(value, scope);
      return [
        slice(node.start, node.end),
        this.options.substitutes.has(value.name) ? [":", this.identifier(value, scope)] : "",
      ];
    }
    const replacements: [Node, Rope][] = [[value, this.node(value, scope)]];
    if (node.computed) replacements.unshift([node.key, this.node(node.key, scope)]);
    return this.replaced(node, replacements);
  }

  private objectExpression(node: acorn.ObjectExpression, scope: Scope): Rope {
    return this.replaced(
      node,
      node.properties.map((property) => [
        property,
        property.type === "SpreadElement" ? ["...", this.node(property.argument, scope)] : this.node(property, scope),
      ]),
    );
  }

  // Assignments and patterns ----------------------------------------------------------------------------------------------

  private assignment(node: acorn.AssignmentExpression, scope: Scope): Rope {
    const left = this.target(node.left, scope);
    const right = this.matched(node.left, this.node(node.right, scope), scope);
    return this.replaced(node, [
      [node.left, left],
      [node.right, right],
    ]);
  }

  private declarator(node: acorn.VariableDeclarator, scope: Scope): Rope {
    if (!node.init) return this.pattern(node.id, scope);
    const init = this.matched(node.id, this.node(node.init, scope), scope);
    return this.replaced(node, [
      [node.id, this.pattern(node.id, scope)],
      [node.init, init],
    ]);
  }

  /** A value about to be taken apart: the properties that a pattern names are waited for first. */
  private matched(pattern: Node, value: Rope, scope: Scope): Rope {
    const shape = scope.waits ? shapeOf(pattern) : undefined;
    return shape === undefined ? value : this.wait([`${scope.helper}.parts(`, value, `,${shape})`], scope);
  }

  private target(node: Node, scope: Scope): Rope {
    return node.type === "Identifier" || node.type === "MemberExpression"
      ? this.reference(node, scope)
      : this.pattern(node, scope);
  }

  /** Something that is assigned to: its own value is not read, but what stands before the last name is. */
  private reference(node: Node, scope: Scope): Rope {
    if (node.type !== "MemberExpression")
      return node.type === "Identifier" ? this.identifier(node, scope) : this.node(node, scope);
    if (scope.waits) return this.chain(node, scope).expression;
    const replacements: [Node, Rope][] = [[node.object, this.node(node.object, scope)]];
    if (node.computed) replacements.push([node.property, this.node(node.property, scope)]);
    return this.replaced(node, replacements);
  }

  private pattern(node: Node, scope: Scope): Rope {
    switch (node.type) {
      case "Identifier":
        return slice(node.start, node.end);
      case "MemberExpression":
        return this.reference(node, scope);
      case "AssignmentPattern":
        return this.replaced(node, [
          [node.left, this.pattern(node.left, scope)],
          [node.right, this.node(node.right, scope)],
        ]);
      case "RestElement":
        return this.replaced(node, [[node.argument, this.pattern(node.argument, scope)]]);
      case "ArrayPattern":
        return this.replaced(
          node,
          node.elements.filter((element) => element !== null).map((element) => [element, this.pattern(element, scope)]),
        );
      case "ObjectPattern":
        return this.replaced(
          node,
          node.properties.map((property) => [property, this.patternProperty(property, scope)]),
        );
      default:
        return this.node(node, scope);
    }
  }

  private patternProperty(node: acorn.AssignmentProperty | acorn.RestElement, scope: Scope): Rope {
    if (node.type === "RestElement") return this.pattern(node, scope);
    const value = node.value as Node;
    if (node.shorthand) return this.pattern(value, scope);
    const replacements: [Node, Rope][] = [[value, this.pattern(value, scope)]];
    if (node.computed) replacements.unshift([node.key, this.node(node.key, scope)]);
    return this.replaced(node, replacements);
  }

  private catchClause(node: acorn.CatchClause, scope: Scope): Rope {
    const replacements: [Node, Rope][] = [[node.body, this.node(node.body, scope)]];
    if (node.param) replacements.unshift([node.param, this.pattern(node.param, scope)]);
    return this.replaced(node, replacements);
  }

  // Statements ------------------------------------------------------------------------------------------------------------

  /** The next statement may begin with a parenthesis now, so no end may be left to be guessed. */
  private ended(node: Node, rope: Rope): Rope {
    return this.source[node.end - 1] === ";" ? rope : [rope, ";"];
  }

  private returnStatement(node: acorn.ReturnStatement, scope: Scope): Rope {
    if (!node.argument || scope.returns === "plain") return this.ended(node, this.children(node, scope));
    const end = this.source[node.end - 1] === ";" ? node.end - 1 : node.end;
    return [
      `return void ${scope.helper}.give(`,
      slice(node.start + "return".length, node.argument.start),
      this.node(node.argument, scope),
      slice(node.argument.end, end),
      ");",
    ];
  }

  private labeled(node: acorn.LabeledStatement, scope: Scope, labels: string[]): Rope {
    const all = [...labels, node.label.name];
    if (node.body.type === "LabeledStatement") return this.labeled(node.body, scope, all);
    if (node.body.type === "ForOfStatement" && scope.waits && !node.body.await)
      return this.forOf(node.body, scope, all);
    return [all.map((label) => `${label}:`), this.node(node.body, scope)];
  }

  /** `for…of` steps by itself, since the next value may have to be waited for (a query's rows), and Ctrl-C must end it. */
  private forOf(node: acorn.ForOfStatement, scope: Scope, labels: string[]): Rope {
    const { helper } = scope;
    const steps = `__steps${(this.loops += 1)}`;
    const left = node.left as Node;
    const value = this.matched(
      left.type === "VariableDeclaration" ? left.declarations[0]!.id : left,
      `${steps}.value`,
      scope,
    );
    const bind: Rope =
      left.type === "VariableDeclaration"
        ? [`${left.kind} `, this.pattern(left.declarations[0]!.id, scope), "=", value, ";"]
        : ["(", this.target(left, scope), "=", value, ");"];
    return [
      `{const ${steps}=${helper}.steps(`,
      this.node(node.right, scope),
      `);try{${labels.map((label) => `${label}:`).join("")}for(;`,
      this.wait(`${steps}.next()`, scope),
      `,!${steps}.done;){`,
      bind,
      this.node(node.body, scope),
      `}}finally{if(${helper}.is(${steps}.close()))await ${helper}.it()}}`,
    ];
  }

  private forAwait(node: acorn.ForOfStatement, scope: Scope): Rope {
    scope.seen.waiting = true;
    return this.replaced(node, [
      [node.left, this.loopVariable(node.left, scope)],
      [node.right, this.node(node.right, scope)],
      [node.body, this.loopBody(node.body, scope)],
    ]);
  }

  private forIn(node: acorn.ForInStatement, scope: Scope): Rope {
    return this.replaced(node, [
      [node.left, this.loopVariable(node.left, scope)],
      [node.right, this.node(node.right, scope)],
      [node.body, this.loopBody(node.body, scope)],
    ]);
  }

  private loopVariable(left: Node, scope: Scope): Rope {
    return left.type === "VariableDeclaration" ? this.children(left, scope) : this.target(left, scope);
  }

  private loop(node: acorn.ForStatement | acorn.WhileStatement | acorn.DoWhileStatement, scope: Scope): Rope {
    const parts: (Node | null | undefined)[] =
      node.type === "ForStatement"
        ? [node.init, node.test, node.update]
        : node.type === "WhileStatement"
          ? [node.test]
          : [];
    const replacements: [Node, Rope][] = parts
      .filter((part) => !!part)
      .map((part) => [part, part.type === "VariableDeclaration" ? this.children(part, scope) : this.node(part, scope)]);
    replacements.push([node.body, this.loopBody(node.body, scope)]);
    if (node.type === "DoWhileStatement") replacements.push([node.test, this.node(node.test, scope)]);
    return this.replaced(node, replacements);
  }

  /** Each turn of a loop looks whether Ctrl-C was pressed. */
  private loopBody(body: Node, scope: Scope): Rope {
    const { helper } = scope;
    scope.seen.waiting = true;
    return [`{if(${helper}.turn())await ${helper}.rest();`, this.node(body, scope), "}"];
  }

  private importDeclaration(node: acorn.ImportDeclaration, scope: Scope): Rope {
    scope.seen.waiting = true;
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

  private exportDefault(node: acorn.ExportDefaultDeclaration, scope: Scope): Rope {
    const declaration = node.declaration as Node;
    const anonymous = "id" in declaration && declaration.id === null;
    if (/Declaration$/.test(declaration.type) && !anonymous) return this.node(declaration, scope);
    return ["(", this.node(declaration, scope), ");"];
  }

  // Functions and classes -------------------------------------------------------------------------------------------------

  private classNode(node: acorn.Class, scope: Scope): Rope {
    const replacements: [Node, Rope][] = [];
    if (node.superClass) replacements.push([node.superClass, this.node(node.superClass, scope)]);
    replacements.push([node.body, this.children(node.body, { ...scope, waits: false, returns: "plain" })]);
    return this.replaced(node as Node, replacements);
  }

  private functionNode(node: FunctionNode, scope: Scope): Rope {
    const hidden = this.options.substitutes.size ? new Set([...scope.hidden, ...declaredNames(node)]) : scope.hidden;
    const inner: Scope = {
      helper: FUNCTION_HELPER,
      waits: true,
      returns: node.async ? "plain" : "helper",
      hidden,
      seen: { waiting: false },
    };
    if (scope.waits && !node.generator) {
      const rewritten = this.waitingFunction(node, inner);
      if (inner.seen.waiting) return rewritten;
    }
    return this.leftAlone(node, { ...inner, waits: false, returns: "plain" });
  }

  private leftAlone(node: FunctionNode, scope: Scope): Rope {
    const params: [Node, Rope][] = node.params.map((param) => [param, this.pattern(param, scope)]);
    return this.replaced(node, [...params, [node.body, this.node(node.body, scope)]]);
  }

  private waitingFunction(node: FunctionNode, scope: Scope): Rope {
    const header = this.functionHeader(node, scope);
    const body = this.functionBody(node, scope);
    if (node.async) return [header.start, `{const __run=__retort.enter();`, header.binding, body, "}"];
    return [
      header.start,
      "{return __retort.call(async __run=>{try{",
      header.binding,
      body,
      "}catch(__error){__run.fail(__error)}finally{__run.end()}})}",
    ];
  }

  /** Everything up to the body; parameters that need waiting are bound inside the body instead. */
  private functionHeader(node: FunctionNode, scope: Scope): { start: Rope; binding: Rope } {
    const names = node.params.map((param) => (param.type === "RestElement" ? param.argument : param));
    const plain = names.every((param) => param.type === "Identifier");
    if (plain && !this.declaresParameterAgain(node)) {
      const end = node.type === "ArrowFunctionExpression" ? this.arrowEnd(node) : node.body.start;
      return { start: slice(node.start, end), binding: "" };
    }
    const first = node.params[0]!;
    const last = node.params.at(-1)!;
    const open = this.source.lastIndexOf("(", first.start);
    const close = this.find(")", last.end);
    const parenthesised = open >= node.start && this.source.slice(open + 1, first.start).trim() === "";
    const before = slice(node.start, parenthesised ? open : first.start);
    const end = node.type === "ArrowFunctionExpression" ? this.arrowEnd(node) : node.body.start;
    const after = slice(parenthesised ? close + 1 : last.end, end);
    const params = node.params.map((param) => [this.pattern(param, scope), param.type === "RestElement" ? "" : ","]);
    const shapes = node.params.map((param) => shapeOf(param) ?? "0");
    const values: Rope = shapes.every((shape) => shape === "0")
      ? "__values"
      : this.wait(`${scope.helper}.parts(__values,[${shapes.join(",")}])`, scope);
    return { start: [before, "(...__values)", after], binding: ["var [", params, "]=", values, ";"] };
  }

  private declaresParameterAgain(node: FunctionNode): boolean {
    if (node.body.type !== "BlockStatement" || node.async) return false;
    const inside = new Set(declaredNames(node.body));
    return node.params.some((param) => declaredNames(param).some((name) => inside.has(name)));
  }

  private functionBody(node: FunctionNode, scope: Scope): Rope {
    const { body } = node;
    if (body.type === "BlockStatement") return [this.inside(body, scope), "\n"];
    const give = scope.returns === "helper" ? `return void ${scope.helper}.give(` : "return (";
    return [
      give,
      slice(this.arrowEnd(node as acorn.ArrowFunctionExpression), body.start),
      this.node(body, scope),
      slice(body.end, node.end),
      ");",
    ];
  }

  /** The statements of a block without its braces. */
  private inside(block: acorn.BlockStatement, scope: Scope): Rope {
    return this.between(
      block.start + 1,
      block.end - 1,
      block.body.map((statement) => [statement, this.node(statement, scope)]),
    );
  }

  private arrowEnd(node: acorn.ArrowFunctionExpression): number {
    const from = node.params.length ? node.params.at(-1)!.end : node.start;
    return this.find("=>", from) + "=>".length;
  }

  /** The next place of a token that is not in a comment. */
  private find(token: string, from: number): number {
    const pattern = new RegExp(`//[^\\n]*|/\\*[^]*?\\*/|${token.replace(/[()]/g, "\\$&")}`, "g");
    pattern.lastIndex = from;
    for (let match = pattern.exec(this.source); match; match = pattern.exec(this.source)) {
      if (match[0] === token) return match.index;
    }
    return from;
  }

  // Text ------------------------------------------------------------------------------------------------------------------

  private quoted(node: Node): Rope {
    return ['"', slice(node.start, node.end), '"'];
  }

  /** A node as it was typed, with its children rewritten. */
  private children(node: Node, scope: Scope): Rope {
    return this.replaced(
      node,
      childrenOf(node).map((child) => [child, this.node(child, scope)]),
    );
  }

  private replaced(node: Node, replacements: readonly (readonly [Node, Rope])[]): Rope {
    return this.between(node.start, node.end, replacements);
  }

  private between(start: number, end: number, replacements: readonly (readonly [Node, Rope])[]): Rope {
    const parts: Rope[] = [];
    let at = start;
    for (const [node, rope] of replacements) {
      parts.push(slice(at, node.start), rope);
      at = node.end;
    }
    parts.push(slice(at, end));
    return parts;
  }
}

function slice(start: number, end: number): Slice {
  return { start, end };
}

function nameOf(node: acorn.MemberExpression): string | undefined {
  return !node.computed && node.property.type === "Identifier" ? node.property.name : undefined;
}

/** Whether a value of this form may be a promise or a relation that is not loaded. */
function canBeWaitedFor(node: Node): boolean {
  return /^(Identifier|MemberExpression|CallExpression|ChainExpression|ImportExpression|Super|ThisExpression)$/.test(
    node.type,
  );
}

function isKeyword(node: Node): node is acorn.AssignmentExpression & { left: acorn.Identifier } {
  return node.type === "AssignmentExpression" && node.operator === "=" && node.left.type === "Identifier";
}

function keywordArguments(nodes: readonly Node[]): boolean {
  return nodes.some(isKeyword);
}

/** The name that a declaration of one name declares. */
function singleName(node: Node): string | undefined {
  if (node.type !== "VariableDeclaration" || node.declarations.length !== 1) return undefined;
  const [declarator] = node.declarations;
  return declarator?.id.type === "Identifier" && declarator.init ? declarator.id.name : undefined;
}

/** The nodes inside a node, in the order of the text. */
export function childrenOf(node: Node): Node[] {
  const children: Node[] = [];
  const named = node.type === "MethodDefinition" || node.type === "PropertyDefinition";
  for (const [key, value] of Object.entries(node) as [string, unknown][]) {
    if (named && key === "key" && !node.computed) continue;
    for (const item of Array.isArray(value) ? value : [value]) {
      if (item && typeof (item as Node).type === "string" && typeof (item as Node).start === "number")
        children.push(item as Node);
    }
  }
  return children.sort((a, b) => a.start - b.start);
}
