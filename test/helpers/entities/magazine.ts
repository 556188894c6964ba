import "reflect-metadata";
import {
  Column,
  Entity,
  JoinColumn,
  JoinTable,
  ManyToMany,
  ManyToOne,
  OneToMany,
  OneToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  VersionColumn,
  type Relation,
} from "typeorm";

/** A unique name, a version, values that can change in place, and relations of every kind. */
@Entity()
export class Person {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "varchar", length: 40, unique: true })
  name!: string;

  @Column({ type: "int", nullable: true })
  age!: number | null;

  @Column({ type: "simple-json" })
  tags!: string[];

  @Column({ type: Date, precision: 3, nullable: true })
  born!: Date | null;

  @VersionColumn()
  version!: number;

  @OneToMany(() => Article, (article) => article.author)
  articles!: Relation<Article>[];

  @OneToMany(() => Article, (article) => article.editor)
  edited!: Relation<Article>[];

  @OneToOne(() => Profile, (profile) => profile.person)
  profile!: Relation<Profile> | null;

  @OneToMany(() => Note, (note) => note.owner)
  notes!: Relation<Note>[];

  @OneToOne(() => Desk, (desk) => desk.person)
  desk!: Relation<Desk> | null;
}

/** The session sets its author to NULL when it deletes one; the database does that for its editor. */
@Entity()
export class Article {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "varchar", length: 40 })
  title!: string;

  @ManyToOne(() => Person, (person) => person.articles)
  author!: Relation<Person> | null;

  @ManyToOne(() => Person, (person) => person.edited, { onDelete: "SET NULL" })
  editor!: Relation<Person> | null;

  @OneToMany(() => Comment, (comment) => comment.article, { cascade: ["insert", "update"] })
  comments!: Relation<Comment>[];

  @ManyToMany(() => Label, (label) => label.articles)
  @JoinTable({ name: "article_label" })
  labels!: Relation<Label>[];
}

/** Needs its article; the database deletes it with the comment that it replies to. */
@Entity()
export class Comment {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "varchar", length: 40 })
  text!: string;

  @VersionColumn()
  version!: number;

  @ManyToOne(() => Article, (article) => article.comments, { nullable: false, onDelete: "RESTRICT" })
  article!: Relation<Article>;

  @ManyToOne(() => Comment, (comment) => comment.replies, { onDelete: "CASCADE" })
  replyTo!: Relation<Comment> | null;

  @OneToMany(() => Comment, (comment) => comment.replyTo)
  replies!: Relation<Comment>[];
}

/** One to one, deleted with its person by the database. */
@Entity()
export class Profile {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "varchar", length: 40 })
  motto!: string;

  @OneToOne(() => Person, (person) => person.profile, {
    nullable: false,
    onDelete: "CASCADE",
    deferrable: "INITIALLY IMMEDIATE",
  })
  @JoinColumn()
  person!: Relation<Person>;
}

/** One to one, nullable. */
@Entity()
export class Desk {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "varchar", length: 40 })
  place!: string;

  @OneToOne(() => Person, (person) => person.desk)
  @JoinColumn()
  person!: Relation<Person> | null;
}

/** A natural key. */
@Entity()
export class Label {
  @PrimaryColumn({ type: "varchar", length: 20 })
  word!: string;

  @Column({ type: "varchar", length: 20, nullable: true })
  colour!: string | null;

  @ManyToMany(() => Article, (article) => article.labels)
  articles!: Relation<Article>[];
}

/** A tree of plain relations, whose branches the session deletes; the database would refuse to. */
@Entity()
export class Folder {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "varchar", length: 40 })
  title!: string;

  @ManyToOne(() => Folder, (folder) => folder.children)
  parent!: Relation<Folder> | null;

  @OneToMany(() => Folder, (folder) => folder.parent, { cascade: true })
  children!: Relation<Folder>[];
}

/** Deleted when it is taken out of its owner. */
@Entity()
export class Note {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "varchar", length: 40 })
  text!: string;

  @ManyToOne(() => Person, (person) => person.notes, { orphanedRowAction: "delete" })
  owner!: Relation<Person> | null;
}

/** Needs a captain, who needs a club. */
@Entity()
export class Club {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "varchar", length: 40 })
  title!: string;

  /** TypeORM takes relations all of which are NOT NULL for a mistake, but not their columns. */
  @Column({ type: "int" })
  captainId!: number;

  @ManyToOne(() => Player, (player) => player.leads, { deferrable: "INITIALLY IMMEDIATE" })
  captain!: Relation<Player>;

  @OneToMany(() => Player, (player) => player.club)
  players!: Relation<Player>[];
}

/** Needs a club. */
@Entity()
export class Player {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "varchar", length: 40 })
  title!: string;

  @Column({ type: "int" })
  clubId!: number;

  @ManyToOne(() => Club, (club) => club.players, { deferrable: "INITIALLY IMMEDIATE" })
  club!: Relation<Club>;

  @OneToMany(() => Club, (club) => club.captain)
  leads!: Relation<Club>[];
}

/** The classes by the names that the model gives them. */
export const entities = {
  person: Person,
  article: Article,
  comment: Comment,
  profile: Profile,
  desk: Desk,
  label: Label,
  folder: Folder,
  note: Note,
  club: Club,
  player: Player,
} as unknown as Record<
  "person" | "article" | "comment" | "profile" | "desk" | "label" | "folder" | "note" | "club" | "player",
  new () => Record<string, unknown>
>;
