import fs from "node:fs";
import path from "node:path";
import { Cache, cacheFolder } from "./cache";
import type { Warn } from "./warn";
import { moduleFormatOf } from "./package";
import { compilerMissing, shown } from "./errors";
import type { Compiled, Source } from "./compiled-file";
import { compilerSettings } from "./tsconfig";
import type { TypedCompiler } from "./types";

/** Incremented when the compiled form of the same source changes. */
const GENERATION = "3";

const COMPILING = "compiling the project's TypeScript files: this start is slow, the next one is not";
/** How long files are compiled before a line says so, in milliseconds: with what comes before it, a second of the start. */
const SILENT = 700;

/** The first line of a cached file, before the code. */
interface Header {
  readonly format: "cjs" | "esm";
  readonly isAsync: boolean;
  readonly untyped: readonly string[];
}

/** The hash of each file whose types the result depends on. */
type Dependencies = Readonly<Record<string, string>>;

/**
 * The compiled forms of a project's TypeScript files: from the cache where source, compiler and tsconfig.json are unchanged, else compiled
 * now.
 */
export class CompiledFiles {
  readonly #root: string;
  readonly #note: Warn;
  readonly #cache: Cache;
  /** Of the compiler, which is not needed, and perhaps not installed, where every file is JavaScript. */
  #version: string | undefined;
  readonly #maps = new Map<string, () => string | undefined>();
  readonly #noted = new Set<string>();
  readonly #hashes = new Map<string, string>();
  #typed: TypedCompiler | undefined;
  /** When the first file was compiled. */
  #started: number | undefined;

  constructor(root: string, note: Warn) {
    this.#root = root;
    this.#note = note;
    this.#cache = new Cache(cacheFolder(root));
  }

  /** @throws RetortError `config/does-not-parse` */
  compiled(file: string): Compiled {
    this.#version ??= `${GENERATION} ${typescriptVersion(file)}`;
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

  /** Forgets what was derived from other files: they may have changed. */
  forget(): void {
    this.#started = undefined;
    this.#hashes.clear();
    this.#typed = undefined;
  }

  #read(file: string): Source {
    // A first line `#!/usr/bin/env …` is emptied and not removed, so that lines keep their numbers.
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
    // The map is written first, so that cached code always has one.
    this.#cache.write(`${name}.map`, map);
    this.#cache.write(`${name}.js`, `//${JSON.stringify(header)}\n${code}`);
    this.#maps.set(file, () => map);
  }

  #compileAlone(source: Source, name: string): Compiled {
    // Warned about when a file is compiled, not at every start.
    for (const warning of source.settings.warnings) this.#noteOnce(warning);
    const { compile } = require("./compile") as typeof import("./compile");
    this.#started ??= performance.now();
    const compiled = compile(source);
    // Where types were read, a line has said so already.
    if (!this.#typed && performance.now() - this.#started > SILENT) this.#noteOnce(COMPILING);
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

  /** Many files depend on the same few types, so each file is read once. */
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

/** Read from package.json, because loading the compiler is what a warm start avoids. */
function typescriptVersion(file: string): string {
  let manifest: string;
  try {
    manifest = require.resolve("typescript/package.json");
  } catch (error) {
    throw compilerMissing(file, error);
  }
  const text = fs.readFileSync(manifest, "utf8");
  return /"version":\s*"([^"]+)"/.exec(text)?.[1] ?? "";
}
