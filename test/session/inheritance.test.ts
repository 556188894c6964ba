import {
  ChildEntity,
  Column,
  DeleteDateColumn,
  Entity,
  ManyToOne,
  OneToMany,
  PrimaryGeneratedColumn,
  TableInheritance,
  type Relation,
} from "typeorm";
import { joined, selectin } from "../../src";
import { eachDatabase } from "../helpers/databases";
import { benchOn, expectSame } from "../helpers/bench";

@Entity()
class Farm {
  @PrimaryGeneratedColumn()
  id!: number;

  @OneToMany(() => Animal, (animal) => animal.farm, { cascade: true })
  animals!: Relation<Animal>[];
}

@Entity()
@TableInheritance({ column: { type: "varchar", name: "kind", length: 20 } })
class Animal {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "varchar", length: 20 })
  name!: string;

  @ManyToOne(() => Farm, (farm) => farm.animals)
  farm!: Relation<Farm> | null;
}

@ChildEntity("dog")
class Dog extends Animal {
  @Column({ type: "int", nullable: true })
  tricks!: number | null;

  @ManyToOne(() => Cat)
  chases!: Relation<Cat> | null;
}

/** A child of a child. */
@ChildEntity()
class Puppy extends Dog {
  @Column({ type: "int", nullable: true })
  weeks!: number | null;
}

@ChildEntity("cat")
class Cat extends Animal {
  @Column({ type: "varchar", length: 20, default: "indoors" })
  home!: string;
}

@ChildEntity()
class Cow extends Animal {
  @Column({ type: "decimal", precision: 5, scale: 1, nullable: true })
  litres!: string | number | null;
}

/** Concrete inheritance: each class has a table with all columns. */
abstract class Content {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "varchar", length: 40 })
  title!: string;

  @DeleteDateColumn()
  deletedAt!: Date | null;

  @ManyToOne(() => Farm)
  about!: Relation<Farm> | null;

  get loud(): string {
    return this.title.toUpperCase();
  }
}

@Entity()
class Article extends Content {
  @Column({ type: "text" })
  text!: string;
}

@Entity()
class Photo extends Content {
  @Column({ type: "int", default: 300 })
  width!: number;
}

@Entity()
class Portrait extends Photo {
  @Column({ type: "varchar", length: 20 })
  who!: string;
}

eachDatabase((database) => {
  const bench = benchOn(database, {
    entities: [Farm, Animal, Dog, Puppy, Cat, Cow, Article, Photo, Portrait],
  });

  /** One of each, in one flush. */
  async function farm() {
    const { db, session } = bench;
    const made = db.create(Farm);
    const cat = db.create(Cat, { name: "Tom" });
    const dog = db.create(Dog, { name: "Rex", tricks: 3, chases: cat });
    const puppy = db.create(Puppy, { name: "Pip", tricks: 0, weeks: 9, chases: cat });
    const cow = db.create(Cow, { name: "Moo", litres: "20.5" });
    const animal = db.create(Animal, { name: "Any" });
    made.animals.push(dog, puppy, cow, cat, animal);
    session.add(made);
    await session.commit();
    return { made, cat, dog, puppy, cow, animal };
  }

  test("session 27: one flush writes all the children, and rows come back as their classes", async () => {
    await farm();
    const fresh = await bench.fresh();
    const animals = await fresh.query(Animal).orderBy("name").all();
    expect(animals.map((animal) => [animal.name, animal.constructor.name])).toEqual([
      ["Any", "Animal"],
      ["Moo", "Cow"],
      ["Pip", "Puppy"],
      ["Rex", "Dog"],
      ["Tom", "Cat"],
    ]);
    expect(animals[2]).toBeInstanceOf(Dog);
    expect(animals[2]).toMatchObject({ weeks: 9, tricks: 0 });
    expect(animals[4]).toMatchObject({ home: "indoors" });
    expect("tricks" in animals[4]!).toBe(false);
    expect(await fresh.query(Dog).count()).toBe(2);
    expect(await fresh.query(Puppy).count()).toBe(1);
    expect((await fresh.query(Cat).all()).map(({ name }) => name)).toEqual(["Tom"]);
    expect(fresh.session.dirty).toEqual([]);
  });

  test("session 27: TypeORM reads the same objects", async () => {
    await farm();
    const { manager } = bench.dataSource;
    const theirs = await manager.find(Animal, { order: { name: "ASC" } });
    const ours = await (await bench.fresh()).query(Animal).orderBy("name").all();
    const told = (one: Animal): unknown => [
      one.constructor,
      Object.entries(one)
        .filter(([property]) => property !== "farm" && property !== "chases")
        .sort(),
    ];
    expect(ours.map(told)).toEqual(theirs.map(told));
  });

  test("session 27: a row is one object, whichever class it is asked by", async () => {
    const { dog, puppy, cat } = await farm();
    const { session } = bench;
    expect(await session.get(Animal, puppy.id)).toBe(puppy);
    expect(await session.get(Dog, puppy.id)).toBe(puppy);
    expect(await session.get(Puppy, dog.id)).toBeNull();
    expect(await session.get(Cat, dog.id)).toBeNull();
    const fresh = await bench.fresh();
    const known = (await fresh.session.get(Animal, puppy.id))!;
    expect(known).toBeInstanceOf(Puppy);
    expect(await fresh.session.get(Puppy, puppy.id)).toBe(known);
    expect(await fresh.session.get(Cat, puppy.id)).toBeNull();
    expect(await fresh.session.get(Cow, cat.id)).toBeNull();
    expect(await fresh.query(Puppy).one()).toBe(known);
  });

  test("session 27: children are changed and deleted in one flush, each with its own columns", async () => {
    const { dog, puppy, cat, cow, animal } = await farm();
    const { session } = bench;
    dog.tricks = 4;
    puppy.weeks = 10;
    cat.home = "outdoors";
    cow.litres = "21.0";
    session.delete(animal);
    await session.commit();
    const fresh = await bench.fresh();
    expect((await fresh.query(Animal).orderBy("name").all()).map((one) => [one.name, { ...one }])).toEqual([
      ["Moo", expect.objectContaining({ litres: database.name === "sqlite" ? 21 : "21.0" })],
      ["Pip", expect.objectContaining({ weeks: 10, tricks: 0 })],
      ["Rex", expect.objectContaining({ tricks: 4 })],
      ["Tom", expect.objectContaining({ home: "outdoors" })],
    ]);
    cat.name = "Kat";
    dog.chases = null;
    session.delete(cow);
    await session.commit();
    expect(await bench.stored(`SELECT "name" FROM "animal" ORDER BY "name"`)).toEqual(
      ["Kat", "Pip", "Rex"].map((name) => ({ name })),
    );
  });

  test("session 27: relations hold the children, however they are loaded", async () => {
    await farm();
    for (const load of [joined("animals"), selectin("animals"), undefined]) {
      const fresh = await bench.fresh();
      const query = fresh.query(Farm);
      const read = await (load ? query.options(load) : query).one();
      const animals = await read.animals;
      expect(animals.map((one) => one.constructor.name).sort()).toEqual(["Animal", "Cat", "Cow", "Dog", "Puppy"]);
      const rex = animals.find(({ name }) => name === "Rex") as Dog;
      expect((await rex.chases)!.constructor).toBe(Cat);
      expectSame([await rex.chases], [animals.find(({ name }) => name === "Tom")]);
    }
  });

  test("session 27: a rollback makes the children what they were", async () => {
    const { dog, puppy, cat } = await farm();
    const { session, db } = bench;
    dog.tricks = 9;
    session.delete(puppy);
    const stray = db.create(Cow, { name: "Stray" });
    session.add(stray);
    await session.flush();
    await session.rollback();
    expect([dog.tricks, session.state(puppy), session.state(stray)]).toEqual([3, "persistent", "transient"]);
    expect(await session.query(Animal).count()).toBe(5);
    expect(cat.home).toBe("indoors");
  });

  test("session 27: a relation to one class takes no other", async () => {
    const { dog, cow } = await farm();
    expect(() => (dog.chases = cow as never)).toThrow(
      expect.objectContaining({
        code: "session/wrong-entity",
        message: expect.stringContaining("Dog.chases takes a Cat"),
      }),
    );
  });

  test("concrete inheritance: a table a class, with what the classes above declare", async () => {
    const { db, session } = bench;
    const about = db.create(Farm);
    const article = db.create(Article, { title: "hay", text: "long", about });
    const photo = db.create(Photo, { title: "barn", about });
    const portrait = db.create(Portrait, { title: "cow", who: "Moo", width: 500 });
    session.add(article, photo, portrait);
    await session.commit();
    expect([photo.width, article.loud]).toEqual([300, "HAY"]);
    const fresh = await bench.fresh();
    expect(await fresh.query(Photo).count()).toBe(1);
    const read = await fresh.query(Portrait).one();
    expect(read).toBeInstanceOf(Photo);
    expect({ ...read }).toMatchObject({ title: "cow", who: "Moo", width: 500 });
    expect((await (await fresh.query(Article).one()).about)!.id).toBe(about.id);
    // The same key in two tables is two objects.
    expect(await session.get(Photo, photo.id)).toBe(photo);
    expect(await session.get(Portrait, portrait.id)).toBe(portrait);
    session.softRemove(photo);
    session.delete(portrait);
    article.title = "straw";
    await session.commit();
    expect([await session.query(Photo).count(), await session.query(Portrait).count()]).toEqual([0, 0]);
    expect(await bench.stored(`SELECT "title" FROM "article"`)).toEqual([{ title: "straw" }]);
  });
});
