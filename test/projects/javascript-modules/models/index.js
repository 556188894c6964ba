export { default as Task } from "./task.js";
export { default as Label } from "./label.js";
