import path from "node:path";
import { at, type SourcePlace } from "../config/errors";
import { placeOf } from "../config/trace";

const PACKAGE = path.resolve(__dirname, "../..");
const OWN_FOLDERS = [path.join(PACKAGE, "dist", path.sep), path.join(PACKAGE, "bin", path.sep)];

/** `src/seed.ts:12:3`: where an error comes from, as far as it is in a file that somebody can open and correct; else undefined. */
export function whereFrom(error: unknown): string | undefined {
  const place: SourcePlace | undefined = placeOf(error, isSomebodys);
  return place && at(place);
}

function isSomebodys(file: string): boolean {
  return (
    path.isAbsolute(file) &&
    !file.includes(`${path.sep}node_modules${path.sep}`) &&
    !OWN_FOLDERS.some((own) => file.startsWith(own))
  );
}
