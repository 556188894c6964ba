import { parentPort, workerData } from "node:worker_threads";
import { compileDeep } from "./compile";
import type { RewriteOptions } from "./scope";

/*
 * The thread that compiles deeply nested inputs (see ./compile).
 */

const { text, options } = workerData as { text: string; options: RewriteOptions };
parentPort!.postMessage(compileDeep(text, options));
