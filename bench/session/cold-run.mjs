// One work of one contestant in a fresh process. Started by bench/cold.mjs; prints how long it took, as JSON.
//
//     node bench/session/cold-run.mjs FOLDER retort|ceiling|… WORK FILE ROWS
import process from "node:process";
import { fileURLToPath } from "node:url";
import { contestants } from "./contestants.mjs";
import { SqliteScratch } from "./sqlite-scratch.mjs";

const [folder, name, work, file, rows] = process.argv.slice(2);
const scratch = new SqliteScratch(fileURLToPath(new URL("../..", import.meta.url)), folder);
const contestant = (await contestants(scratch, name === "ceiling" ? [] : [name])).at(-1);
console.log(JSON.stringify(await contestant[work](file, Number(rows))));
