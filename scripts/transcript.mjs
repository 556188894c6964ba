// The transcript of README.md: what is typed, and what is printed.
import { readFileSync } from "node:fs";

const BLOCK = /<!-- transcript -->\s*```\w*\n([^]*?)```/;
const PROMPT = /^(\S+(?: ●\S+)? > )(.*)$/;

/** The lines that come before the first prompt, and each input with its prompt and the lines it prints. */
export function readTranscript(text = readFileSync(new URL("../README.md", import.meta.url), "utf8")) {
  const block = BLOCK.exec(text)?.[1];
  if (block === undefined) throw new Error("README.md has no block after <!-- transcript -->");
  const banner = [];
  const steps = [];
  for (const line of block.trimEnd().split("\n")) {
    const [, prompt, input] = PROMPT.exec(line) ?? [];
    if (prompt !== undefined) steps.push({ prompt, input, output: [] });
    else (steps.at(-1)?.output ?? banner).push(line);
  }
  return { banner, steps };
}
