/** The versions of TypeORM that Retort works with: 0.3.26 is the first that allows better-sqlite3 12. */
export const SUPPORTED_VERSIONS = "0.3.26 or later of 0.3, and 1.x";

export function isSupported(version: string): boolean {
  const [major, minor, patch] = version.split(".").map((part) => Number.parseInt(part, 10));
  return major === 1 || (major === 0 && minor === 3 && patch !== undefined && patch >= 26);
}

export function isTypeorm03(version: string): boolean {
  return version.startsWith("0.");
}
