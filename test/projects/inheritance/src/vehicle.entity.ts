import { ChildEntity, Column, Entity, ManyToOne, OneToMany, PrimaryGeneratedColumn, TableInheritance } from "typeorm";

@Entity()
export class Garage {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ length: 60 })
  city!: string;

  @OneToMany(() => Vehicle, (vehicle) => vehicle.garage)
  vehicles!: Vehicle[];
}

@Entity()
@TableInheritance({ column: { name: "kind", type: "varchar", length: 20 } })
export abstract class Vehicle {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ length: 12, unique: true })
  plate!: string;

  // later: @Column({ type: "int", unsigned: true, nullable: true }) mileage!: number | null;

  @ManyToOne(() => Garage, (garage) => garage.vehicles, { onDelete: "SET NULL" })
  garage!: Garage | null;
}

@ChildEntity("car")
export class Car extends Vehicle {
  @Column({ type: "tinyint", nullable: true })
  doors!: number | null;
}

@ChildEntity("truck")
export class Truck extends Vehicle {
  @Column({ type: "decimal", precision: 6, scale: 2, nullable: true })
  load!: string | null;
}
