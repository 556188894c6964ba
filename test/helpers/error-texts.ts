/** V8 has several texts for a value that has no name; the outputs of two runs are comparable after this. */
export function normalizedError(output: string): string {
  return (
    output
      .replace(/\n +at .*/g, "")
      // In the fields of a class, only the type: "object is not a constructor".
      .replace(/^('caught' ["']|throws TypeError: )[^\n]* is not a constructor/gm, "$1(value) is not a constructor")
      // The text of a function.
      .replace(/ \((?:reading|setting) '[^\n]*(?:[{]|=>)[^\n]*'\)/g, "")
      .replace(/(\(intermediate value\)|\(\.\.\.\))+/g, "(value)")
      .replace(/^('caught' "|throws TypeError: ).*\(value\).* is not /gm, "$1(value) is not ")
      // Often only the type: "number 1 is not iterable (cannot read property Symbol(Symbol.iterator))".
      .replace(
        /^('caught' ["']|throws TypeError: ).* is not iterable(?: \(cannot read .*\)\))?/gm,
        "$1(value) is not iterable",
      )
      .replace(/of '.*' as it is/g, "of (value) as it is")
  );
}
