import { EntitySchema } from "typeorm";
import type { Booking } from "./booking.ts";

export interface Room {
  id: number;
  name: string;
  bookings: Booking[];
}

export const RoomSchema = new EntitySchema<Room>({
  name: "Room",
  columns: {
    id: { type: "integer", primary: true, generated: true },
    name: { type: "varchar", length: 40 },
    // later: seats: { type: "integer", nullable: true },
  },
  relations: { bookings: { type: "one-to-many", target: "Booking", inverseSide: "room" } },
  uniques: [{ columns: ["name"] }],
});
