import { Query } from "../../query/query";
import { usage } from "../errors";
import { statementText } from "../sql/echo";
import type { ShellContext } from "../context";
import type { DotCommand } from "./command";

export const sql: DotCommand = {
  name: "sql",
  takes: "[QUERY]",
  summary: "the SQL of a query, without sending it; or what the last input sent",
  details: [".sql User.query.filterBy(username='susan')"],
  async run(argument, shell) {
    if (argument === "") return printSent(shell);
    const value = await shell.valueOf(argument);
    if (!(value instanceof Query)) throw usage("sql", ".sql User.query.filterBy(username='susan')");
    const statement = (value as Query).toSQL();
    shell.output.print([statementText(statement.sql, statement.parameters, shell.output.style, shell.output.secrets)]);
  },
};

function printSent(shell: ShellContext): void {
  const { statements } = shell.statements;
  if (statements.length === 0) return shell.output.message("the last input sent nothing");
  shell.output.print(
    statements.map((sent) => statementText(sent.sql, sent.parameters, shell.output.style, shell.output.secrets)),
  );
}
