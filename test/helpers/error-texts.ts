/** V8 has several texts for a value that has no name; the outputs of two runs are comparable after this. */
export function normalizedError(output: string): string {
  return output
    .replace(/\n +at .*/g, "")
    .replace(/(\(intermediate value\)|\(\.\.\.\))+/g, "(value)")
    .replace(/^('caught' "|throws TypeError: ).*\(value\).* is not /gm, "$1(value) is not ")
    .replace(/of '.*' as it is/g, "of (value) as it is");
}
