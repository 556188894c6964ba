/** The size of a terminal that does not know it: one in a container, or one that another program opened (0 columns). */
const USUAL = { columns: 80, rows: 24 };

interface Sized {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

/** The columns of a terminal. @param otherwise for a file or a pipe */
export function columnsOf(stream: Sized, otherwise = USUAL.columns): number {
  return known(stream.columns) ?? (stream.isTTY ? USUAL.columns : otherwise);
}

/** The rows of a terminal. */
export function rowsOf(stream: Sized): number {
  return known(stream.rows) ?? USUAL.rows;
}

function known(size: number | undefined): number | undefined {
  return size !== undefined && size > 0 ? size : undefined;
}
