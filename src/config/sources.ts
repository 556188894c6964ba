import fs from "node:fs";
import path from "node:path";
import { Cache, cacheFolder } from "./cache";
import type { Note } from "./note";
import { moduleFormatOf } from "./package";
import { shown } from "./errors";
import type { Compiled, Source } from "./source";
import { compilerSettings } from "./tsconfig";
import type { TypedCompiler } from "./types";

/** Counted up whenever the same source is to be compiled to something else. */
const GENERATION = "2";

/** What stands before the code in a cached file, on a line of its own. */
interface Header {
  readonly format: "cjs" | "esm";
  readonly isAsync: boolean;
  readonly untyped: readonly string[];
}

/** Hash of each file whose types a typed result was made with. */
type Dependencies = Readonly<Record<string, string>>;

/**
 * Compiled forms of a project's TypeScript files: out of the cache where their source, the compiler and what tsconfig.json says are the
 * same as when they were compiled, else compiled now.
 */
export class Sources {
  readonly #root: string;
  readonly #note: Note;
  readonly #cache: Cache;
  readonly #version: string;
  readonly #maps = new Map<string, () => string | undefined>();
  readonly #noted = new Set<string>();
  readonly #hashes = new Map<string, string>();
  #typed: TypedCompiler | undefined;

  constructor(root: string, note: Note) {
    this.#root = root;
    this.#note = note;
    this.#cache = new Cache(cacheFolder(root));
    this.#version = `${GENERATION} ${typescriptVersion()}`;
  }

  /** @throws RetortError `config/does-not-parse` */
  compiled(file: string): Compiled {
    const source = this.#read(file);
    const { useDefineForClassFields, esModuleInterop, jsxImportSource } = source.settings;
    const options = JSON.stringify([
      source.format,
      useDefineForClassFields,
      esModuleInterop,
      jsxImportSource,
      /x$/.test(file),
    ]);
    const name = Cache.key(source.text, this.#version, options);
    const alone = this.#kept(name, file) ?? this.#compileAlone(source, name);
    return alone.untyped.length === 0 ? alone : this.#withTypes(source, alone, `${name}-${Cache.key(file)}`);
  }

  /** The source map of a file that was compiled in this process. */
  mapOf(file: string): string | undefined {
    return this.#maps.get(file)?.();
  }

  /** Files may have changed since they were read: what is known of them by more than their text is forgotten. */
  forget(): void {
    this.#hashes.clear();
    this.#typed = undefined;
  }

  #read(file: string): Source {
    // A first line `#!/usr/bin/env …` is for the system, not for the compiler; the line itself stays, so that lines keep their numbers.
    const text = fs
      .readFileSync(file, "utf8")
      .replace(/^\uFEFF/, "")
      .replace(/^#!.*/, "");
    return { file, text, format: moduleFormatOf(file), settings: compilerSettings(path.dirname(file)) };
  }

  #kept(name: string, file: string): Compiled | undefined {
    const text = this.#cache.read(`${name}.js`);
    if (text === undefined) return undefined;
    const end = text.indexOf("\n");
    const header = JSON.parse(text.slice(2, end)) as Header;
    this.#maps.set(file, () => this.#cache.read(`${name}.map`));
    return { ...header, code: text.slice(end + 1), map: "" };
  }

  #keep(name: string, file: string, { code, map, format, isAsync, untyped }: Compiled): void {
    const header: Header = { format, isAsync, untyped };
    // The map goes first: who finds the code, finds its map.
    this.#cache.write(`${name}.map`, map);
    this.#cache.write(`${name}.js`, `//${JSON.stringify(header)}\n${code}`);
    this.#maps.set(file, () => map);
  }

  #compileAlone(source: Source, name: string): Compiled {
    // Said where it may change what comes out, and not at every start.
    for (const warning of source.settings.warnings) this.#noteOnce(warning);
    const { compile } = require("./compile") as typeof import("./compile");
    const compiled = compile(source);
    this.#keep(name, source.file, compiled);
    return compiled;
  }

  #noteOnce(line: string): void {
    if (!this.#noted.has(line)) this.#note(line);
    this.#noted.add(line);
  }

  #withTypes(source: Source, alone: Compiled, name: string): Compiled {
    const dependencies = this.#cache.read(`${name}.json`);
    if (dependencies && this.#areUnchanged(JSON.parse(dependencies) as Dependencies)) {
      const kept = this.#kept(name, source.file);
      if (kept) return kept;
    }
    return this.#compileTyped(source, alone, name) ?? alone;
  }

  #areUnchanged(dependencies: Dependencies): boolean {
    return Object.entries(dependencies).every(([file, hash]) => this.#hashOf(file) === hash);
  }

  /** Many files take their types from the same few: each is read once. */
  #hashOf(file: string): string {
    const known = this.#hashes.get(file) ?? hashOf(file);
    this.#hashes.set(file, known);
    return known;
  }

  #compileTyped(source: Source, alone: Compiled, name: string): Compiled | undefined {
    if (!this.#typed) {
      const columns = alone.untyped.join(", ");
      this.#note(
        `reading the types behind ${columns} of ${shown(source.file)}: this start is slow, the next one is not`,
      );
      const types = require("./types") as typeof import("./types");
      this.#typed = new types.TypedCompiler(this.#root);
    }
    const typed = this.#typed.compile(source, alone);
    if (!typed) return undefined;
    this.#keep(name, source.file, typed);
    const dependencies = Object.fromEntries(typed.dependencies.map((file) => [file, hashOf(file)]));
    this.#cache.write(`${name}.json`, JSON.stringify(dependencies));
    return typed;
  }
}

function hashOf(file: string): string {
  try {
    return Cache.key(fs.readFileSync(file, "utf8"));
  } catch {
    return "";
  }
}

/** Read, not required: the package itself is what a warm start does without. */
function typescriptVersion(): string {
  const text = fs.readFileSync(require.resolve("typescript/package.json"), "utf8");
  return /"version":\s*"([^"]+)"/.exec(text)?.[1] ?? "";
}
