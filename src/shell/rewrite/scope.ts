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
  /** A node as it was typed, with its children rewritten. */
  children(node: Node, scope: Scope): Rope;
  /** A number for the variable of a loop. */
  nextLoop(): number;
}

/** The context of a node. */
export interface Scope {
  readonly helper: string;
  /** Whether `await` is allowed here. */
  readonly canAwait: boolean;
  /** How `return` is written: through the helper in functions that may stay synchronous. */
  readonly returns: "helper" | "plain";
  /** Names that are declared around the node, which hide the substitutes. */
  readonly hidden: ReadonlySet<string>;
  /** Set when something inside uses `await`. */
  readonly awaits: { used: boolean };
}
