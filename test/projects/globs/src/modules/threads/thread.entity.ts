import { Column, Entity, OneToMany, PrimaryGeneratedColumn } from "typeorm";
import { Reply } from "../replies/model/reply";

@Entity()
export class Thread {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column()
  title!: string;

  @Column({ default: "" })
  slug!: string;

  @OneToMany(() => Reply, (reply) => reply.thread)
  replies!: Reply[];
}
