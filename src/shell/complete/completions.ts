/** What could replace a range of the input. */
export interface Completions {
  readonly start: number;
  readonly end: number;
  readonly candidates: readonly Candidate[];
}

export interface Candidate {
  readonly text: string;
  /** What it is: `User.id: integer`, a signature. */
  readonly note?: string;
  /** Inserted after it where it is the only candidate. */
  readonly after?: string;
}
