import { ceiling } from "./ceiling.mjs";
import { mikroOrm } from "./mikro-orm.mjs";
import { retort } from "./retort.mjs";
import { sqlAlchemy } from "./sqlalchemy.mjs";
import { typeOrm } from "./typeorm.mjs";

/**
 * Who takes part: those that are installed, or those of `only`; the ceiling always. Each has a method a work, which is given
 * a database file and the number of rows in it and tells how long it took.
 */
export async function contestants(scratch, only) {
  const makers = { ceiling, retort, typeorm: typeOrm, mikroorm: mikroOrm, sqlalchemy: sqlAlchemy };
  const taking = [];
  for (const [name, make] of Object.entries(makers))
    if (name === "ceiling" || !only || only.includes(name)) taking.push(await make(scratch));
  return taking.filter((contestant) => contestant !== undefined);
}
