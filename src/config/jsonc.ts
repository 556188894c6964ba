/** Parses JSON with comments and trailing commas, as tsconfig.json files are written. */
export function parseJsonc(text: string): unknown {
  return JSON.parse(
    text
      .replace(/^\uFEFF/, "")
      .replace(TOKENS, keepStrings)
      .replace(TRAILING_COMMAS, keepStringsOnly),
  );
}

const TOKENS = /"(?:\\.|[^"\\])*"|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;
const TRAILING_COMMAS = /"(?:\\.|[^"\\])*"|,(?=\s*[}\]])/g;

function keepStrings(token: string): string {
  return token.startsWith('"') ? token : " ";
}

function keepStringsOnly(token: string): string {
  return token.startsWith('"') ? token : "";
}
