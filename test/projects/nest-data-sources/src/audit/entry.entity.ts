import { Column, Entity, PrimaryGeneratedColumn } from "typeorm";

@Entity()
export class Entry {
  @PrimaryGeneratedColumn()
  id: number;

  @Column()
  action: string;

  // later: @Column({ default: "system" }) actor: string;
}
