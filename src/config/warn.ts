/** Prints one line to stderr: why a start is slow, or what of the project was left out. */
export type Warn = (line: string) => void;
