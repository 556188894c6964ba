import { PrimaryGeneratedColumn, VersionColumn } from "typeorm";

export abstract class Base {
  @PrimaryGeneratedColumn()
  readonly id!: number;

  @VersionColumn()
  readonly version!: number;
}
