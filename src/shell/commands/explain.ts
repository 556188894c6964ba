import { Query } from "../../query/query";
import { usage } from "../errors";
import { planTree } from "../sql/plan";
import type { DotCommand } from "./command";

export const explain: DotCommand = {
  name: "explain",
  takes: "QUERY",
  summary: "the plan that the database makes for a query, as a tree",
  details: [".explain User.query.filterBy(username='susan')"],
  async run(argument, sitting) {
    const value = argument === "" ? sitting.shown?.value : await sitting.valueOf(argument);
    if (!(value instanceof Query)) throw usage("explain", ".explain User.query.filterBy(username='susan')");
    const query = value as Query;
    await sitting.accounted(async () => {
      const lines = await sitting.db.session.noAutoflush(() => query.explain());
      sitting.write(planTree(lines, sitting.theme));
    });
  },
};
