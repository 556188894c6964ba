import { db } from "./db.js";
import { Book } from "./entities/book.js";

await db.initialize();
console.log(await db.getRepository(Book).count());
await db.destroy();
