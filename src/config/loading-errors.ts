import fs from "node:fs";
import path from "node:path";
import { RetortError, shortMessage } from "../errors";
import { expectLoadable } from "./better-sqlite3";
import {
  circularImport,
  columnTypeUnknown,
  doesNotParse,
  driverPackageMissing,
  driverUnknown,
  entitiesInvalid,
  loadingThrew,
  fileNotFound,
  aliasUnresolved,
  packageIncomplete,
  packageMissing,
  primaryKeyMissing,
  sqlite3Missing,
  type SourcePlace,
} from "./errors";
import { expectSupportedDatabase } from "../dialect/dialects";
import { isNameOfProject } from "./aliases";
import { isPath, packageFolder } from "./resolve";
import { placeOf, throwingFile } from "./stack-traces";

/*
 * Turns errors that TypeORM, Node or the project's files throw while a project is loaded into RetortErrors with a hint.
 */

/** What is known about the load in which an error was thrown. */
export interface Circumstances {
  /** The configuration file, which is named where the error has no place in the project. */
  readonly file: string;
  /** Whether a file belongs to the project, so that the user can correct it. */
  readonly isOwn: (file: string) => boolean;
  /** `type` of the DataSource, where it is known. */
  readonly type?: string | undefined;
}

/** The RetortError for an error that was thrown while the configuration, or a file that it imports, was loaded. */
export function loadingFailure(error: unknown, circumstances: Circumstances): RetortError {
  if (error instanceof RetortError) return error;
  const place = placeOf(error, circumstances.isOwn) ?? { file: circumstances.file };
  return (
    driverFailure(error, place, circumstances.type) ??
    moduleFailure(error, place) ??
    syntaxFailure(error, place) ??
    metadataFailure(error) ??
    loadingThrew(place, packageIn(throwingFile(error)), error)
  );
}

/** The RetortError for a TypeORM error about the entities; undefined for other errors. */
export function metadataFailure(error: unknown): RetortError | undefined {
  if (!isTypeormError(error)) return undefined;
  const primary = /^Entity "([^"]+)" does not have a primary column/.exec(error.message);
  if (primary) return primaryKeyMissing(primary[1]!, error);
  const object = /^Data type "Object" in "(.+)\.([^."]+)"/.exec(error.message);
  if (object) return columnTypeUnknown(object[1]!, object[2]!, error);
  const undefinedType = /^Column type for (.+)#(.+) is not defined/.exec(error.message);
  if (undefinedType) return columnTypeUnknown(undefinedType[1]!, undefinedType[2]!, error);
  return entitiesInvalid(shortMessage(error), error);
}

function driverFailure(error: unknown, place: SourcePlace, type: string | undefined): RetortError | undefined {
  if (!(error instanceof Error)) return undefined;
  const isInstalled = (name: string) => packageFolder(name, path.dirname(place.file)) !== undefined;
  const unknown = /^Wrong driver: "([^"]*)" given/.exec(error.message);
  if (unknown) return driverUnknown(place, unknown[1]!, isInstalled, error);
  const missing = /package has not been found installed\. .*npm install ([^\s"']+)/.exec(error.message)?.[1];
  if (missing === undefined) return undefined;
  if (missing === "sqlite3") return sqlite3Missing(place, isInstalled, error);
  const wanted = type ?? DRIVER_TYPES[missing] ?? missing;
  // TypeORM reports any package that it cannot load as missing.
  return (
    (missing === "better-sqlite3" ? thrownBy(() => expectLoadable(place.file)) : undefined) ??
    // A package is not worth installing for a database that Retort does not know.
    thrownBy(() => expectSupportedDatabase(wanted)) ??
    driverPackageMissing(place, wanted, missing, error)
  );
}

function thrownBy(check: () => void): RetortError | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    return error as RetortError;
  }
}

/** The DataSource's `type` by the package that TypeORM requires for it. */
const DRIVER_TYPES: Readonly<Record<string, string>> = {
  pg: "postgres",
  mysql2: "mysql",
  oracledb: "oracle",
  "sql.js": "sqljs",
  mssql: "mssql",
  mongodb: "mongodb",
  "@sap/hana-client": "sap",
  "@google-cloud/spanner": "spanner",
};

function moduleFailure(error: unknown, place: SourcePlace): RetortError | undefined {
  const { code, message, requireStack } = error as { code?: unknown; message?: string; requireStack?: string[] };
  if (code !== "MODULE_NOT_FOUND" && code !== "ERR_MODULE_NOT_FOUND") return undefined;
  const [, request, from] =
    /^Cannot find (?:module|package) '([^']+)'(?: imported from (\S+))?/.exec(message ?? "") ?? [];
  if (request === undefined) return undefined;
  const file = requireStack?.[0] ?? from ?? place.file;
  const thrower = packageIn(file);
  if (thrower !== undefined) {
    const importer = requireStack?.find((one) => packageIn(one) === undefined) ?? place.file;
    return packageIncomplete({ file: importer, line: lineOf(thrower, importer) }, thrower, request, error);
  }
  const importing = { file, line: lineOf(request, file) };
  if (isPath(request)) return fileNotFound(importing, request, error);
  return isNameOfProject(request, file)
    ? aliasUnresolved(importing, request, error)
    : packageMissing(importing, request, error);
}

/** The package that a file belongs to; undefined for a file of the project, and of Retort. */
function packageIn(file: string | undefined): string | undefined {
  const [, name] = /^.*[\\/]node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/.exec(file ?? "") ?? [];
  return name === "typeorm-retort" ? undefined : name?.replaceAll("\\", "/");
}

/** The line of the import; undefined where it is not found. */
function lineOf(request: string, file: string): number | undefined {
  try {
    const lines = fs.readFileSync(file, "utf8").split("\n");
    const index = lines.findIndex((line) => line.includes(`"${request}"`) || line.includes(`'${request}'`));
    return index < 0 ? undefined : index + 1;
  } catch {
    return undefined;
  }
}

function syntaxFailure(error: unknown, place: SourcePlace): RetortError | undefined {
  if (error instanceof SyntaxError) {
    return doesNotParse(place.line === undefined ? syntaxErrorPlace(place) : place, shortMessage(error), error);
  }
  const early = error instanceof ReferenceError && /^Cannot access '(.+)' before initialization/.exec(error.message);
  return early ? circularImport(place, early[1]!, error) : undefined;
}

function syntaxErrorPlace(place: SourcePlace): SourcePlace {
  if (place.file.endsWith(".json")) return place;

  const { syntaxErrorIn } = require("./syntax") as typeof import("./syntax");
  return syntaxErrorIn(place.file) ?? place;
}

/** Checked by the names of its classes, because the error comes from the project's own copy of TypeORM. */
function isTypeormError(error: unknown): error is Error {
  for (let type: unknown = error; type; type = Object.getPrototypeOf(type))
    if (type.constructor?.name === "TypeORMError") return true;
  return false;
}
