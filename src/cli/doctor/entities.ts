import { entityFiles } from "../../config/entity-patterns";
import { loadingFailure } from "../../config/loading-errors";
import type { Project } from "../../config/project";
import { problemOf, type Problem } from "./problem";

/** The files that the patterns of `entities` find and that do not load, each by itself: TypeORM stops at the first. */
export async function brokenEntityFiles({ dataSource, root, load, isOwn }: Project): Promise<Problem[]> {
  const problems = new Map<string, Problem>();
  for (const file of entityFiles(dataSource, root))
    try {
      await load(file);
    } catch (error) {
      const problem = problemOf(loadingFailure(error, { file, isOwn }));
      // Several files may import the one that fails.
      problems.set(problem.message, problem);
    }
  return [...problems.values()];
}
