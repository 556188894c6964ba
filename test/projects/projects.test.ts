import { database } from "../helpers/databases";
import { isSkipped, servers } from "../helpers/servers";
import { factsOf, madeProjects } from "./made-project";
import { madeProject } from "./scratch";
import { runWhole } from "./whole-run";

/* Projects as they are found, each another combination, from the first migration to the last. */

describe.each(madeProjects())("%s", (name) => {
  const facts = factsOf(name);
  const { typeorm, title, database: kind = "sqlite" } = facts;
  const isAbsent = servers.some((server) => server.name === kind && isSkipped(server));

  (isAbsent ? test.skip : test)(`TypeORM ${typeorm}, ${kind}: ${title}`, async () => {
    const project = madeProject(name, facts);
    if (kind === "sqlite") return runWhole(project, facts);
    const { env, options } = await database(kind).create();
    project.write(".env", `DATABASE_URL=${env["DATABASE_URL"]}\n`);
    return runWhole(project, facts, options);
  });
});
