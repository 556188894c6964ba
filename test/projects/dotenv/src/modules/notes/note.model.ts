import { Column, CreateDateColumn, DeleteDateColumn, Entity, PrimaryGeneratedColumn, UpdateDateColumn } from "typeorm";

@Entity()
export class Note {
  @PrimaryGeneratedColumn("increment")
  id!: number;

  @Column({ type: "text" })
  text!: string;

  @Column({ type: "simple-json", nullable: true })
  tags!: string[] | null;

  // later: @Column({ type: "boolean", default: false }) pinned!: boolean;

  @CreateDateColumn()
  createdAt!: Date;

  @UpdateDateColumn()
  updatedAt!: Date;

  @DeleteDateColumn()
  deletedAt!: Date | null;
}
