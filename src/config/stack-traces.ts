import { SourceMap, type SourceMapPayload } from "node:module";

/*
 * Maps stack traces to the lines of the sources. Node can do it (`--enable-source-maps`), but then reads the maps of every package at the
 * start; TypeORM alone has hundreds.
 */

type MapOf = (file: string) => string | undefined;

/** Hooks V8's `prepareStackTrace`; a map is read when a stack is first formatted. */
export function traceTo(mapOf: MapOf): void {
  const maps = new Map<string, SourceMap | undefined>();
  const mapFor = (file: string) => {
    if (!maps.has(file)) maps.set(file, parsed(mapOf(file)));
    return maps.get(file);
  };
  Error.prepareStackTrace = (error, frames) => {
    const lines = frames.map((frame) => `\n    at ${mapped(frame, mapFor)}`);
    return headline(error) + lines.join("");
  };
}

function mapped(frame: NodeJS.CallSite, mapFor: (file: string) => SourceMap | undefined): string {
  const text = `${frame as unknown as string}`;
  const file = frame.getFileName();
  const [line, column] = [frame.getLineNumber(), frame.getColumnNumber()];
  if (!file || line === null || column === null) return text;
  const entry = mapFor(file)?.findEntry(line - 1, column - 1);
  if (!entry || !("originalLine" in entry)) return text;
  return text.replace(`${file}:${line}:${column}`, `${file}:${entry.originalLine + 1}:${entry.originalColumn + 1}`);
}

function parsed(map: string | undefined): SourceMap | undefined {
  return map ? new SourceMap(JSON.parse(map) as SourceMapPayload) : undefined;
}

/** An error's own `toString` may throw. */
function headline(error: unknown): string {
  try {
    return String(error);
  } catch {
    return "Error";
  }
}

/** Where an error was thrown: the first stack frame outside packages, Node and Retort. */
export function placeOf(error: unknown, isOwn: (file: string) => boolean) {
  return placesOf(error).find(({ file }) => isOwn(file));
}

/** The file whose code threw an error: that of the first frame outside Node itself; undefined where none is known. */
export function throwingFile(error: unknown): string | undefined {
  return placesOf(error)[0]?.file;
}

function placesOf(error: unknown) {
  const stack = (error as { stack?: unknown } | null)?.stack;
  if (typeof stack !== "string") return [];
  const syntax = /^(?:file:\/\/)?(\/[^\n]*?):(\d+)\n/.exec(stack);
  // A path begins after a space or "(": `node:internal/process/task_queues:95:5` is no file of anybody.
  const frames = [...stack.matchAll(/(?<=[\s(]|file:\/\/)((?:\/|[A-Z]:\\)[^\n():]*):(\d+):(\d+)\)?$/gm)];
  return [...(syntax ? [syntax] : []), ...frames].map(([, file, line, column]) => ({
    file: file!,
    line: Number(line),
    column: column === undefined ? undefined : Number(column),
  }));
}
