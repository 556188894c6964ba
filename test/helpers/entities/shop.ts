import "reflect-metadata";
import { Column, Entity, ManyToOne, OneToMany, PrimaryGeneratedColumn } from "typeorm";

/** A relation to many. */
@Entity()
export class Shop {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column("varchar")
  name!: string;

  @OneToMany(() => Article, (article) => article.shop)
  articles!: Article[];
}

/** A column of each type that the shell prints in its own way: an enum, a secret, a date, JSON, bytes; and a method. */
@Entity()
export class Article {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column("varchar")
  title!: string;

  @Column({ type: "simple-enum", enum: ["draft", "published", "gone"], default: "draft" })
  status!: "draft" | "published" | "gone";

  @Column({ type: "varchar", nullable: true })
  apiToken!: string | null;

  @Column({ type: "datetime", nullable: true })
  publishedAt!: Date | null;

  @Column({ type: "simple-json", nullable: true })
  extra!: unknown;

  @Column({ type: "blob", nullable: true })
  picture!: Buffer | null;

  @ManyToOne(() => Shop, (shop) => shop.articles)
  shop!: Shop | null;

  publish(): void {
    this.status = "published";
  }
}
