import { Column, Entity, ManyToOne, PrimaryGeneratedColumn } from "typeorm";
import { Thread } from "../../threads/thread.entity";

@Entity()
export class Reply {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column("text")
  text!: string;

  // later: @Column({ default: 0 }) likes!: number;

  @ManyToOne(() => Thread, (thread) => thread.replies, { nullable: false })
  thread!: Thread;
}
