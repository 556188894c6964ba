import path from "node:path";
import { ExitCode, RetortError } from "../errors";
import { installCommand } from "../package-manager";
import { SUPPORTED_VERSIONS } from "./version";

export function typeormUnsupported({ version, folder }: { version: string; folder: string }): RetortError {
  const relative = path.relative(process.cwd(), folder);
  const place = relative.startsWith(`..${path.sep}..`) ? folder : relative;
  const message = `TypeORM ${version} (${place}) is not supported (supported: ${SUPPORTED_VERSIONS})`;
  return new RetortError("typeorm/unsupported", message, {
    hint: `${installCommand(process.cwd(), "typeorm@^0.3.26")}, or typeorm@^1`,
    exitCode: ExitCode.usage,
  });
}
