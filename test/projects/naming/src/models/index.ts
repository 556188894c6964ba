export { Company } from "./company.js";
export { Contact } from "./contact.js";
