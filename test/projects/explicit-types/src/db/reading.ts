import { Column, Entity, Index, PrimaryGeneratedColumn } from "typeorm";

type Unit = "C" | "hPa";

@Entity({ name: "readings", engine: "InnoDB", comment: "What sensors have sent" })
@Index("by_sensor", ["sensor", "at"])
export class Reading {
  @PrimaryGeneratedColumn({ type: "bigint", unsigned: true })
  id!: string;

  @Column({ type: "varchar", length: 30 })
  sensor!: string;

  @Column({ type: "enum", enum: ["C", "hPa"], default: "C" })
  unit!: Unit;

  @Column({ type: "double" })
  value!: number;

  // later: @Column({ type: "json", nullable: true }) raw!: unknown;

  @Column({ type: "datetime", precision: 3 })
  at!: Date;
}
