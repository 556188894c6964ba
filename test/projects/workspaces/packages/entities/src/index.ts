export { Account } from "./account";
export { Ticket, type Priority } from "./ticket";
