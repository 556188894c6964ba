export { Post } from "./post";
export { User } from "./user";
