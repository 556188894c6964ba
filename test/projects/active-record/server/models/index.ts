export * from "./customer";
export * from "./order";
