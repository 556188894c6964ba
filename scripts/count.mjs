// Adds up the tests of jest's JSON reports: `node scripts/count.mjs FILE…`. The last line is `N passed, N failed`; fails when a test, a
// whole suite or a whole run did. A report that is missing counts as one failure.
import { readFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";

const counts = process.argv.slice(2).map(countsOf);
for (const { name, passed, failed, skipped } of counts)
  console.log(`${name}: ${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
const [passed, failed] = ["passed", "failed"].map((key) => counts.reduce((sum, count) => sum + count[key], 0));
console.log(`${passed} passed, ${failed} failed`);
if (failed > 0 || counts.length === 0) process.exitCode = 1;

function countsOf(file) {
  const name = path.basename(file, ".json");
  const report = read(file);
  if (!report) return { name, passed: 0, failed: 1, skipped: 0 };
  // A suite that does not even load has no tests that could be counted: it counts as one that failed.
  const failed = report.numFailedTests + report.numRuntimeErrorTestSuites;
  return {
    name,
    passed: report.numPassedTests,
    failed: report.success ? failed : Math.max(failed, 1),
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

function read(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    console.error(`There is no report of the tests: ${error.message}`);
    return undefined;
  }
}
