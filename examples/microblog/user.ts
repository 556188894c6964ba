import { randomBytes, scryptSync, timingSafeEqual } from "node:crypto";
import { Column, Entity, Index, OneToMany, PrimaryGeneratedColumn, type Relation } from "typeorm";
import { Post } from "./post";

const KEY_LENGTH = 32;
const SALT_LENGTH = 16;

@Entity()
export class User {
  @PrimaryGeneratedColumn()
  id!: number;

  @Index({ unique: true })
  @Column({ type: "varchar", length: 64 })
  username!: string;

  @Index({ unique: true })
  @Column({ type: "varchar", length: 120 })
  email!: string;

  @Column({ type: "varchar", length: 128, nullable: true })
  password_hash!: string | null;

  @OneToMany(() => Post, (post) => post.author)
  posts!: Relation<Post>[];

  /** Keeps a salted scrypt hash of the password, never the password. */
  setPassword(password: string): void {
    const salt = randomBytes(SALT_LENGTH);
    const key = scryptSync(password, salt, KEY_LENGTH);
    this.password_hash = `scrypt:${salt.toString("hex")}:${key.toString("hex")}`;
  }

  /** Whether this is the user's password; takes the same time for every wrong one. */
  checkPassword(password: string): boolean {
    const [method, salt, key] = this.password_hash?.split(":") ?? [];
    if (method !== "scrypt" || !salt || !key) return false;
    const expected = Buffer.from(key, "hex");
    return timingSafeEqual(scryptSync(password, Buffer.from(salt, "hex"), expected.length), expected);
  }

  toString(): string {
    return `<User ${this.username}>`;
  }
}
