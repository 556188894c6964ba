import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryGeneratedColumn, type Relation } from "typeorm";
import { User } from "./user";

@Entity()
export class Post {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "varchar", length: 140 })
  body!: string;

  /** When the post was written, in UTC; the database fills it in. */
  @Index()
  @Column({ type: Date, default: () => "CURRENT_TIMESTAMP" })
  timestamp!: Date;

  @Column({ type: "int", nullable: true })
  user_id!: number | null;

  @ManyToOne(() => User, (user) => user.posts)
  @JoinColumn({ name: "user_id" })
  author!: Relation<User> | null;

  toString(): string {
    return `<Post ${this.body}>`;
  }
}
