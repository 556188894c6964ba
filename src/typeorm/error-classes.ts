import type { DataSource } from "typeorm";
import { alsoOf, type RetortError } from "../errors";
import { typeormOf } from "./copy";

/** Classes of errors by which applications catch what TypeORM's `save`, `softRemove` and their like throw. */
type TypeormError = "MissingDeleteDateColumnError" | "QueryFailedError";

/** Makes an error of Retort `instanceof` TypeORM's class for the same failure, too: that of the DataSource's own copy. */
export function asTypeorms<E extends RetortError>(error: E, type: TypeormError, dataSource: DataSource): E {
  return alsoOf(error, typeormOf(dataSource)[type]);
}
