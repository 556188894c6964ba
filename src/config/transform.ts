import type ts from "typescript";

/** The compiler that created the nodes: the numbers of node kinds differ between versions. */
type Compiler = typeof ts;

/** Built-in names, which are always defined. */
const ALWAYS_THERE: ReadonlySet<string> = new Set([
  "String",
  "Number",
  "Boolean",
  "BigInt",
  "Symbol",
  "Object",
  "Function",
  "Array",
  "Promise",
  "Date",
  "Map",
  "Set",
]);

/** Runs before TypeScript's own transformations: redirects `import.meta` and `import(…)` to the loader. */
export function redirectModules(compiler: Compiler): ts.TransformerFactory<ts.SourceFile> {
  return (context) => {
    const { factory } = context;
    const member = (name: string) =>
      factory.createPropertyAccessExpression(factory.createIdentifier("__retortModule"), name);
    const visit = (node: ts.Node): ts.Node => {
      if (compiler.isMetaProperty(node) && node.keywordToken === compiler.SyntaxKind.ImportKeyword)
        return member("meta");
      const visited = compiler.visitEachChild(node, visit, context);
      if (compiler.isCallExpression(visited) && visited.expression.kind === compiler.SyntaxKind.ImportKeyword)
        return factory.updateCallExpression(visited, member("import"), undefined, visited.arguments);
      return visited;
    };
    return (source) => compiler.visitEachChild(source, visit, context);
  };
}

/**
 * Runs after them: in the type metadata of decorators, a class that is not loaded yet becomes Object instead of throwing; and an ES module
 * requires through the loader, since it may declare `require` itself.
 */
export function guardMetadata(compiler: Compiler, format: "cjs" | "esm"): ts.TransformerFactory<ts.SourceFile> {
  return (context) => {
    const { factory } = context;
    const visit = (node: ts.Node): ts.Node => {
      const visited = compiler.visitEachChild(node, visit, context);
      if (!compiler.isCallExpression(visited) || !compiler.isIdentifier(visited.expression)) return visited;
      if (format === "esm" && isGenerated(compiler, visited, "require")) {
        const target = factory.createPropertyAccessExpression(factory.createIdentifier("__retortModule"), "require");
        return factory.updateCallExpression(visited, target, undefined, visited.arguments);
      }
      return isGenerated(compiler, visited, "__metadata") ? guarded(compiler, visited, factory) : visited;
    };
    return (source) => compiler.visitEachChild(source, visit, context);
  };
}

/** Calls that TypeScript adds have no position in the source. */
function isGenerated(compiler: Compiler, { expression }: ts.CallExpression, name: string): boolean {
  return compiler.isIdentifier(expression) && expression.text === name && expression.pos < 0;
}

function guarded(compiler: Compiler, call: ts.CallExpression, factory: ts.NodeFactory): ts.CallExpression {
  const [key, type] = call.arguments;
  if (!key || !type) return call;
  return factory.updateCallExpression(call, call.expression, undefined, [key, guardedType(compiler, type, factory)]);
}

function guardedType(compiler: Compiler, type: ts.Expression, factory: ts.NodeFactory): ts.Expression {
  if (compiler.isArrayLiteralExpression(type))
    return factory.updateArrayLiteralExpression(
      type,
      type.elements.map((element) => guardedType(compiler, element, factory)),
    );
  return compiler.isIdentifier(type) && !ALWAYS_THERE.has(type.text) ? triedReference(type, factory) : type;
}

/** `(() => { try { return User; } catch { return Object; } })()` */
function triedReference(name: ts.Identifier, factory: ts.NodeFactory): ts.Expression {
  const giving = (expression: ts.Expression) => factory.createBlock([factory.createReturnStatement(expression)]);
  const attempt = factory.createTryStatement(
    giving(name),
    factory.createCatchClause(undefined, giving(factory.createIdentifier("Object"))),
    undefined,
  );
  const body = factory.createBlock([attempt]);
  const arrow = factory.createArrowFunction(undefined, undefined, [], undefined, undefined, body);
  return factory.createCallExpression(factory.createParenthesizedExpression(arrow), undefined, []);
}
