/** Runs `work` with the folder as working directory, from which relative paths of a configuration start. */
export async function inWorkingDirectory<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const before = process.cwd();
  if (before === folder) return work();
  process.chdir(folder);
  try {
    return await work();
  } finally {
    process.chdir(before);
  }
}
