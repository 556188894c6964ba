import { randomBytes } from "node:crypto";
import { build } from "./build";
import { findAbsentServers } from "./servers";

/** Once a test run: the servers are asked whether they are there, and the command is built when the sources are newer. */
export default async function setUp(): Promise<void> {
  process.env["RETORT_TEST_RUN"] = randomBytes(4).toString("hex");
  build();
  const absent = await findAbsentServers();
  if (absent.length === 0 || process.env["CI"] === "true") return;
  const names = absent.map(({ title, url }) => `${title} (${url.host})`).join(" and ");
  process.stderr.write(`Skipping the suites of ${names}: nobody answers there.\n`);
}
