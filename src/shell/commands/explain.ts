import { Query } from "../../query/query";
import { usage } from "../errors";
import { planTree } from "../sql/plan";
import type { DotCommand } from "./command";

export const explain: DotCommand = {
  name: "explain",
  takes: "QUERY",
  summary: "the database's plan for a query, as a tree",
  details: [".explain User.query.filterBy(username='susan')"],
  async run(argument, shell) {
    const value = argument === "" ? shell.output.lastPrinted?.value : await shell.valueOf(argument);
    if (!(value instanceof Query)) throw usage("explain", ".explain User.query.filterBy(username='susan')");
    const query = value as Query;
    await shell.summarized(async () => {
      const lines = await shell.db.session.noAutoflush(() => query.explain());
      shell.output.print(planTree(lines, shell.output.style));
    });
  },
};
