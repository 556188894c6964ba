import "reflect-metadata";
import {
  Column,
  Entity,
  ForeignKey,
  Generated,
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

/*
 * Primary keys and foreign keys of every kind.
 */

/** A generated uuid as key; another one that is no key. */
@Entity()
export class Device {
  @PrimaryGeneratedColumn("uuid")
  id!: string;

  @Column({ type: "varchar", length: 20, unique: true })
  serial!: string;

  @Column()
  @Generated("uuid")
  token!: string;

  /** By a column that is no key. */
  @OneToMany(() => Reading, (reading) => reading.device)
  readings!: Relation<Reading>[];
}

/** A foreign key to a column that is not the primary key. */
@Entity()
export class Reading {
  @PrimaryColumn({ type: "varchar", length: 20 })
  code!: string;

  @Column({ type: "int" })
  value!: number;

  @ManyToOne(() => Device, (device) => device.readings)
  @JoinColumn({ name: "device_serial", referencedColumnName: "serial" })
  device!: Relation<Device> | null;
}

/** A natural key. */
@Entity()
export class Country {
  @PrimaryColumn({ type: "varchar", length: 2 })
  code!: string;

  @OneToMany(() => Town, (town) => town.country, { cascade: true })
  towns!: Relation<Town>[];
}

/** A composite key, one part of which is a foreign key; a many-to-many relation with itself. */
@Entity()
export class Town {
  @PrimaryColumn({ type: "varchar", length: 30 })
  name!: string;

  @ManyToOne(() => Country, (country) => country.towns)
  @JoinColumn()
  country!: Relation<Country>;

  @PrimaryColumn({ type: "varchar", length: 2 })
  countryCode!: string;

  @Column({ type: "int", nullable: true })
  people!: number | null;

  @OneToMany(() => Street, (street) => street.town)
  streets!: Relation<Street>[];

  @ManyToMany(() => Town, (town) => town.twinOf)
  @JoinTable()
  twins!: Relation<Town>[];

  @ManyToMany(() => Town, (town) => town.twins)
  twinOf!: Relation<Town>[];
}

/** A composite foreign key. */
@Entity()
export class Street {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "varchar", length: 30 })
  name!: string;

  @ManyToOne(() => Town, (town) => town.streets)
  town!: Relation<Town> | null;
}

/** A primary key that is also the foreign key of a one-to-one relation. */
@Entity()
export class Warranty {
  @PrimaryColumn({ type: "uuid" })
  deviceId!: string;

  @OneToOne(() => Device)
  @JoinColumn({ name: "deviceId" })
  device!: Relation<Device>;

  @Column({ type: "int" })
  years!: number;
}

/** A many-to-many relation with columns of its own: through Enrolment. */
@Entity()
export class Student {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "varchar", length: 20 })
  name!: string;

  @OneToMany(() => Enrolment, (enrolment) => enrolment.student, { cascade: true })
  enrolments!: Relation<Enrolment>[];
}

/** The other side of Enrolment. */
@Entity()
export class Course {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "varchar", length: 20 })
  title!: string;

  @OneToMany(() => Enrolment, (enrolment) => enrolment.course)
  enrolments!: Relation<Enrolment>[];
}

/** A composite key of two foreign keys. */
@Entity()
export class Enrolment {
  @PrimaryColumn({ type: "int" })
  studentId!: number;

  @PrimaryColumn({ type: "int" })
  courseId!: number;

  @ManyToOne(() => Student, (student) => student.enrolments, { onDelete: "CASCADE" })
  student!: Relation<Student>;

  @ManyToOne(() => Course, (course) => course.enrolments, { onDelete: "CASCADE" })
  course!: Relation<Course>;

  @Column({ type: "int", nullable: true })
  grade!: number | null;
}

/** A generated key. */
@Entity()
export class Shop {
  @PrimaryGeneratedColumn()
  id!: number;

  @OneToMany(() => Shelf, (shelf) => shelf.shop)
  shelves!: Relation<Shelf>[];
}

/** A composite key, one part of which is a foreign key with a property of its own. */
@Entity()
export class Shelf {
  @PrimaryColumn({ type: "int" })
  shopId!: number;

  @PrimaryColumn({ type: "int" })
  place!: number;

  @ManyToOne(() => Shop, (shop) => shop.shelves)
  @JoinColumn({ name: "shopId" })
  shop!: Relation<Shop>;

  @OneToMany(() => Ware, (ware) => ware.shelf)
  wares!: Relation<Ware>[];
}

/** A composite foreign key with an index. */
@Entity()
export class Ware {
  @PrimaryGeneratedColumn()
  id!: number;

  @Index()
  @ManyToOne(() => Shelf, (shelf) => shelf.wares)
  shelf!: Relation<Shelf> | null;
}

/** A generated key, and nothing else. */
@Entity()
export class Club {
  @PrimaryGeneratedColumn()
  id!: number;
}

/** A foreign key with a property of its own. */
@Entity()
export class Player {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "int", nullable: true })
  clubId!: number | null;

  @ManyToOne(() => Club)
  club!: Relation<Club> | null;
}

/** A key that is not generated. */
@Entity()
export class Room {
  @PrimaryColumn("integer")
  id!: number;
}

/** A foreign key that is declared without a relation. */
@Entity()
export class Chair {
  @PrimaryColumn("integer")
  id!: number;

  @ForeignKey(() => Room)
  @Column("integer")
  roomId!: number;
}

/** A natural key; TypeORM chooses the length. */
@Entity()
export class Label {
  @PrimaryColumn({ type: "varchar" })
  name!: string;
}

/** A composite key of an owner of a join table. */
@Entity()
export class Place {
  @PrimaryColumn({ type: "int" })
  x!: number;

  @PrimaryColumn({ type: "int" })
  y!: number;

  @Column({ type: "varchar", default: "" })
  note!: string;

  @ManyToMany(() => Label)
  @JoinTable()
  labels!: Label[];
}

/** A table whose name is longer than an alias may be. */
@Entity("measurements_of_the_weather_station_on_the_roof")
export class Measurement {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "int" })
  degrees!: number;
}
