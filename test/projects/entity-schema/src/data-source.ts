import { DataSource } from "typeorm";
import { BookingSchema } from "./booking.ts";
import { RoomSchema } from "./room.ts";

export default new DataSource({
  type: "better-sqlite3",
  database: "bookings.sqlite",
  entities: [RoomSchema, BookingSchema],
  migrations: ["src/migrations/*.ts"],
});
