import { Check, Column, Entity, ManyToOne, PrimaryGeneratedColumn } from "typeorm";
import { Account } from "./account";

export type Priority = 1 | 2 | 3;

@Entity()
@Check("priority", "priority BETWEEN 1 AND 3")
export class Ticket {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column()
  title!: string;

  @Column({ default: 2 })
  priority!: Priority;

  // later: @Column({ type: "datetime", nullable: true }) closedAt!: Date | null;

  @ManyToOne(() => Account, { eager: true, onDelete: "SET NULL" })
  owner!: Account | null;
}
