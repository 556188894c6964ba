/** Says one line to whoever started Retort: why a start is slow, what of a project was left out. It goes to stderr. */
export type Note = (line: string) => void;
