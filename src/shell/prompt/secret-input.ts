import { parse, type Comment, type Node } from "acorn";
import { isSecretName, wordsOf } from "../secret-names";
import { EXPRESSION, holdsSecretText } from "./secret-text";

/** Functions whose arguments are secrets although nothing in their name is: `bcrypt.hashSync("…")`, `login("…", "…")`. */
const CALLED = new Set(
  (
    "hash hashsync compare comparesync verify digest hmac createhmac createhash bcrypt bcryptjs argon argon2 scrypt " +
    "scryptsync pbkdf pbkdf2 encrypt decrypt cipher decipher sign login signin authenticate auth"
  ).split(" "),
);

/** Numbers of fewer digits (`u.tokens > 5`) are not secrets; a CVV has three. */
const DIGITS = 3;

/** A node of the syntax tree, whatever its type. */
type AnyNode = Node & Readonly<Record<string, unknown>>;

/**
 * Whether an input holds a password, a token or another secret: a value that belongs to a name of a secret, or a text that looks like
 * one. Takes a time that is proportional to the length of the input.
 * @param named more names of secrets, in lower case: those of the project's settings
 */
export function holdsSecret(input: string, named: ReadonlySet<string> = new Set()): boolean {
  const isSecret = (name: string): boolean => isSecretName(name) || named.has(name.toLowerCase());
  // A dot-command takes an expression, or words that are none.
  const code = input.replace(/^\s*(?:\.\w+|\?)\s*/, "");
  const comments: Comment[] = [];
  const program = parsed(code, comments);
  if (!program) return holdsSecretText(code, isSecret, "code");
  return comments.some(({ value }) => holdsSecretText(value, isSecret)) || new SecretFinder(isSecret).findsIn(program);
}

/** The syntax tree; undefined for what is no JavaScript: SQL, TypeScript, a line with a typing error. */
function parsed(code: string, comments: Comment[]): AnyNode | undefined {
  const options = { ecmaVersion: "latest", allowAwaitOutsideFunction: true, allowReturnOutsideFunction: true } as const;
  for (const sourceType of ["script", "module"] as const) {
    try {
      comments.length = 0;
      return parse(code, { ...options, sourceType, onComment: comments }) as Node as AnyNode;
    } catch {
      // Nested too deeply, or not JavaScript.
    }
  }
  return undefined;
}

/** Looks for a literal that belongs to a name of a secret. A list of nodes instead of recursion: inputs may be nested deeply. */
class SecretFinder {
  readonly #isSecret: (name: string) => boolean;
  /** What is still to be looked at, and whether it belongs to a secret. */
  readonly #todo: { readonly node: AnyNode; readonly isSecret: boolean }[] = [];

  constructor(isSecret: (name: string) => boolean) {
    this.#isSecret = isSecret;
  }

  findsIn(program: AnyNode): boolean {
    this.#todo.push({ node: program, isSecret: false });
    for (let next = this.#todo.pop(); next; next = this.#todo.pop()) {
      if (this.#isSecretLiteral(next.node, next.isSecret)) return true;
      this.#addChildren(next.node, next.isSecret);
    }
    return false;
  }

  #isSecretLiteral(node: AnyNode, isSecret: boolean): boolean {
    const text = textOf(node);
    if (text !== undefined)
      return (isSecret && text.replaceAll(EXPRESSION, "") !== "") || holdsSecretText(text, this.#isSecret);
    if (!isSecret || node.type !== "Literal") return false;
    const { value, regex, bigint } = node as { value?: unknown; regex?: unknown; bigint?: string };
    return regex !== undefined || digits(bigint ?? value) >= DIGITS;
  }

  #addChildren(node: AnyNode, isSecret: boolean): void {
    const secret = isSecret ? undefined : this.#secretChildren(node);
    for (const [key, value] of Object.entries(node)) {
      // The name of a member or a property is no value.
      if (isName(node, key)) continue;
      const belongs = isSecret || secret === true || (Array.isArray(secret) && secret.includes(key));
      for (const child of Array.isArray(value) ? (value as unknown[]) : [value])
        if (isNode(child)) this.#todo.push({ node: child, isSecret: belongs });
    }
  }

  /** The children of a node that are the values of a secret; true for all of them. */
  #secretChildren(node: AnyNode): readonly string[] | true | undefined {
    const child = (key: string): AnyNode => node[key] as AnyNode;
    const named = (key: string): boolean => isNode(node[key]) && this.#isNamed(child(key));
    switch (node.type) {
      case "AssignmentExpression":
      case "AssignmentPattern":
      case "ForOfStatement":
        return named("left") ? ["right"] : undefined;
      case "VariableDeclarator":
        return named("id") ? ["init"] : undefined;
      case "Property":
      case "PropertyDefinition":
      case "MethodDefinition":
        return named("key") ? ["value"] : undefined;
      case "LabeledStatement":
        return named("label") ? ["body"] : undefined;
      case "SwitchStatement":
        return named("discriminant") ? ["cases"] : undefined;
      case "BinaryExpression":
      case "LogicalExpression":
        return named("left") || named("right") ? true : undefined;
      case "TaggedTemplateExpression":
        return this.#isSecretCall(child("tag")) ? ["quasi"] : undefined;
      case "CallExpression":
      case "NewExpression":
        if (this.#isSecretCall(child("callee"))) return ["arguments"];
        return this.#namesSecret(node["arguments"] as AnyNode[]) ? ["arguments"] : undefined;
      case "ArrayExpression":
        return this.#namesSecret((node["elements"] as (AnyNode | null)[]).filter((element) => element !== null))
          ? ["elements"]
          : undefined;
      default:
        return undefined;
    }
  }

  /** Whether one of several values names the secret that the others may be: `set("token", "…")`, `compare(u.password, "…")`. */
  #namesSecret(values: readonly AnyNode[]): boolean {
    return values.length > 1 && values.some((value) => this.#isNamed(value) || this.#mentions(textOf(value)));
  }

  #mentions(text: string | undefined): boolean {
    return text !== undefined && text.length < 2_000 && text.split(/[^\w$-]+/).some((word) => this.#isSecret(word));
  }

  /** Whether an expression is named like a secret: `password`, `u.passwordHash`, `o["otp"]`. */
  #isNamed(node: AnyNode): boolean {
    const name = nameOf(node);
    if (name !== undefined && this.#isSecret(name)) return true;
    // `{ password } = …` or a label.
    return node.type === "ForOfStatement" || declares(node).some((one) => this.#isNamed(one));
  }

  /** The function, and the object that it belongs to: `bcrypt.compareSync`, `u.setPassword`, `o.token.set`. */
  #isSecretCall(callee: AnyNode): boolean {
    const object = callee.type === "MemberExpression" ? (callee["object"] as AnyNode) : undefined;
    const inner = object?.type === "CallExpression" ? (object["callee"] as AnyNode) : object;
    return [callee, inner].some((node) => {
      const name = node && nameOf(node);
      return name !== undefined && (this.#isSecret(name) || isCalled(name));
    });
  }
}

function isCalled(name: string): boolean {
  return CALLED.has(name.toLowerCase()) || wordsOf(name).some((word) => CALLED.has(word));
}

/** The variable of a declaration: `for (const password of …)`. */
function declares(node: AnyNode): AnyNode[] {
  if (node.type !== "VariableDeclaration") return [];
  return (node["declarations"] as AnyNode[]).map((declaration) => declaration["id"] as AnyNode);
}

/** The name of a variable, a member or a key. */
function nameOf(node: AnyNode): string | undefined {
  switch (node.type) {
    case "Identifier":
    case "PrivateIdentifier":
      return node["name"] as string;
    case "MemberExpression":
      return nameOf(node["property"] as AnyNode);
    case "AwaitExpression":
      return nameOf(node["argument"] as AnyNode);
    case "ChainExpression":
      return nameOf(node["expression"] as AnyNode);
    default:
      return textOf(node);
  }
}

/** The text of a string or a template, in which a sign stands for each expression. */
function textOf(node: AnyNode): string | undefined {
  if (node.type === "Literal") return typeof node["value"] === "string" ? node["value"] : undefined;
  if (node.type !== "TemplateLiteral") return undefined;
  return (node["quasis"] as { value: { raw: string } }[]).map(({ value }) => value.raw).join(EXPRESSION);
}

function digits(value: unknown): number {
  return typeof value === "number" || typeof value === "string" ? String(value).replace(/\D/g, "").length : 0;
}

/** Whether a child is a name and not a value. */
function isName(node: AnyNode, key: string): boolean {
  const isKey = key === "key" && ["Property", "PropertyDefinition", "MethodDefinition"].includes(node.type);
  const isMember = key === "property" && node.type === "MemberExpression";
  return (isKey || isMember) && node["computed"] !== true ? true : key === "label";
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === "object" && value !== null && typeof (value as { type?: unknown }).type === "string";
}
