import { defineConfig, globalIgnores } from "eslint/config";
import tseslint from "typescript-eslint";

const listedByHand = {
  selector: "ExportAllDeclaration",
  message: "List the names by hand: an index is a promise to its readers.",
};

/** What TypeORM and Retort call the databases. */
const DATABASE = "/^(sqlite|postgres|mysql|better-sqlite3|cockroachdb|mariadb)$/";
const askForCapability = "Do not compare the database: ask `Dialect` or `SchemaDialect` for a capability.";

const capabilities = [
  { selector: `BinaryExpression[operator=/^[!=]==?$/] > Literal[value=${DATABASE}]`, message: askForCapability },
  { selector: `SwitchCase > Literal[value=${DATABASE}]`, message: askForCapability },
  {
    selector:
      "MemberExpression[property.name=/^(name|displayName)$/]:matches([object.name='dialect'], [object.property.name='dialect']):not(CallExpression > *)",
    message: askForCapability,
  },
];

/** Everything that is printed passes through src/terminal, as text whose type says that it is escaped. */
const escapedOutput = [
  ...["callee.object.name", "callee.object.property.name"].map((name) => ({
    selector: `CallExpression[callee.property.name='write'][${name}=/^(output|error|stdout|stderr|stream|screen)$/]`,
    message: "Write through src/terminal/write.ts.",
  })),
  {
    selector: "TSAsExpression > TSTypeReference[typeName.name='EscapedText']",
    message: "Escape the text: escapeText, escapeLine or ansi.",
  },
];

export default defineConfig(
  globalIgnores(["dist/", "build/", "coverage/", "reports/", "test/projects/*/"]),
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/consistent-type-imports": [
        "error",
        { fixStyle: "inline-type-imports", disallowTypeAnnotations: false },
      ],
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      // Start-up is counted in milliseconds: a module is required where it is first needed.
      "@typescript-eslint/no-require-imports": "off",
      // What reads and writes an entity is compiled for it once, from its metadata: half the time of a loop over columns.
      "@typescript-eslint/no-implied-eval": "off",
      // Chains that never change begin at `this` and are built up in a local variable.
      "@typescript-eslint/no-this-alias": "off",
      // A method that promises a promise is async, so that what it throws is a rejection too.
      "@typescript-eslint/require-await": "off",
      // An assertion may be there for its reader.
      "@typescript-eslint/no-unnecessary-type-assertion": "off",
      // Said, not refused: a context is taken apart into its functions; a message prints whatever it was given.
      "@typescript-eslint/unbound-method": ["warn", { ignoreStatic: true }],
      "@typescript-eslint/no-base-to-string": "warn",
      // Entities of TypeORM are classes or names: `Function` is what its own types call them.
      "@typescript-eslint/no-unsafe-function-type": "off",
      "no-restricted-syntax": ["error", listedByHand],
      eqeqeq: ["error", "always", { null: "ignore" }],
    },
  },
  {
    // src/config names drivers to check what the project's options say, before there is a dialect.
    files: ["src/**/*.ts"],
    ignores: ["src/dialect/**", "src/config/**"],
    rules: {
      "no-restricted-syntax": ["error", listedByHand, ...capabilities],
    },
  },
  {
    files: ["src/shell/**/*.ts", "src/cli/**/*.ts"],
    rules: { "no-restricted-syntax": ["error", listedByHand, ...capabilities, ...escapedOutput] },
  },
  {
    // Tests read what came back from a database or from JSON, which is `any`; and a relation that is not loaded yet is
    // awaited, though its type is that of the entity.
    files: ["test/**/*.ts"],
    rules: {
      "@typescript-eslint/await-thenable": "off",
      "@typescript-eslint/no-explicit-any": "off",
      "@typescript-eslint/no-unsafe-argument": "off",
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-call": "off",
      "@typescript-eslint/no-unsafe-member-access": "off",
      "@typescript-eslint/no-unsafe-return": "off",
    },
  },
);
