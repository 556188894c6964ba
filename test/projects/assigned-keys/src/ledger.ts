import { randomUUID } from "node:crypto";
import { BeforeInsert, Column, Entity, JoinColumn, ManyToOne, PrimaryColumn } from "typeorm";

@Entity()
export class Account {
  @PrimaryColumn("varchar", { length: 36 })
  id: string;

  @Column()
  owner: string;

  // later: @Column({ type: "varchar", length: 3, default: "EUR" }) currency!: string;

  constructor(owner: string) {
    this.id = randomUUID();
    this.owner = owner;
  }
}

@Entity()
export class Booking {
  @PrimaryColumn("varchar", { length: 36 })
  accountId!: string;

  @PrimaryColumn("integer")
  number!: number;

  @Column("integer")
  cents!: number;

  @Column("varchar", { nullable: true })
  reference!: string | null;

  @ManyToOne(() => Account, { onDelete: "CASCADE" })
  @JoinColumn({ name: "accountId" })
  account!: Account;

  @BeforeInsert()
  refer() {
    this.reference ??= `B-${this.number}`;
  }
}
