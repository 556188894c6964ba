/** What `print()` writes with; the shell puts its own in place while it is open. */
let writer: ((values: readonly unknown[]) => void) | undefined;

/** Writes values as Python's `print` does: text as it is, other values as the prompt shows them, with blanks between. */
export function print(...values: unknown[]): void {
  if (writer) writer(values);
  else console.log(...values);
}

/** Sets what `print()` writes with; gives the way back. */
export function printWith(write: (values: readonly unknown[]) => void): () => void {
  const before = writer;
  writer = write;
  return () => {
    writer = before;
  };
}
