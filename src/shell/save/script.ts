import type * as acorn from "acorn";
import { Inference } from "../complete/types";
import { declaredNames } from "../rewrite/patterns";
import { render, type Rope } from "../rewrite/rope";
import type { SavedInput, ShellContext } from "../context";
import { arrayHelpersText } from "./array-helpers";
import { AwaitInserter, type InputTypes, type ScriptState } from "./insert-awaits";
import { undeclared } from "./undeclared";

type Statement = acorn.Program["body"][number];

/** The inputs of a shell as a TypeScript file for `retort run`: with `await`, and every name declared. */
export function scriptOf(inputs: readonly SavedInput[], shell: ShellContext): string {
  return new Script(inputs, shell).text();
}

class Script {
  private readonly state: ScriptState = { functions: new Map(), arrayHelpers: new Set() };
  private readonly declared = new Set<string>();
  /** Names that several inputs declare; the script declares them once, by `let`. */
  private readonly redeclared: ReadonlySet<string>;
  private readonly parsed: readonly { program: acorn.Program; source: string; isPrinted: boolean }[];
  private readonly usesLast: boolean;

  constructor(
    inputs: readonly SavedInput[],
    private readonly shell: ShellContext,
  ) {
    this.parsed = inputs.flatMap(({ text, isPrinted }) => {
      const parsed = shell.evaluator.parse(text);
      return parsed.status === "complete" ? [{ program: parsed.program, source: parsed.source, isPrinted }] : [];
    });
    const names = this.parsed.flatMap(({ program }) => [...new Set(topLevelNames(program))]);
    this.redeclared = new Set(names.filter((name, index) => names.indexOf(name) !== index));
    this.usesLast = inputs.some(({ text }) => /(?<![\w$.])_(?![\w$])/.test(text));
  }

  text(): string {
    const inputs = this.parsed.map(({ program, source, isPrinted }) => this.input(program, source, isPrinted));
    const { arrayHelpers } = this.state;
    const helpers = arrayHelpers.size > 0 ? [arrayHelpersText(arrayHelpers), ""] : [];
    const last = this.usesLast ? ["let _: any;"] : [];
    return [...helpers, ...last, ...inputs, "", "export {};", ""].join("\n");
  }

  private input(program: acorn.Program, source: string, isPrinted: boolean): string {
    const inserter = new AwaitInserter(source, this.types(), this.state);
    const statements = program.body.filter(({ type }) => type !== "EmptyStatement");
    return statements
      .map((statement, index) =>
        this.statement(statement, source, inserter, isPrinted && index === statements.length - 1),
      )
      .join("\n");
  }

  private statement(statement: Statement, source: string, inserter: AwaitInserter, isPrinted: boolean): string {
    const first = this.firstAssignment(statement);
    const missing = undeclared(statement, new Set()).filter((name) => name !== first && !this.isKnown(name));
    const lines = [...new Set(missing)].map((name) => `let ${name}: any;`);
    for (const name of [...missing, ...(first === undefined ? [] : [first])]) this.declared.add(name);
    const rope = this.written(statement, inserter, isPrinted, first !== undefined);
    for (const name of topLevelNames(statement)) this.declared.add(name);
    return [...lines, withSemicolon(render(rope, source).code.trim())].join("\n");
  }

  private written(statement: Statement, inserter: AwaitInserter, isPrinted: boolean, isFirst: boolean): Rope {
    if (statement.type === "ExpressionStatement") {
      const value = inserter.node(statement.expression);
      if (isPrinted) return this.usesLast ? ["print((_ = ", value, "));"] : ["print(", value, ");"];
      return isFirst ? ["let ", value, ";"] : startsLikeBlock(statement) ? ["(", value, ");"] : value;
    }
    const names = topLevelNames(statement);
    if (!names.some((name) => this.redeclared.has(name))) return inserter.node(statement);
    if (statement.type === "VariableDeclaration")
      return statement.declarations.map((one) => this.redeclaration(one, inserter));
    if (/^(Function|Class)Declaration$/.test(statement.type))
      return [this.declared.has(names[0]!) ? "" : "let ", `${names[0]!} = `, inserter.node(statement)];
    return inserter.node(statement);
  }

  /** A declaration of names that are declared again: by `let` the first time, by an assignment later. */
  private redeclaration(declarator: acorn.VariableDeclarator, inserter: AwaitInserter): Rope {
    const names = declaredNames(declarator.id);
    const written = declarator.init ? inserter.node(declarator) : [inserter.node(declarator), " = undefined"];
    if (names.every((name) => !this.declared.has(name))) return ["let ", written, ";\n"];
    const missing = names.filter((name) => !this.declared.has(name)).map((name) => `let ${name}: any;\n`);
    return declarator.id.type === "Identifier" ? [written, ";\n"] : [missing, "(", written, ");\n"];
  }

  /** The name that `name = value` assigns for the first time. */
  private firstAssignment(statement: Statement): string | undefined {
    if (statement.type !== "ExpressionStatement" || statement.expression.type !== "AssignmentExpression")
      return undefined;
    const { left, operator } = statement.expression;
    return operator === "=" && left.type === "Identifier" && !this.isKnown(left.name) ? left.name : undefined;
  }

  private isKnown(name: string): boolean {
    return this.declared.has(name) || name === "_" || this.shell.names.isPredefined(name);
  }

  private types(): InputTypes {
    const { shell } = this;
    const entities = new Set(shell.names.entities.map(({ name }) => name));
    const relations = new Set(
      shell.entities.models.flatMap(({ relations: all }) => all.map(({ property }) => property)),
    );
    return {
      typeOf: (node, locals) => new Inference(shell, (name) => locals.get(name)).of(node),
      isEntity: (name) => entities.has(name),
      isSyncFunction: (name) =>
        !this.declared.has(name) &&
        name !== "fetch" &&
        shell.names.isPredefined(name) &&
        !shell.names.isFromSettings(name),
      isRelation: (name) => relations.has(name),
    };
  }
}

/** The names that a statement or a program declares at top level. */
function topLevelNames(node: Statement | acorn.Program): string[] {
  if (node.type === "Program") return node.body.flatMap(topLevelNames);
  if (node.type === "VariableDeclaration") return node.declarations.flatMap(({ id }) => declaredNames(id));
  if (node.type === "FunctionDeclaration" || node.type === "ClassDeclaration") return node.id ? [node.id.name] : [];
  return node.type === "ImportDeclaration" ? node.specifiers.map(({ local }) => local.name) : [];
}

/** `({ a } = b)`: the parentheses are not part of the expression. */
function startsLikeBlock({ expression }: acorn.ExpressionStatement): boolean {
  return expression.type === "AssignmentExpression" && expression.left.type === "ObjectPattern";
}

function withSemicolon(text: string): string {
  return /[;}]$/.test(text) && !/=[^]*}$/.test(text) ? text : `${text};`.replace(/;;$/, ";");
}
