import { Post, User } from "../../examples/microblog";
import { database } from "../helpers/databases";
import { Workshop } from "./workshop";
import { Column, Entity, OneToMany, PrimaryGeneratedColumn, ManyToOne } from "typeorm";

const sqlite = database("sqlite");

test("the demo", async () => {
  const w = await Workshop.open(sqlite);
  const first = await w.migrate([User, Post]);
  console.log(first.text, first.steps, first.proof);
  await w.query(`insert into user(id, username,email) values (1,'a','b')`);
  await w.query(`insert into post(id, body, user_id) values (1,'x',1)`);
  @Entity("user")
  class U2 {
    @PrimaryGeneratedColumn() id!: number;
    @Column({ type: "varchar", length: 64 , unique: true}) username!: string;
    @Column({ type: "varchar", length: 120 }) mail!: string;
    @Column() age!: number;
    @OneToMany(() => P2, (p) => p.author) posts!: any[];
  }
  @Entity("post")
  class P2 {
    @PrimaryGeneratedColumn() id!: number;
    @Column({ type: "varchar", length: 140 }) body!: string;
    @Column({ type: "int", nullable: true }) user_id!: number;
    @ManyToOne(() => U2, (u) => u.posts) author!: U2;
  }
  await w.generate([U2, P2]).catch((e) => console.log(e.message, e.hint));
  const r = await w.migrate([U2, P2], { renames: ["U2.email:mail"], drops: ["U2.password_hash", "P2.timestamp"], backfills: ["U2.age=7"]}).catch((e) => {console.log(e.message, e.hint); throw e});
  console.log(r.text);
  await w.down();
  console.log(await w.stored());
});
