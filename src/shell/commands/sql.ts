import { Query } from "../../query/query";
import { usage } from "../errors";
import { statementText } from "../sql/echo";
import type { Repl } from "../repl";
import type { DotCommand } from "./command";

export const sql: DotCommand = {
  name: "sql",
  takes: "[QUERY]",
  summary: "the SQL of a query, without sending it; or what the last input sent",
  details: [".sql User.query.filterBy(username='susan')"],
  async run(argument, sitting) {
    if (argument === "") return showSent(sitting);
    const value = await sitting.valueOf(argument);
    if (!(value instanceof Query)) throw usage("sql", ".sql User.query.filterBy(username='susan')");
    const statement = (value as Query).toSQL();
    sitting.write([statementText(statement.sql, statement.parameters, sitting.theme, sitting.secrets)]);
  },
};

function showSent(sitting: Repl): void {
  const { statements } = sitting.receipt;
  if (statements.length === 0) return sitting.note(["the last input sent nothing"]);
  sitting.write(statements.map((sent) => statementText(sent.sql, sent.parameters, sitting.theme, sitting.secrets)));
}
