import { Base } from "@domain/base";
import { Column, Entity, ManyToMany } from "typeorm";
import { Post } from "./post.entity";

@Entity({ name: "tags" })
export class Tag extends Base {
  @Column({ unique: true })
  word!: string;

  @ManyToMany(() => Post, (post) => post.tags)
  posts!: Post[];
}
