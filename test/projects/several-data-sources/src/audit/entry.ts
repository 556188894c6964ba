import { Column, Entity, Index, PrimaryGeneratedColumn } from "typeorm";

@Entity("log")
@Index(["subject", "action"])
export class Entry {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column()
  subject!: string;

  @Column()
  action!: string;

  // later: @Column({ type: "varchar", default: "system" }) actor!: string;
}
