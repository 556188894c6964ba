import type { CompilerSettings } from "./tsconfig";

/** The symbol under which compiled code finds the loader. */
export const SCOPE = "typeorm-retort.scope";

/** A TypeScript file, and all that its compiled form depends on. */
export interface Source {
  readonly file: string;
  readonly text: string;
  /** What Node would take the file for. */
  readonly format: "cjs" | "esm";
  readonly settings: CompilerSettings;
}

export interface Compiled {
  /** CommonJS, to be run as the body of a module. */
  readonly code: string;
  /** The source map, JSON. */
  readonly map: string;
  /** The code gives a promise: the source has an `await` outside of any function. */
  readonly isAsync: boolean;
  /** How its imports are meant: as Node's `import`, or as `require` with TypeScript's helpers. */
  readonly format: "cjs" | "esm";
  /** Columns whose type one file alone does not tell: `status` of `@Column() status: Status`. */
  readonly untyped: readonly string[];
}
