import type { DataSource } from "typeorm";
import { alsoOf, type ErrorClass, type RetortError } from "../errors";
import { fileOf } from "./copy";

/** Classes of errors by which applications catch what TypeORM's `save`, `softRemove` and their like throw. */
type TypeormError = "MissingDeleteDateColumnError" | "NestedSetMultipleRootError" | "QueryFailedError";

/** Makes an error of Retort `instanceof` TypeORM's class for the same failure, too: that of the DataSource's own copy. */
export function asTypeorms<E extends RetortError>(error: E, type: TypeormError, dataSource: DataSource): E {
  // Not every one is exported by the package itself.
  const { [type]: thrownByTypeorm } = fileOf(dataSource, `error/${type}.js`) as Record<TypeormError, ErrorClass>;
  return alsoOf(error, thrownByTypeorm);
}
