/** The suites run on the TypeScript sources; swc compiles them, with decorator metadata for the entities. */
module.exports = {
  testEnvironment: "node",
  roots: ["<rootDir>/test"],
  testMatch: ["**/*.test.ts"],
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
  // chalk and string-width are ES modules only.
  transformIgnorePatterns: ["/node_modules/(?!(chalk|string-width|strip-ansi|ansi-regex|get-east-asian-width|emoji-regex)/)"],
};
