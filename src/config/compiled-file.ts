import type { CompilerSettings } from "./tsconfig";

/** The symbol under which compiled code finds the loader. */
export const SCOPE = "typeorm-retort.scope";

/** A TypeScript file, and everything that its compiled form depends on. */
export interface Source {
  readonly file: string;
  readonly text: string;
  /** The format in which Node would read the file. */
  readonly format: "cjs" | "esm";
  readonly settings: CompilerSettings;
}

export interface Compiled {
  /** CommonJS, run as the body of a module. */
  readonly code: string;
  /** The source map, JSON. */
  readonly map: string;
  /** Whether the code returns a promise: the source has a top-level `await`. */
  readonly isAsync: boolean;
  /** How imports behave: like Node's `import`, or like `require` with TypeScript's helpers. */
  readonly format: "cjs" | "esm";
  /** Columns whose type is declared in another file: `status` of `@Column() status: Status`. */
  readonly untyped: readonly string[];
}
