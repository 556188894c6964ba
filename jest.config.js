/** The suites run on the TypeScript sources; swc compiles them, with decorator metadata for the entities. */
module.exports = {
  testEnvironment: "node",
  roots: ["<rootDir>/test"],
  testMatch: ["**/*.test.ts"],
  // Projects that are run whole have packages of their own.
  modulePathIgnorePatterns: ["<rootDir>/test/projects/.+/"],
  globalSetup: "<rootDir>/test/helpers/global-setup.ts",
  globalTeardown: "<rootDir>/test/helpers/global-teardown.ts",
  // A test that starts a dozen processes takes seconds, and a minute on a busy machine.
  testTimeout: 120_000,
  // The tests that start the command start it in processes of their own: more workers than cores would only make them wait.
  maxWorkers: "100%",
  transform: {
    "\\.[cm]?[jt]s$": [
      "@swc/jest",
      {
        jsc: {
          parser: { syntax: "typescript", decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: true },
          target: "es2022",
          keepClassNames: true,
        },
        module: { type: "commonjs" },
      },
    ],
  },
  // chalk, string-width and fastify's cookie are ES modules only.
  transformIgnorePatterns: [
    "/node_modules/(?!(chalk|string-width|cookie|strip-ansi|ansi-regex|get-east-asian-width|emoji-regex)/)",
  ],
};
