// Prints `N passed, N failed` (and `, N skipped`) from jest's JSON report; fails when a test or a whole suite did.
import { readFileSync } from "node:fs";
import process from "node:process";

const report = read(process.argv[2]);
const skipped = report.numPendingTests + report.numTodoTests;
// A suite that does not even load has no tests that could be counted: it counts as one that failed.
const failed = report.numFailedTests + report.numRuntimeErrorTestSuites;

console.log(`${report.numPassedTests} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
if (failed > 0 || !report.success) process.exitCode = 1;

function read(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    console.error(`There is no report of the tests: ${error.message}`);
    return { numPassedTests: 0, numFailedTests: 0, numRuntimeErrorTestSuites: 1, numPendingTests: 0, numTodoTests: 0 };
  }
}
