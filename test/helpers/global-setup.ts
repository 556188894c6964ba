import { randomBytes } from "node:crypto";
import { build } from "./build";
import { labMembers } from "./lab-servers";
import { findAbsentServers, servers, type Server } from "./servers";

/** Once a test run: the servers are asked whether they are there, and the command is built when the sources are newer. */
export default async function setUp(): Promise<void> {
  process.env["RETORT_TEST_RUN"] = randomBytes(4).toString("hex");
  build();
  const absent = await findAbsentServers([...servers, ...labMembers]);
  if (process.env["CI"] === "true") return;
  report(absent.filter((server) => servers.includes(server)));
  report(absent.filter((server) => labMembers.includes(server)));
}

function report(absent: readonly Server[]): void {
  if (absent.length === 0) return;
  const names = absent.map(({ title, url }) => `${title} (${url.host})`).join(" and ");
  const remedies = [...new Set(absent.map(({ remedy }) => remedy))].join(", ");
  process.stderr.write(`Skipping the suites of ${names}: no server answers there (${remedies}).\n`);
}
