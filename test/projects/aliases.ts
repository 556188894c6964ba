import type { MadeProject } from "./made-project";

export default {
  title:
    "aliases of tsconfig.json and of module-alias, two files that it extends, an abstract base class, many-to-many",
  typeorm: "0.3",
  found: { configuration: 'src/infra/connection.ts ("retort.dataSource" in package.json)', entities: "2" },
  evaluates: ["Post.query.one().tags.map((tag) => tag.word)", "[ 'node', 'sql' ]"],
  transcript: `
    > .migrate generate first
    src/infra/migrations/TIME-first.ts
    > .migrate up
    > p = Post(title='Hello', tags=[Tag(word='node'), Tag(word='sql')])
    > db.session.add(p)
    > db.session.commit()
    > Post.query.all()
     id │ version │ title │ body
    ────┼─────────┼───────┼──────
      1 │       1 │ Hello │ null
    > p.title = 'Hello again'
    > db.session.commit()
    > db.session.get(Post, 1).version
    2
    > p.title = 'x'
    > db.session.rollback()
    > p.title
    'Hello again'
  `,
} satisfies MadeProject;
