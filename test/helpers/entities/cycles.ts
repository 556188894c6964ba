import "reflect-metadata";
import {
  Column,
  Entity,
  JoinColumn,
  ManyToOne,
  OneToOne,
  PrimaryGeneratedColumn,
  VersionColumn,
  type Relation,
} from "typeorm";

/*
 * Rows whose foreign keys point at each other, and foreign keys that are checked at the commit.
 */

/** Needs a captain, who needs a team: both foreign keys are NOT NULL and can be checked at the commit. */
@Entity()
export class Team {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "varchar", length: 20 })
  name!: string;

  /** TypeORM takes relations all of which are NOT NULL for a mistake, but not their columns. */
  @Column({ type: "uuid" })
  captainId!: string;

  @OneToOne(() => Player, { deferrable: "INITIALLY IMMEDIATE" })
  @JoinColumn()
  captain!: Relation<Player>;

  @ManyToOne(() => Town, { nullable: false })
  town!: Relation<Town>;

  @VersionColumn()
  version!: number;

  toString(): string {
    return `<Team ${this.name}>`;
  }
}

/** Needs a team. */
@Entity()
export class Player {
  @PrimaryGeneratedColumn("uuid")
  id!: string;

  @Column({ type: "varchar", length: 20 })
  name!: string;

  @Column({ type: "int" })
  teamId!: number;

  @ManyToOne(() => Team, { deferrable: "INITIALLY IMMEDIATE" })
  team!: Relation<Team>;

  toString(): string {
    return `<Player ${this.name}>`;
  }
}

/** Referenced by a team; not part of a cycle. */
@Entity()
export class Town {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "varchar", length: 20 })
  name!: string;
}

/** Needs another part, or itself; the foreign key can be checked at the commit. */
@Entity()
export class Part {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "int" })
  wholeId!: number;

  @ManyToOne(() => Part, { deferrable: "INITIALLY IMMEDIATE" })
  whole!: Relation<Part>;
}

/** Needs a wife; the foreign key is checked with each statement. */
@Entity()
export class Husband {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "int" })
  wifeId!: number;

  @ManyToOne(() => Wife)
  wife!: Relation<Wife>;

  toString(): string {
    return `<Husband>`;
  }
}

/** Needs a husband; the foreign key is checked with each statement. */
@Entity()
export class Wife {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "int" })
  husbandId!: number;

  @ManyToOne(() => Husband)
  husband!: Relation<Husband>;

  toString(): string {
    return `<Wife>`;
  }
}

/** A foreign key with a property of its own, to the same table. */
@Entity()
export class Link {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "int", nullable: true })
  nextId!: number | null;

  @ManyToOne(() => Link)
  @JoinColumn({ name: "nextId" })
  next!: Relation<Link> | null;
}

/** A generated key, and nothing else. */
@Entity()
export class Shelf {
  @PrimaryGeneratedColumn()
  id!: number;
}

/** A foreign key that is checked at the commit where the database can do that. */
@Entity()
export class Book {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "int" })
  shelfId!: number;

  @ManyToOne(() => Shelf, { deferrable: "INITIALLY DEFERRED" })
  shelf!: Relation<Shelf>;
}
