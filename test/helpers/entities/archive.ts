import "reflect-metadata";
import {
  Column,
  DeleteDateColumn,
  Entity,
  JoinTable,
  ManyToMany,
  ManyToOne,
  OneToMany,
  PrimaryGeneratedColumn,
  UpdateDateColumn,
  VersionColumn,
  type Relation,
} from "typeorm";

/*
 * Rows that are soft-deleted, alone and by cascade.
 */

/** Soft-deletes and recovers its pages. */
@Entity()
export class Folder {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "varchar", length: 20 })
  name!: string;

  @DeleteDateColumn()
  deletedAt!: Date | null;

  @OneToMany(() => Page, (page) => page.folder, { cascade: ["insert", "soft-remove", "recover"] })
  pages!: Relation<Page>[];
}

/** A delete date, a version and an update date. */
@Entity()
export class Page {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "varchar", length: 20 })
  title!: string;

  @DeleteDateColumn({ precision: null } as object)
  deletedAt!: Date | null;

  @VersionColumn()
  version!: number;

  @UpdateDateColumn()
  updatedAt!: Date;

  @ManyToOne(() => Folder, (folder) => folder.pages)
  folder!: Relation<Folder> | null;

  @ManyToMany(() => Label, (label) => label.pages)
  @JoinTable()
  labels!: Relation<Label>[];
}

/** The other side of a many-to-many relation, soft-deleted too. */
@Entity()
export class Label {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "varchar", length: 20 })
  name!: string;

  @DeleteDateColumn()
  deletedAt!: Date | null;

  @ManyToMany(() => Page, (page) => page.labels)
  pages!: Relation<Page>[];
}

/** Has no delete date. */
@Entity()
export class Stone {
  @PrimaryGeneratedColumn()
  id!: number;
}

export const archive = [Folder, Page, Label, Stone];
