/** What is measured, in the order of the report. `grows`: whether it is measured with ten times the rows as well. */
export const WORKS = [
  { name: "insert", title: "insert 20,000 rows, ids filled in, commit", grows: true },
  { name: "all", title: "`query.all()` of 10,000, tracked", grows: true },
  { name: "update", title: "change one column of 10,000 loaded, commit", grows: true },
  { name: "get", title: "`get` of 10,000 rows one by one, cold", grows: true },
  { name: "delete", title: "load 10,000 posts, delete them, commit", grows: true },
  { name: "nothing", title: "commit with nothing to do, 10,000 loaded", grows: true },
  { name: "loop", title: "2,000 users → posts in a loop", grows: false },
];

/** The most that each may take: times the ceiling, milliseconds, or statements; `linear`: times the ceiling's own growth. */
export const AIMS = {
  insert: { times: 2.2 },
  all: { times: 1.2 },
  update: { times: 2.5 },
  get: { times: 1.4 },
  delete: { times: 2.2 },
  nothing: { milliseconds: 3 },
  loop: { statements: 2 },
  linear: { times: 1.2 },
  stream: { mebibytes: 200 },
};

/** In a process that has done nothing before. */
export const COLD_AIMS = {
  insert: { times: 4 },
  all: { times: 2 },
  update: { times: 4 },
  get: { times: 2 },
  delete: { times: 3 },
};

/** On a database server. */
export const SERVER_AIMS = {
  insert: { times: 2.5 },
  all: { times: 2 },
  update: { times: 2.5 },
  get: { times: 1.5 },
  delete: { times: 2.5 },
};

/** How many users the loop goes through. */
export const LOOPED = 2_000;

export const userValues = (number) => ({
  username: `user${number}`,
  email: `user${number}@example.com`,
  password_hash: `scrypt:${number}`,
});

export const bodyOf = (number) => `What user ${number} has to say about it`;
