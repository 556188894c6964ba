import { Injectable, Module } from "@nestjs/common";
import { InjectRepository, TypeOrmModule } from "@nestjs/typeorm";
import { Repository } from "typeorm";
import { User } from "./user.entity";

@Injectable()
export class Users {
  constructor(@InjectRepository(User) readonly users: Repository<User>) {}
}

@Module({ imports: [TypeOrmModule.forFeature([User])], providers: [Users] })
export class UsersModule {}
