import { SourceMap } from "node:module";
import type * as TypeScript from "typescript";
import { shortMessage } from "../../errors";
import { offsetAt } from "./rope";
import type { StripTypes, Stripped } from "./parse";

let compiler: typeof TypeScript | undefined;

/**
 * Compiles TypeScript's syntax (types, enums, decorators) to JavaScript. The compiler is loaded by the first input that is not
 * JavaScript.
 */
export const stripTypes: StripTypes = (text) => {
  const ts = (compiler ??= require("typescript") as typeof TypeScript);
  let output: TypeScript.TranspileOutput;
  try {
    output = transpiled(text, ts);
  } catch (error) {
    // Of some texts that are no TypeScript the compiler makes a tree, and breaks off when it prints it.
    return { status: "invalid", message: `the TypeScript compiler refuses this: ${shortMessage(error)}`, offset: 0 };
  }
  const [wrong] = (output.diagnostics ?? []).filter(
    ({ category, code }) => category === ts.DiagnosticCategory.Error && code < 2000,
  );
  if (wrong) return invalid(text, wrong, ts);
  return { status: "complete", source: withoutMapComment(output.outputText), offset: toInputOffset(text, output) };
};

function transpiled(text: string, ts: typeof TypeScript): TypeScript.TranspileOutput {
  return ts.transpileModule(text, {
    fileName: "input.ts",
    reportDiagnostics: true,
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      // Unused imports stay: the next input may use them.
      verbatimModuleSyntax: true,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
      sourceMap: true,
      removeComments: false,
    },
  });
}

function invalid(text: string, { messageText, start = 0 }: TypeScript.Diagnostic, ts: typeof TypeScript): Stripped {
  if (start >= text.trimEnd().length) return { status: "incomplete" };
  return { status: "invalid", message: ts.flattenDiagnosticMessageText(messageText, " "), offset: start };
}

function withoutMapComment(code: string): string {
  // The compiler adds an empty export to mark a module.
  return code.replace(/\n?\/\/# sourceMappingURL=.*\s*$/, "").replace(/\nexport \{\};\s*$/, "");
}

function toInputOffset(text: string, output: TypeScript.TranspileOutput): (offset: number) => number {
  let map: SourceMap | undefined;
  return (offset) => {
    map ??= new SourceMap(JSON.parse(output.sourceMapText ?? "{}") as ConstructorParameters<typeof SourceMap>[0]);
    const before = output.outputText.slice(0, offset);
    const line = before.split("\n").length - 1;
    const column = offset - (before.lastIndexOf("\n") + 1);
    const entry = map.findEntry(line, column);
    if (!("originalLine" in entry)) return 0;
    const moved = column - entry.generatedColumn;
    return Math.min(offsetAt(text, entry.originalLine + 1, entry.originalColumn + 1) + moved, text.length);
  };
}
