/** Rows in a batch: each takes some tens of milliseconds. */
const ROWS = 10_000;

/**
 * The source of the function that fills a column in batches, so that a generated file works without Retort. The batches follow the
 * primary key; each is one statement, which commits by itself, since the migration has no transaction. Killed in between, it goes on with
 * rows that have no value yet. The comments in its statements are for `BatchProgress` of the runner.
 * @param numbered whether placeholders have numbers
 */
export function backfillFunction(typed: boolean, numbered: boolean): string {
  const [result, values, number] = typed ? [": Promise<void>", ": unknown[]", ": number"] : ["", "", ""];
  const options = "{ table: string; key: string[]; read: string[]; set: string; where: string }";
  const parameters = typed ? `queryRunner: QueryRunner, options: ${options}` : "queryRunner, options";
  const place = numbered ? "`$${from + at + 1}`" : '"?"';
  return `/** Fills a column, ${ROWS} rows of the table at a time, in the order of its key. Rows that have a value keep it. */
async function backfill(${parameters})${result} {
  const { table, key, read, set, where } = options;
  const rows = ${ROWS};
  const columns = key.join(", ");
  const places = (from${number}) => key.map((_, at) => ${place}).join(", ");
  await queryRunner.query(\`SELECT count(*) AS n FROM \${table} /* retort: rows */\`);
  for (let last${values} = []; ; ) {
    const after = last.length > 0 ? \` AND (\${columns}) > (\${places(0)})\` : "";
    const [end] = await queryRunner.query(
      \`SELECT \${read.join(", ")} FROM \${table} WHERE 1 = 1\${after} ORDER BY \${columns} LIMIT 1 OFFSET \${rows - 1}\`,
      last,
    );
    const next${values} = end ? Object.values(end) : [];
    const upTo = end ? \` AND (\${columns}) <= (\${places(last.length)})\` : "";
    await queryRunner.query(
      \`UPDATE \${table} SET \${set} WHERE \${where}\${after}\${upTo} /* retort: batch of \${rows} */\`,
      [...last, ...next],
    );
    if (!end) return;
    last = next;
  }
}
`;
}
