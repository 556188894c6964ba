import path from "node:path";
import { runNode } from "../helpers/command";
import { factsOf } from "./made-project";
import { runWhole } from "./whole-run";

/* A project whose packages `npm run test:install` has installed, Retort among them; jest runs this file where it is told to only. */

const root = process.env["RETORT_INSTALLED_PROJECT"]!;
const inside = (...names: string[]) => path.join(root, ...names);
const command = JSON.parse(process.env["RETORT_INSTALLED_COMMAND"]!) as string[];

test(path.basename(root), async () => {
  const retort = (argv: readonly string[], options = {}) => runNode([...command, ...argv], { cwd: root, ...options });
  await runWhole({ root, path: inside, retort }, factsOf(path.basename(root)));
});
