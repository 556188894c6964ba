import type { Node } from "./ast";
import type { Rope } from "./rope";

export interface RewriteOptions {
  /** The expression that gives the helper of this input. */
  readonly helper: string;
  /** Names of entities: `User(…)` makes one. */
  readonly entities: ReadonlySet<string>;
  /** Names that must not be defined on the global object (an entity `Map`), and the expression for each. */
  readonly substitutes: ReadonlyMap<string, string>;
}

/** Rewrites the nodes of one input. */
export interface Rewriter {
  readonly source: string;
  readonly options: RewriteOptions;
  /** Any node, rewritten. */
  node(node: Node, scope: Scope): Rope;
  /** A statement, rewritten; its value is not set back before it runs. */
  statement(node: Node, scope: Scope): Rope;
  /** A node as it was typed, with its children rewritten. */
  children(node: Node, scope: Scope): Rope;
  /** A number for the variable of a loop. */
  nextLoop(): number;
  /** Names an anonymous function by the variable or property that it is assigned to, as JavaScript does. */
  nameFunction(value: Node | null | undefined, name: Node): void;
  /** The name that an anonymous function gets from where it stands. */
  inferredName(node: Node): string | undefined;
}

/**
 * How the code around a node waits for a value. `none` is code that JavaScript does not let wait: constructors, field initializers,
 * setters. A value that has to be awaited there throws.
 */
export type Suspension = "await" | "yield" | "none";

/** The context of a node. */
export interface Scope {
  /** The expression that gives the helper of the input or the function call. */
  readonly helper: string;
  readonly suspension: Suspension;
  /** How `return` is written: through the helper in functions that may stay synchronous. */
  readonly returns: "helper" | "plain";
  /** Names that are declared around the node, which hide the substitutes. */
  readonly hidden: ReadonlySet<string>;
  /** Whether the node is in the last statement of the input, whose value is that of the expression statement in it that ran last. */
  readonly completes?: boolean;
}

/** The name of the runtime on the global object. */
export const RUNTIME = "__retort";

/** The helper of a function call in rewritten code. */
const FUNCTION_HELPER = "__run";

/** A value in the message of an error; the evaluator replaces it by what was typed. */
export const REWRITTEN_VALUE = `${FUNCTION_HELPER}.t`;

export function asyncScope(outer: Scope, returns: Scope["returns"]): Scope {
  return { helper: FUNCTION_HELPER, suspension: "await", returns, hidden: outer.hidden };
}

export function generatorScope(outer: Scope): Scope {
  return { helper: FUNCTION_HELPER, suspension: "yield", returns: "plain", hidden: outer.hidden };
}

export function syncScope(outer: Scope): Scope {
  return { helper: `${RUNTIME}.sync`, suspension: "none", returns: "plain", hidden: outer.hidden };
}
