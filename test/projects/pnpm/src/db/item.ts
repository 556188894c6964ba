import { Column, Entity, PrimaryGeneratedColumn, Unique } from "typeorm";

@Entity()
@Unique(["shelf", "place"])
export class Item {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column()
  shelf!: string;

  @Column()
  place!: number;

  // later: @Column({ type: "varchar", nullable: true }) label!: string | null;
}
