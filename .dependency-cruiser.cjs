/**
 * The arrows of the design, one way only:
 * bin → cli → { shell, migrate, config } → session → query → { metadata, dialect } → TypeORM; { cli, shell } → terminal.
 * Whoever breaks one finds its rule by name in the output of `npm run check:layers`.
 */
const layer = (...names) => `^src/(${names.join("|")})/`;

/** Says what the layers `from` must not import. */
const mayNotImport = (from, names, why) => ({
  name: `${from.join("-")}-may-not-import-${names.join("-")}`,
  comment: why,
  severity: "error",
  from: { path: layer(...from) },
  to: { path: layer(...names) },
});

/**
 * The stages of the session, in order: each may import itself and those before it. A rollback restores what the first
 * three hold, and knows no more; a transaction and the session's context put the stages together.
 */
const SESSION_STAGES = [
  "state/",
  "relations/",
  "session-state\\.ts",
  "rollback/",
  "transaction\\.ts",
  "load/",
  "flush/",
  "write/",
  "preview/",
  "session-context\\.ts",
  "(session|database)\\.ts",
];

const isBesides = (stage) => stage === "rollback/" || stage === "transaction\\.ts";

/** Says what a stage of the session must not import: the stages after it; and the stages of a flush import no rollback. */
const sessionStages = SESSION_STAGES.map((stage, place) => {
  const isOfFlush = ["load/", "flush/", "write/", "preview/"].includes(stage);
  const later = SESSION_STAGES.slice(place + 1);
  const forbidden = isOfFlush ? [...SESSION_STAGES.filter(isBesides), ...later] : later;
  return {
    name: `session-${stage.replace(/\W+(ts)?$/, "")}-imports-earlier-stages-only`,
    severity: "error",
    from: { path: `^src/session/${stage}` },
    to: { path: `^src/session/(${forbidden.join("|")})` },
  };
}).slice(0, -1);

const upwards = "An arrow points down only: objects are handed down as arguments, never imported upwards.";

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: "bin-imports-the-cli-only",
      severity: "error",
      from: { path: "^bin/" },
      to: { path: "^(src|dist)/", pathNot: "^(src|dist)/cli/" },
    },
    mayNotImport(["shell", "migrate", "config"], ["cli"], upwards),
    mayNotImport(["shell"], ["migrate", "config"], "The command line hands the shell what it needs of the others."),
    mayNotImport(
      ["migrate"],
      ["shell", "config"],
      "The command line hands the migrations what they need of the others.",
    ),
    mayNotImport(["config"], ["shell", "migrate"], "Loading a project knows nothing of what is done with it."),
    mayNotImport(["session"], ["cli", "shell", "migrate", "config"], upwards),
    ...sessionStages,
    {
      name: "only-the-session-imports-its-context",
      comment: "session-context.ts composes the stages: what they need of it is handed to them.",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/session/session\\.ts$" },
      to: { path: "^src/session/session-context\\.ts$" },
    },
    mayNotImport(["query"], ["cli", "shell", "migrate", "config", "session"], upwards),
    mayNotImport(["metadata", "dialect"], ["cli", "shell", "migrate", "config", "session", "query"], upwards),
    {
      name: "terminal-imports-no-layer",
      comment: "Text for a terminal knows nothing of what is printed.",
      severity: "error",
      from: { path: "^src/terminal/" },
      to: { path: "^src/[^/]+/", pathNot: "^src/terminal/" },
    },
    mayNotImport(
      ["session", "query", "metadata", "dialect", "migrate", "config"],
      ["terminal"],
      "Only the command line and the shell print.",
    ),
    {
      name: "only-shell-ts-makes-the-repl",
      comment: "Commands, help, completion and the prompt take a ShellContext.",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/shell/shell\\.ts$" },
      to: { path: "^src/shell/repl\\.ts$" },
    },
    {
      name: "shared-files-import-no-layer",
      comment: "The files of src itself (errors, text, values …) may be used by every layer, so they use none.",
      severity: "error",
      from: { path: "^src/[^/]+\\.ts$", pathNot: "^src/index\\.ts$" },
      to: { path: "^src/[^/]+/" },
    },
    {
      name: "a-database-behind-the-registry",
      comment:
        "Code above the dialects asks for a capability; only MigrationDatabase is implemented once a database as well.",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/(dialect|migrate/run/databases)/" },
      to: { path: "^src/dialect/(sqlite|postgres|mysql)/" },
    },
    {
      name: "the-index-is-for-users",
      comment:
        "Inside, a module is imported from where it is; and the public index does not drag the command line along.",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "^src/index\\.ts$" },
    },
    {
      name: "the-index-leaves-the-cli-out",
      severity: "error",
      from: { path: "^src/index\\.ts$" },
      to: { path: "^src/cli/" },
    },
    {
      name: "the-demo-is-a-stranger",
      comment: "examples, migrations and ormconfig.ts are a user's project.",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "^(examples|migrations|ormconfig|test|bench|scripts)" },
    },
    {
      name: "no-cycles",
      comment: "Type-only imports count too.",
      severity: "error",
      from: { path: "^(src|bin)/", pathNot: "^src/shell/" },
      to: { circular: true },
    },
    {
      name: "no-cycles-at-run-time",
      comment: "In this layer, types may name each other.",
      severity: "error",
      from: { path: "^src/shell/" },
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "no-cycles-in-the-shell",
      comment: "Type-only imports included: each file can be read without the files that use it.",
      severity: "error",
      from: { path: "^src/(shell|terminal)/" },
      to: { circular: true },
    },
    {
      name: "no-cycles-in-migrate-and-dialect",
      comment:
        "Type-only imports count: a stage of migrate/ can be read without the stages that use it, a dialect without its callers.",
      severity: "error",
      from: { path: layer("migrate", "dialect") },
      to: { circular: true },
    },
    {
      name: "nothing-that-users-do-not-have",
      comment: "A package of devDependencies is not there where Retort is installed.",
      severity: "error",
      from: { path: "^(src|bin)/" },
      to: {
        dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"],
        dependencyTypesNot: ["npm-peer", "type-only", "type-import"],
      },
    },
    {
      name: "what-cannot-be-found",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: ["node_modules", "^dist/"] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["require", "node", "default", "types"],
      extensions: [".ts", ".js", ".cjs", ".mjs", ".json"],
    },
  },
};
