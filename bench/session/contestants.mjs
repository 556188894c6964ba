import { mikroOrm } from "./mikro-orm.mjs";
import { retort } from "./retort.mjs";
import { sqlAlchemy } from "./sqlalchemy.mjs";
import { typeOrm } from "./typeorm.mjs";

const makers = { retort, typeorm: typeOrm, mikroorm: mikroOrm, sqlalchemy: sqlAlchemy };

/**
 * Who takes part, of these names: the installed ones, and the ceiling before them. Each has a method a work, which is given
 * a database and the number of rows in it and tells how long it took.
 */
export async function contestants(scratch, keys = Object.keys(makers)) {
  const taking = [{ key: "ceiling", ...scratch.ceiling(scratch) }];
  for (const key of keys) {
    const contestant = await makers[key](scratch);
    if (contestant) taking.push({ key, ...contestant });
  }
  return taking;
}
