import ts from "typescript";
import type { Source } from "./compiled-file";

/** Facts about a file that are known from its syntax. */
export interface SourceFacts {
  readonly isAsync: boolean;
  readonly format: "cjs" | "esm";
  readonly untyped: readonly string[];
}

/** TypeORM's decorators that take the column's type from the property, unless it is given. */
const READS_TYPE = /Column$/;
const KNOWS_TYPE: ReadonlySet<string> = new Set([
  "PrimaryGeneratedColumn",
  "CreateDateColumn",
  "UpdateDateColumn",
  "DeleteDateColumn",
  "VersionColumn",
  "JoinColumn",
  "InverseJoinColumn",
  "ObjectIdColumn",
  "TreeLevelColumn",
  "ViewColumn",
  "VirtualColumn",
]);

/** Classes that need no import. */
const GLOBAL_CLASSES: ReadonlySet<string> = new Set([
  "Date",
  "Buffer",
  "Uint8Array",
  "String",
  "Number",
  "Boolean",
  "BigInt",
  "Array",
]);

export function factsOf({ file, text, format }: Source): SourceFacts {
  const source = ts.createSourceFile(
    file,
    text,
    { languageVersion: ts.ScriptTarget.ES2022, setExternalModuleIndicator: asModule },
    true,
  );
  const seen = new Survey(source);
  // With a bundler, files of a package without "type" may be ES modules; only those can use `import.meta` or a top-level `await`.
  return { isAsync: seen.awaits, format: seen.awaits || seen.hasMeta ? "esm" : format, untyped: seen.untyped };
}

/** Treats files without `import` and `export` as modules, which may `await`: scripts of `retort run` often have neither. */
function asModule(file: ts.SourceFile): void {
  (file as { externalModuleIndicator?: unknown }).externalModuleIndicator = true;
}

class Survey {
  awaits = false;
  hasMeta = false;
  readonly untyped: string[] = [];
  readonly #imported: ReadonlySet<string>;

  constructor(source: ts.SourceFile) {
    this.#imported = importedNames(source);
    this.#visit(source, true);
  }

  #visit(node: ts.Node, isTopLevel: boolean): void {
    if (isTopLevel && isAwaiting(node)) this.awaits = true;
    if (ts.isMetaProperty(node) && node.keywordToken === ts.SyntaxKind.ImportKeyword) this.hasMeta = true;
    if (ts.isPropertyDeclaration(node) && this.#isUntyped(node)) this.untyped.push(node.name.getText());
    const inside =
      isTopLevel &&
      !ts.isFunctionLike(node) &&
      !ts.isPropertyDeclaration(node) &&
      !ts.isClassStaticBlockDeclaration(node);
    ts.forEachChild(node, (child) => this.#visit(child, inside));
  }

  /** Whether a column's type is an imported name, and its decorator gives no type. */
  #isUntyped(property: ts.PropertyDeclaration): boolean {
    if (!property.type || !this.#namesImport(property.type)) return false;
    return (ts.getDecorators(property) ?? []).some(readsType);
  }

  #namesImport(type: ts.TypeNode): boolean {
    if (ts.isUnionTypeNode(type)) return type.types.some((part) => this.#namesImport(part));
    if (ts.isParenthesizedTypeNode(type)) return this.#namesImport(type.type);
    return (
      ts.isTypeReferenceNode(type) && !GLOBAL_CLASSES.has(type.typeName.getText()) && this.#leadsOut(type.typeName)
    );
  }

  #leadsOut(name: ts.EntityName): boolean {
    const first = ts.isIdentifier(name) ? name : leftmost(name);
    return this.#imported.has(first.text);
  }
}

function leftmost(name: ts.QualifiedName): ts.Identifier {
  return ts.isIdentifier(name.left) ? name.left : leftmost(name.left);
}

/** The imported names of a file, and the type aliases that use them. */
function importedNames(source: ts.SourceFile): Set<string> {
  const names = new Set(source.statements.filter(ts.isImportDeclaration).flatMap(namesOf));
  const aliases = source.statements.filter(ts.isTypeAliasDeclaration);
  let before: number;
  do {
    before = names.size;
    for (const { name, type } of aliases) if (mentions(type, names)) names.add(name.text);
  } while (names.size > before);
  return names;
}

function namesOf({ importClause }: ts.ImportDeclaration): string[] {
  const names = importClause?.name ? [importClause.name.text] : [];
  const bindings = importClause?.namedBindings;
  if (!bindings) return names;
  if (ts.isNamespaceImport(bindings)) return [...names, bindings.name.text];
  return [...names, ...bindings.elements.map((element) => element.name.text)];
}

function mentions(node: ts.Node, names: ReadonlySet<string>): boolean {
  if (ts.isIdentifier(node)) return names.has(node.text);
  return ts.forEachChild(node, (child) => mentions(child, names) || undefined) ?? false;
}

/** `AwaitUsing` has two bits, one of which is `using`. */
const AWAIT_USING = Number(ts.NodeFlags.AwaitUsing);

function isAwaiting(node: ts.Node): boolean {
  if (ts.isAwaitExpression(node)) return true;
  if (ts.isForOfStatement(node)) return node.awaitModifier !== undefined;
  return ts.isVariableDeclarationList(node) && (Number(node.flags) & AWAIT_USING) === AWAIT_USING;
}

function readsType(decorator: ts.Decorator): boolean {
  if (!ts.isCallExpression(decorator.expression)) return false;
  const { expression, arguments: given } = decorator.expression;
  const name = ts.isPropertyAccessExpression(expression) ? expression.name.text : expression.getText();
  return READS_TYPE.test(name) && !KNOWS_TYPE.has(name) && !given.some(saysType);
}

/** `"varchar"`, `() => Name`, `{ type: … }`; a name may refer to options that contain the type, and is accepted. */
function saysType(argument: ts.Expression): boolean {
  if (!ts.isObjectLiteralExpression(argument)) return true;
  return argument.properties.some((property) => ts.isSpreadAssignment(property) || property.name?.getText() === "type");
}
