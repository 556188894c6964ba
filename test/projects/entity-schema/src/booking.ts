import { EntitySchema } from "typeorm";
import type { Room } from "./room.ts";

export class Booking {
  declare id: number;
  declare day: string;
  declare room: Room;

  toString(): string {
    return `booking for ${this.day}`;
  }
}

export const BookingSchema = new EntitySchema<Booking>({
  name: "Booking",
  target: Booking,
  columns: {
    id: { type: "integer", primary: true, generated: true },
    day: { type: "date" },
  },
  relations: {
    room: { type: "many-to-one", target: "Room", inverseSide: "bookings", nullable: false, onDelete: "CASCADE" },
  },
  checks: [{ name: "CHK_day", expression: "length(day) = 10" }],
});
