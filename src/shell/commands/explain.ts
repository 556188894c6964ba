import { Query } from "../../query/query";
import { escapeLine } from "../../terminal/escaped-text";
import { usage } from "../errors";
import { planTree } from "../sql/plan";
import type { DotCommand } from "./command";
import { valueOrLast } from "./value";

export const explain: DotCommand = {
  name: "explain",
  takes: "QUERY",
  summary: "the database's plan for a query, as a tree",
  details: [".explain User.query.filterBy(username='susan')"],
  async run(argument, shell) {
    const value = await valueOrLast(argument, shell);
    if (!(value instanceof Query)) throw usage("explain", ".explain User.query.filterBy(username='susan')");
    const query = value as Query;
    await shell.summarized(async () => {
      const { plan, remarks } = await shell.db.session.noAutoflush(() => query.explained());
      const { output } = shell;
      output.print(planTree(plan, output.style));
      output.printText(remarks.map((remark) => output.style.warn(escapeLine(remark))));
      if (remarks.some((remark) => remark.startsWith("no index")))
        output.message("@Index() in the entity, then .migrate generate NAME and .migrate up", output.style.dim);
    });
  },
};
