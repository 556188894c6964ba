import { BaseEntity, Column, Entity, JoinColumn, ManyToOne, PrimaryGeneratedColumn } from "typeorm";
import { Customer } from ".";

export enum Status {
  Open = "open",
  Paid = "paid",
}

@Entity("orders")
export class Order extends BaseEntity {
  @PrimaryGeneratedColumn()
  id: number;

  @Column({ type: "simple-enum", enum: Status, default: Status.Open })
  status: Status;

  @Column("decimal", { precision: 10, scale: 2 })
  total: string;

  @Column({ name: "customer_id" })
  customerId: number;

  @ManyToOne(() => Customer, (customer) => customer.orders)
  @JoinColumn({ name: "customer_id" })
  customer: Customer;
}
