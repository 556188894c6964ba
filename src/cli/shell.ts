import type { ExitCode } from "../errors";
import { openShell, type ResultFormat } from "../shell/shell";
import type { CommandContext } from "./command";

export interface ShellOptions {
  readonly eval?: string;
  readonly sandbox?: boolean;
  readonly readOnly?: boolean;
  readonly write?: boolean;
  readonly echo?: boolean;
  readonly format?: ResultFormat;
}

/** `retort shell`: the prompt, a pipe's lines, or `-e`. */
export async function run(context: CommandContext<ShellOptions>): Promise<ExitCode> {
  const { io, options } = context;
  const project = await context.project();
  const db = await context.database({ use: options.readOnly ? "read" : "write" });
  const exitCode = await openShell({
    db,
    root: project.root,
    settings: project.settings.shell ?? {},
    input: io.stdin,
    output: io.stdout,
    error: io.stderr,
    env: io.env,
    evaluate: options.eval,
    sandbox: options.sandbox,
    readOnly: options.readOnly,
    write: options.write,
    echo: options.echo,
    format: options.format,
    verbose: options.verbose,
    load: (file) => project.load(file),
  });
  return exitCode as ExitCode;
}
