import "reflect-metadata";
import {
  Column,
  Entity,
  Index,
  JoinColumn,
  JoinTable,
  ManyToMany,
  ManyToOne,
  OneToMany,
  OneToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  type Relation,
} from "typeorm";

/** Embedded in User. */
export class Name {
  @Column({ type: "varchar", length: 40, nullable: true })
  first!: string | null;

  @Column({ type: "varchar", length: 40, nullable: true })
  last!: string | null;
}

/** Relations of every kind: posts (nullable foreign key), a profile (one to one), groups (many to many); an embedded name. */
@Entity()
export class User {
  @PrimaryGeneratedColumn()
  id!: number;

  @Index({ unique: true })
  @Column({ type: "varchar", length: 64 })
  username!: string;

  @Column({ type: "int", nullable: true })
  age!: number | null;

  @Column({ type: "varchar", length: 20, default: "reader" })
  role!: string;

  @Column(() => Name)
  name!: Name;

  @OneToMany(() => Post, (post) => post.author)
  posts!: Relation<Post>[];

  @OneToOne(() => Profile, (profile) => profile.user)
  profile!: Relation<Profile> | null;

  @ManyToMany(() => Group, (group) => group.members)
  @JoinTable()
  groups!: Relation<Group>[];

  toString(): string {
    return `<User ${this.username}>`;
  }
}

/** May be without its author; its comments are saved with it. */
@Entity()
export class Post {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "varchar", length: 140 })
  body!: string;

  @ManyToOne(() => User, (user) => user.posts)
  author!: Relation<User> | null;

  @OneToMany(() => Comment, (comment) => comment.post, { cascade: true })
  comments!: Relation<Comment>[];

  toString(): string {
    return `<Post ${this.body}>`;
  }
}

/** Needs its post, and the database does not delete it with the post. */
@Entity()
export class Comment {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "varchar", length: 140 })
  text!: string;

  @ManyToOne(() => Post, (post) => post.comments, { nullable: false })
  post!: Relation<Post>;
}

/** Deleted with its user by the database. */
@Entity()
export class Profile {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "varchar", length: 140 })
  motto!: string;

  @OneToOne(() => User, (user) => user.profile, { onDelete: "CASCADE", nullable: false })
  @JoinColumn()
  user!: Relation<User>;
}

/** A natural key, and a table with another name than the class. */
@Entity("circle")
export class Group {
  @PrimaryColumn({ type: "varchar", length: 20 })
  name!: string;

  @ManyToMany(() => User, (user) => user.groups)
  members!: Relation<User>[];
}

/** A composite natural key. */
@Entity()
export class Seat {
  @PrimaryColumn({ type: "varchar", length: 10 })
  hall!: string;

  @PrimaryColumn({ type: "int" })
  place!: number;

  @Column({ type: "varchar", length: 40, nullable: true })
  guest!: string | null;
}

/** A tree of plain relations: each node may have a parent. */
@Entity()
export class Node {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "varchar", length: 20 })
  label!: string;

  @ManyToOne(() => Node, (node) => node.children)
  parent!: Relation<Node> | null;

  @OneToMany(() => Node, (node) => node.parent, { cascade: true })
  children!: Relation<Node>[];
}

export const blog = [User, Post, Comment, Profile, Group, Seat, Node];
