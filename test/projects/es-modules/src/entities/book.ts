import { Column, Entity, Index, ManyToOne, PrimaryGeneratedColumn, type Relation } from "typeorm";
import { Author } from "./author.js";

@Entity()
export class Book {
  @PrimaryGeneratedColumn()
  id!: number;

  @Index()
  @Column()
  title!: string;

  @Column({ type: "int", default: 1 })
  copies = 1;

  @ManyToOne(() => Author, (author) => author.books, { nullable: false, onDelete: "CASCADE" })
  author!: Relation<Author>;
}
