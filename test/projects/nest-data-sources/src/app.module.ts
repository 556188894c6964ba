import { Module } from "@nestjs/common";
import { TypeOrmModule } from "@nestjs/typeorm";
import { Entry } from "./audit/entry.entity";
import { AUDIT } from "./constants";
import { Product } from "./shop/product.entity";

@Module({
  imports: [
    TypeOrmModule.forRoot({ type: "better-sqlite3", database: "shop.sqlite", entities: [Product], synchronize: true }),
    TypeOrmModule.forRoot({
      name: AUDIT,
      type: "better-sqlite3",
      database: "audit.sqlite",
      entities: [Entry],
    }),
    TypeOrmModule.forFeature([Product]),
    TypeOrmModule.forFeature([Entry], AUDIT),
  ],
})
export class AppModule {}
