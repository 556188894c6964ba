import { Column, Entity, JoinTable, ManyToMany, ManyToOne, PrimaryGeneratedColumn, type Relation } from "typeorm";
import { Company } from "./company.js";

class Address {
  @Column({ nullable: true })
  streetName!: string;

  @Column({ nullable: true })
  zipCode!: string;
}

@Entity()
export class Contact {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column()
  firstName!: string;

  // later: @Column({ type: "varchar", nullable: true }) phoneNumber!: string | null;

  @Column(() => Address)
  homeAddress!: Address;

  @ManyToOne(() => Company, (company) => company.contacts)
  mainCompany!: Relation<Company>;

  @ManyToMany(() => Company, (company) => company.formerContacts)
  @JoinTable()
  formerCompanies!: Relation<Company>[];
}
