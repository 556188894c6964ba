import path from "node:path";

/** The folder of this checkout. */
export const repository = path.resolve(__dirname, "../..");
