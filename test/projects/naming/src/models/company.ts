import { Column, Entity, ManyToMany, OneToMany, PrimaryGeneratedColumn, type Relation } from "typeorm";
import { Contact } from "./contact.js";

@Entity()
export class Company {
  @PrimaryGeneratedColumn("uuid")
  id!: string;

  @Column({ unique: true })
  legalName!: string;

  @OneToMany(() => Contact, (contact) => contact.mainCompany)
  contacts!: Relation<Contact>[];

  @ManyToMany(() => Contact, (contact) => contact.formerCompanies)
  formerContacts!: Relation<Contact>[];
}
