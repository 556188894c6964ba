import fs from "node:fs";
import { administer } from "./administer";
import { stateFolder } from "./command";
import { lab } from "./lab-servers";
import { isAbsent, servers } from "./servers";

/** Once a test run: drops what a killed worker left in the servers, and the histories of the prompts. */
export default async function tearDown(): Promise<void> {
  fs.rmSync(stateFolder(), { recursive: true, force: true });
  const prefix = `retort_test_${process.env["RETORT_TEST_RUN"]}_`;
  for (const server of [...servers, lab.primary, lab.nodes[0]!]) {
    if (isAbsent(server)) continue;
    await administer(server, async (admin) => {
      for (const name of await admin.list(prefix)) await admin.drop(name);
    });
  }
}
