import { Base } from "@domain/base";
import { Tag } from "~/domain/blog/tag.entity";
import { Column, Entity, JoinTable, ManyToMany } from "typeorm";

@Entity({ name: "posts" })
export class Post extends Base {
  @Column()
  title!: string;

  @Column("text", { nullable: true })
  body?: string;

  // later: @Column({ nullable: true }) slug?: string;

  @ManyToMany(() => Tag, (tag) => tag.posts)
  @JoinTable({ name: "post_tags" })
  tags!: Tag[];
}
