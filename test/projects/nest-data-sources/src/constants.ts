export const AUDIT = "audit";
