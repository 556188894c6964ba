import { Column, Entity, PrimaryGeneratedColumn, ViewColumn, ViewEntity } from "typeorm";

@Entity()
export class Sale {
  @PrimaryGeneratedColumn("identity")
  id!: number;

  @Column("date")
  day!: string;

  @Column("numeric", { precision: 12, scale: 2 })
  amount!: string;

  @Column({ type: "enum", enum: ["cash", "card"], default: "cash" })
  kind!: "cash" | "card";

  @Column("text", { array: true, default: () => "'{}'" })
  labels!: string[];

  // later: @Column("jsonb", { nullable: true }) extra!: object | null;
}

@ViewEntity({
  expression: (source) =>
    source
      .createQueryBuilder()
      .select("sale.kind", "kind")
      .addSelect("SUM(sale.amount)", "total")
      .from(Sale, "sale")
      .groupBy("sale.kind"),
})
export class KindOfSale {
  @ViewColumn()
  kind!: string;

  @ViewColumn()
  total!: string;
}

@ViewEntity({ materialized: true, expression: `SELECT id, amount FROM sale WHERE amount > 100` })
export class TopSale {
  @ViewColumn()
  id!: number;

  @ViewColumn()
  amount!: string;
}
