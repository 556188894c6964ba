/**
 * Imports point one way: bin → cli → { shell, migrate, config } → session → query → { metadata, dialect } → typeorm → TypeORM;
 * { cli, shell } → terminal.
 * `npm run check:layers` names the rule that an import breaks.
 */
const layer = (...names) => `^src/(${names.join("|")})/`;

/** A rule: files of the layers `from` must not import files of the layers `names`. */
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

const upwards = "A layer does not import a layer above it; what it needs of one is passed as an argument.";

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
    mayNotImport(["shell"], ["migrate", "config"], "The command line passes the shell what it needs of the others."),
    mayNotImport(
      ["migrate"],
      ["shell", "config"],
      "The command line passes the migrations what they need of the others.",
    ),
    mayNotImport(["config"], ["shell", "migrate"], "A project is loaded the same way for every command."),
    mayNotImport(["inspect"], ["cli", "shell", "config", "session", "query"], upwards),
    mayNotImport(
      ["migrate", "shell", "config", "session", "query", "metadata", "dialect"],
      ["inspect"],
      "Only the command line reads entities from a database.",
    ),
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
    mayNotImport(
      ["typeorm"],
      ["cli", "shell", "migrate", "config", "session", "query", "metadata", "dialect"],
      "The differences between TypeORM's versions are read by every layer.",
    ),
    {
      name: "terminal-imports-no-layer",
      comment: "Escaped text, styles and widths depend on nothing that is printed.",
      severity: "error",
      from: { path: "^src/terminal/" },
      to: { path: "^src/[^/]+/", pathNot: "^src/terminal/" },
    },
    mayNotImport(
      ["session", "query", "metadata", "dialect", "migrate", "inspect", "config"],
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
      comment: "Every layer may import the files of src itself (errors, text, values …), so they import none.",
      severity: "error",
      from: { path: "^src/[^/]+\\.ts$", pathNot: "^src/index\\.ts$" },
      to: { path: "^src/[^/]+/" },
    },
    {
      name: "a-database-behind-the-registry",
      comment: "Code above the dialects asks for a capability. Only MigrationDatabase has one file a database as well.",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/(dialect|migrate/run/databases)/" },
      to: { path: "^src/dialect/(sqlite|postgres|mysql)/" },
    },
    {
      name: "only-users-import-the-index",
      comment: "The public index loads everything; inside src, a module is imported from its own file.",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "^src/index\\.ts$" },
    },
    {
      name: "index-may-not-import-cli",
      severity: "error",
      from: { path: "^src/index\\.ts$" },
      to: { path: "^src/cli/" },
    },
    {
      name: "src-may-not-import-the-demo",
      comment: "examples, migrations and ormconfig.ts are the project of a user.",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "^(examples|migrations|ormconfig|test|bench|scripts)" },
    },
    {
      name: "no-cycles",
      comment: "Type-only imports count: each file can be read without the files that use it.",
      severity: "error",
      from: { path: "^(src|bin)/" },
      to: { circular: true },
    },
    {
      name: "no-development-packages",
      comment: "The packages of devDependencies are not installed with Retort.",
      severity: "error",
      from: { path: "^(src|bin)/" },
      to: {
        dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"],
        dependencyTypesNot: ["npm-peer", "type-only", "type-import"],
      },
    },
    {
      name: "no-missing-files",
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
