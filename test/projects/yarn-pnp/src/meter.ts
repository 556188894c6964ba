import { Column, Entity, PrimaryGeneratedColumn } from "typeorm";

type Reading = number | null;

@Entity()
export class Meter {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column()
  place!: string;

  @Column({ nullable: true })
  reading!: Reading;

  // later: @Column({ nullable: true }) note!: string;
}
