import { Column, Entity, OneToMany, PrimaryGeneratedColumn, type Relation } from "typeorm";
import { Book } from "./book.js";

@Entity()
export class Author {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column()
  name!: string;

  // later: @Column({ type: "varchar", nullable: true }) country!: string | null;

  @OneToMany(() => Book, (book) => book.author)
  books!: Relation<Book>[];
}
