import "reflect-metadata";
import {
  Column,
  Entity,
  Index,
  JoinColumn,
  OneToOne,
  PrimaryGeneratedColumn,
  Unique,
  VersionColumn,
  type Relation,
} from "typeorm";

/*
 * Unique values and one-to-one relations.
 */

/** A unique column, a unique pair and a unique index over a nullable column. */
@Entity()
@Unique(["row", "place"])
export class Guest {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "varchar", length: 40, unique: true })
  name!: string;

  @Column({ type: "int" })
  row!: number;

  @Column({ type: "int" })
  place!: number;

  @Index({ unique: true })
  @Column({ type: "varchar", length: 10, nullable: true })
  badge!: string | null;

  toString(): string {
    return `<Guest ${this.name}>`;
  }
}

/** One to one, nullable. */
@Entity()
export class Desk {
  @PrimaryGeneratedColumn()
  id!: number;

  @OneToOne(() => Guest)
  @JoinColumn()
  guest!: Relation<Guest> | null;
}

/** One to one, NOT NULL, checked at the commit. */
@Entity()
export class Key {
  @PrimaryGeneratedColumn()
  id!: number;

  @OneToOne(() => Guest, { nullable: false, deferrable: "INITIALLY IMMEDIATE" })
  @JoinColumn()
  guest!: Relation<Guest>;
}

/** One to one, NOT NULL, checked with each statement. */
@Entity()
export class Locker {
  @PrimaryGeneratedColumn()
  id!: number;

  @OneToOne(() => Guest, { nullable: false })
  @JoinColumn()
  guest!: Relation<Guest>;
}

/** A version. */
@Entity()
export class Account {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "int" })
  balance!: number;

  @VersionColumn()
  version!: number;

  toString(): string {
    return `<Account ${this.id}>`;
  }
}
