import { Injectable, Module } from "@nestjs/common";
import { TypeOrmModule } from "@nestjs/typeorm";
import { UsersModule } from "./users.module";

@Injectable()
class Config {
  readonly file = process.env.DB_FILE;
}

@Module({ providers: [Config], exports: [Config] })
class ConfigModule {}

@Module({
  imports: [
    TypeOrmModule.forRootAsync({
      imports: [ConfigModule],
      inject: [Config],
      useFactory: (config: Config) => ({
        type: "better-sqlite3" as const,
        database: config.file,
        autoLoadEntities: true,
        synchronize: true,
      }),
    }),
    UsersModule,
  ],
})
export class AppModule {}
