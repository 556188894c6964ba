// `npm run demo`: plays the README's transcript through the real shell where there is no terminal, each line with what
// it prints.
import { spawnSync } from "node:child_process";
import process from "node:process";
import { retort, withMicroblog } from "./microblog.mjs";
import { readTranscript } from "./transcript.mjs";

const inputs = readTranscript().steps.map(({ input }) => input);

await withMicroblog((folder) => {
  // One shell for all the lines, as at the prompt; a mark after each tells where its output ends.
  const mark = (index) => `--- end of line ${index} ---`;
  const script = inputs.map((input, index) => `${input}\nconsole.log(${JSON.stringify(mark(index))})\n`).join("");
  const { status, stdout, stderr } = spawnSync(process.execPath, [retort, "shell"], {
    cwd: folder,
    encoding: "utf8",
    input: script,
  });
  let rest = stdout;
  for (const [index, input] of inputs.entries()) {
    const [printed, ...after] = rest.split(`${mark(index)}\n`);
    rest = after.join(`${mark(index)}\n`);
    process.stdout.write(`> ${input}\n${printed}`);
  }
  process.stderr.write(stderr);
  process.exitCode = status ?? 1;
});
