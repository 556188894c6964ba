import "reflect-metadata";
import {
  Column,
  Entity,
  JoinColumn,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  Tree,
  TreeChildren,
  TreeParent,
  type Relation,
} from "typeorm";

/*
 * Trees by each strategy of TypeORM.
 */

export interface TreeNode {
  name: string;
  parent: TreeNode | null;
  children: TreeNode[];
}

/** A closure table. */
@Entity()
@Tree("closure-table")
export class Closure implements TreeNode {
  @PrimaryGeneratedColumn()
  id!: number;
  @Column({ type: "varchar", length: 20 })
  name!: string;
  @TreeParent()
  parent!: Relation<Closure> | null;
  @TreeChildren({ cascade: true })
  children!: Relation<Closure>[];
}

/** A materialized path. */
@Entity()
@Tree("materialized-path")
export class Path implements TreeNode {
  @PrimaryGeneratedColumn()
  id!: number;
  @Column({ type: "varchar", length: 20 })
  name!: string;
  @TreeParent()
  parent!: Relation<Path> | null;
  @TreeChildren({ cascade: true })
  children!: Relation<Path>[];
}

/** A nested set; the database deletes children with their parent. */
@Entity()
@Tree("nested-set")
export class Nested implements TreeNode {
  @PrimaryGeneratedColumn()
  id!: number;
  @Column({ type: "varchar", length: 20 })
  name!: string;
  @TreeParent({ onDelete: "CASCADE" })
  parent!: Relation<Nested> | null;
  @TreeChildren({ cascade: true })
  children!: Relation<Nested>[];
}

/** A natural key, and a closure table with names of its own. */
@Entity()
@Tree("closure-table", {
  closureTableName: "line",
  ancestorColumnName: (column) => `upper_${column.propertyName}`,
  descendantColumnName: (column) => `lower_${column.propertyName}`,
})
export class Named implements TreeNode {
  @PrimaryColumn({ type: "varchar", length: 20 })
  name!: string;
  @TreeParent({ onDelete: "CASCADE" })
  parent!: Relation<Named> | null;
  @TreeChildren({ cascade: true })
  children!: Relation<Named>[];
}

/** A materialized path whose foreign key refers to another unique column than the key. */
@Entity()
@Tree("materialized-path")
export class Coded implements TreeNode {
  @PrimaryGeneratedColumn()
  id!: number;
  @Column({ type: "varchar", length: 20, unique: true })
  name!: string;
  @TreeParent()
  @JoinColumn({ name: "parent_name", referencedColumnName: "name" })
  parent!: Relation<Coded> | null;
  @TreeChildren({ cascade: true })
  children!: Relation<Coded>[];
}
