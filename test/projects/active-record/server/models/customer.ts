import { BaseEntity, BeforeInsert, Column, CreateDateColumn, Entity, OneToMany, PrimaryGeneratedColumn } from "typeorm";
import { Order } from ".";

type Email = string;

@Entity("customers")
export class Customer extends BaseEntity {
  @PrimaryGeneratedColumn({ unsigned: true })
  id: number;

  @Column({ length: 100 })
  name: string;

  @Column({ unique: true })
  email: Email;

  // later: @Column({ default: 0 }) points: number;

  @CreateDateColumn({ name: "created_at" })
  createdAt: Date;

  @OneToMany(() => Order, (order) => order.customer, { cascade: true })
  orders: Order[];

  @BeforeInsert()
  normalize() {
    this.email = this.email.toLowerCase();
  }

  get label() {
    return `${this.name} <${this.email}>`;
  }
}
