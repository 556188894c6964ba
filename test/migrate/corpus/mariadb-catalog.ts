import type { Workshop } from "../../helpers/workshop";

/** Everything that MariaDB says of what users made in the database, a line an object, in the server's own statements. */
export async function mariadbCatalog(shop: Workshop): Promise<string[]> {
  const names = async (sql: string) => (await shop.query(sql)).map((row: Record<string, string>) => Object.values(row));
  const lines: string[] = [];
  for (const [kind, sql] of OBJECTS)
    for (const [name] of await names(sql)) {
      const [created] = await shop.query(`SHOW CREATE ${kind} \`${name!.replaceAll("`", "``")}\``);
      lines.push(
        `${kind} ${name}: ${JSON.stringify(Object.values(created as object)).replace(/ AUTO_INCREMENT=\d+/, "")}`,
      );
    }
  for (const sql of FACTS) lines.push(...(await names(sql)).map((row) => JSON.stringify(row)));
  return lines;
}

const OBJECTS: readonly (readonly [kind: string, sql: string])[] = [
  [
    "TABLE",
    `SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED')
      AND TABLE_NAME <> 'typeorm_metadata' ORDER BY 1`,
  ],
  ["VIEW", "SELECT TABLE_NAME FROM information_schema.VIEWS WHERE TABLE_SCHEMA = DATABASE() ORDER BY 1"],
  [
    "SEQUENCE",
    "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE = 'SEQUENCE' ORDER BY 1",
  ],
  [
    "FUNCTION",
    "SELECT ROUTINE_NAME FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE() AND ROUTINE_TYPE = 'FUNCTION' ORDER BY 1",
  ],
  [
    "PROCEDURE",
    "SELECT ROUTINE_NAME FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE() AND ROUTINE_TYPE = 'PROCEDURE' ORDER BY 1",
  ],
  ["EVENT", "SELECT EVENT_NAME FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE() ORDER BY 1"],
];

const FACTS = [
  "SELECT 'index', TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX, COLUMN_NAME, SUB_PART, COLLATION, INDEX_TYPE, INDEX_COMMENT FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME <> 'typeorm_metadata' ORDER BY 2, 3, 4",
  "SELECT 'privilege', GRANTEE, TABLE_NAME, PRIVILEGE_TYPE, IS_GRANTABLE FROM information_schema.TABLE_PRIVILEGES WHERE TABLE_SCHEMA = DATABASE() ORDER BY 2, 3, 4",
  "SELECT 'privilege of a column', GRANTEE, TABLE_NAME, COLUMN_NAME, PRIVILEGE_TYPE FROM information_schema.COLUMN_PRIVILEGES WHERE TABLE_SCHEMA = DATABASE() ORDER BY 2, 3, 4, 5",
  "SELECT 'trigger', TRIGGER_NAME, EVENT_OBJECT_TABLE, ACTION_TIMING, EVENT_MANIPULATION, ACTION_STATEMENT, DEFINER, SQL_MODE, CHARACTER_SET_CLIENT, COLLATION_CONNECTION, ACTION_ORDER FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE() ORDER BY 2",
];
