/** What `npm run lab` reports in one line, without a stack trace. */
export class LabFailure extends Error {
  constructor(message, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** stdout is for the addresses only, so that `export $(npm run --silent lab -- start)` works. */
export function note(message) {
  process.stderr.write(`lab: ${message}\n`);
}
