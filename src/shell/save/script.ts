import type * as acorn from "acorn";
import { Inference } from "../complete/types";
import { declaredNames } from "../rewrite/patterns";
import { render, type Rope } from "../rewrite/rope";
import type { SavedInput, ShellContext } from "../context";
import { Explicit, undeclared, type Knowledge, type Memory } from "./explicit";
import { inTurnText } from "./in-turn";

type Statement = acorn.Program["body"][number];

/** The inputs of a shell as a TypeScript file that `retort run` runs: with `await`, and every name declared. */
export function scriptOf(inputs: readonly SavedInput[], shell: ShellContext): string {
  return new Script(inputs, shell).text();
}

class Script {
  private readonly memory: Memory = { functions: new Map(), inTurn: new Set() };
  private readonly declared = new Set<string>();
  /** Names that are declared more than once, or assigned to after a `const`: they are declared by `let`. */
  private readonly again: ReadonlySet<string>;
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
    const names = this.parsed.flatMap(({ program }) => [...new Set(declaredAtTop(program))]);
    this.again = new Set(names.filter((name, index) => names.indexOf(name) !== index));
    this.usesLast = inputs.some(({ text }) => /(?<![\w$.])_(?![\w$])/.test(text));
  }

  text(): string {
    const inputs = this.parsed.map(({ program, source, isPrinted }) => this.input(program, source, isPrinted));
    const { inTurn } = this.memory;
    const helpers = inTurn.size > 0 ? [inTurnText(inTurn), ""] : [];
    const last = this.usesLast ? ["let _: any;"] : [];
    return [...helpers, ...last, ...inputs, "", "export {};", ""].join("\n");
  }

  private input(program: acorn.Program, source: string, isPrinted: boolean): string {
    const explicit = new Explicit(source, this.knowledge(), this.memory);
    const statements = program.body.filter(({ type }) => type !== "EmptyStatement");
    return statements
      .map((statement, index) =>
        this.statement(statement, source, explicit, isPrinted && index === statements.length - 1),
      )
      .join("\n");
  }

  private statement(statement: Statement, source: string, explicit: Explicit, isPrinted: boolean): string {
    const first = this.firstAssignment(statement);
    const missing = undeclared(statement, new Set()).filter((name) => name !== first && !this.isKnown(name));
    const lines = [...new Set(missing)].map((name) => `let ${name}: any;`);
    for (const name of [...missing, ...(first === undefined ? [] : [first])]) this.declared.add(name);
    const rope = this.written(statement, explicit, isPrinted, first !== undefined);
    for (const name of declaredAtTop(statement)) this.declared.add(name);
    return [...lines, ended(render(rope, source).code.trim())].join("\n");
  }

  private written(statement: Statement, explicit: Explicit, isPrinted: boolean, isFirst: boolean): Rope {
    if (statement.type === "ExpressionStatement") {
      const value = explicit.node(statement.expression);
      if (isPrinted) return this.usesLast ? ["print((_ = ", value, "));"] : ["print(", value, ");"];
      return isFirst ? ["let ", value, ";"] : startsLikeBlock(statement) ? ["(", value, ");"] : value;
    }
    const names = declaredAtTop(statement);
    if (!names.some((name) => this.again.has(name))) return explicit.node(statement);
    if (statement.type === "VariableDeclaration")
      return statement.declarations.map((one) => this.declaredAgain(one, explicit));
    if (/^(Function|Class)Declaration$/.test(statement.type))
      return [this.declared.has(names[0]!) ? "" : "let ", `${names[0]!} = `, explicit.node(statement)];
    return explicit.node(statement);
  }

  /** A declaration of names that are declared again: the first time by `let`, then they are assigned to. */
  private declaredAgain(declarator: acorn.VariableDeclarator, explicit: Explicit): Rope {
    const names = declaredNames(declarator.id);
    const written = declarator.init ? explicit.node(declarator) : [explicit.node(declarator), " = undefined"];
    if (names.every((name) => !this.declared.has(name))) return ["let ", written, ";\n"];
    const missing = names.filter((name) => !this.declared.has(name)).map((name) => `let ${name}: any;\n`);
    return declarator.id.type === "Identifier" ? [written, ";\n"] : [missing, "(", written, ");\n"];
  }

  /** The name that `name = value` gives its first value. */
  private firstAssignment(statement: Statement): string | undefined {
    if (statement.type !== "ExpressionStatement" || statement.expression.type !== "AssignmentExpression")
      return undefined;
    const { left, operator } = statement.expression;
    return operator === "=" && left.type === "Identifier" && !this.isKnown(left.name) ? left.name : undefined;
  }

  private isKnown(name: string): boolean {
    return this.declared.has(name) || name === "_" || this.shell.names.isPredefined(name);
  }

  private knowledge(): Knowledge {
    const { shell } = this;
    const entities = new Set(shell.names.entities.map(({ name }) => name));
    const relations = new Set(
      shell.entities.models.flatMap(({ relations: all }) => all.map(({ property }) => property)),
    );
    return {
      typeOf: (node, locals) => new Inference(shell, (name) => locals.get(name)).of(node),
      isEntity: (name) => entities.has(name),
      isPlainFunction: (name) =>
        !this.declared.has(name) &&
        name !== "fetch" &&
        shell.names.isPredefined(name) &&
        !(name in (shell.options.settings?.names ?? {})),
      isRelation: (name) => relations.has(name),
    };
  }
}

/** The names that a statement, or a program's statements, declare for those that follow. */
function declaredAtTop(node: Statement | acorn.Program): string[] {
  if (node.type === "Program") return node.body.flatMap(declaredAtTop);
  if (node.type === "VariableDeclaration") return node.declarations.flatMap(({ id }) => declaredNames(id));
  if (node.type === "FunctionDeclaration" || node.type === "ClassDeclaration") return node.id ? [node.id.name] : [];
  return node.type === "ImportDeclaration" ? node.specifiers.map(({ local }) => local.name) : [];
}

/** `({ a } = b)`: the parentheses are no part of the expression. */
function startsLikeBlock({ expression }: acorn.ExpressionStatement): boolean {
  return expression.type === "AssignmentExpression" && expression.left.type === "ObjectPattern";
}

function ended(text: string): string {
  return /[;}]$/.test(text) && !/=[^]*}$/.test(text) ? text : `${text};`.replace(/;;$/, ";");
}
