import fs from "node:fs";
import path from "node:path";
import { repository } from "./helpers/repository";

const lockfile = JSON.parse(fs.readFileSync(path.join(repository, "package-lock.json"), "utf8")) as {
  packages: Record<string, { resolved?: string; integrity?: string }>;
};

/** npm puts the registry that is configured in the place of this host, and of no other. */
test("the lockfile says where each package is at npm's usual host, and what it has to be", () => {
  const packages = Object.entries(lockfile.packages).filter(([folder]) => folder !== "");
  const wrong = packages.filter(
    ([, { resolved, integrity }]) =>
      !resolved?.startsWith("https://registry.npmjs.org/") || !integrity?.startsWith("sha512-"),
  );
  expect(wrong).toEqual([]);
  expect(packages.length).toBeGreaterThan(100);
});
