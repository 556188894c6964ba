import type { QueryRunner } from "typeorm";
import type { Requirement, Scope } from "../../schema/dialect";
import { quote } from "./create";

/** Functions and procedures, which views and triggers may call; those of other users may not be readable. */
export async function requirements(
  runner: QueryRunner,
  { isIgnored }: Pick<Scope, "isIgnored">,
): Promise<Requirement[]> {
  const routines = (await runner.query(
    "SELECT ROUTINE_NAME AS `name`, ROUTINE_TYPE AS `type` FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE()",
  )) as { name: string; type: string }[];
  const found: Requirement[] = [];
  for (const { name, type } of routines.filter((routine) => !isIgnored(routine.name))) {
    const [created] = (await runner.query(`SHOW CREATE ${type} ${quote(name)}`).catch(() => [])) as object[];
    const text = created && (Object.values(created)[2] as string | null);
    if (text)
      found.push({
        name: `${type.toLowerCase()} ${name}`,
        create: text.replace(/^CREATE DEFINER=\S+ /, "CREATE "),
        drop: `DROP ${type} ${quote(name)}`,
      });
  }
  return found;
}
