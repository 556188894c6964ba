import { Column, Entity, PrimaryGeneratedColumn, Tree, TreeChildren, TreeParent } from "typeorm";

@Entity()
@Tree("closure-table")
export class Category {
  @PrimaryGeneratedColumn()
  id: number;

  @Column()
  name: string;

  // later: @Column({ type: "int", default: 0 }) rank: number;

  @TreeParent()
  parent: Category | null;

  @TreeChildren({ cascade: true })
  children: Category[];
}
