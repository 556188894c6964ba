import path from "node:path";
import { at, type SourcePlace } from "../config/errors";
import { placeOf } from "../config/stack-traces";

const PACKAGE = path.resolve(__dirname, "../..");
const OWN_FOLDERS = [path.join(PACKAGE, "dist", path.sep), path.join(PACKAGE, "bin", path.sep)];

/** `src/seed.ts:12:3`: the first stack frame in a file of the project; undefined where there is none. */
export function errorLocation(error: unknown): string | undefined {
  const place: SourcePlace | undefined = placeOf(error, isProjectFile);
  return place && at(place);
}

function isProjectFile(file: string): boolean {
  return (
    path.isAbsolute(file) &&
    !file.includes(`${path.sep}node_modules${path.sep}`) &&
    !OWN_FOLDERS.some((own) => file.startsWith(own))
  );
}
