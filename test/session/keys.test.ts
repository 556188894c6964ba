import { eachDatabase } from "../helpers/databases";
import { benchOn, expectSame } from "../helpers/bench";
import { Device, Reading, Country, Town, Street, Warranty, Student, Course, Enrolment } from "../helpers/entities/keys";

eachDatabase((database) => {
  const bench = benchOn(database, {
    entities: [Device, Reading, Country, Town, Street, Warranty, Student, Course, Enrolment],
  });
  const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/;

  test("uuid keys are there after the flush, are kept when they were given, and find their objects", async () => {
    const { db, session } = bench;
    const given = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
    const [one, two] = [db.create(Device, { serial: "A" }), db.create(Device, { id: given, serial: "B" })];
    session.add(one, two);
    await session.flush();
    expect(one.id).toMatch(UUID);
    expect(one.token).toMatch(UUID);
    expect(two.id).toBe(given);
    await session.commit();
    expect(await session.get(Device, given)).toBe(two);
    expect((await (await bench.fresh()).session.get(Device, one.id))!.serial).toBe("A");
  });

  test("a foreign key to a column that is no key follows its object, and loads it", async () => {
    const { db, session } = bench;
    const device = db.create(Device, { serial: "A1" });
    device.readings.push(db.create(Reading, { code: "r1", value: 1 }), db.create(Reading, { code: "r2", value: 2 }));
    session.add(device, ...device.readings);
    await session.commit();
    expect(await bench.stored(`SELECT "code", "device_serial" FROM "reading" ORDER BY "code"`)).toEqual([
      { code: "r1", device_serial: "A1" },
      { code: "r2", device_serial: "A1" },
    ]);
    const fresh = await bench.fresh();
    const reading = (await fresh.session.get(Reading, "r1"))!;
    const read = (await reading.device)!;
    expect(read.serial).toBe("A1");
    expect((await read.readings).map(({ code }) => code)).toEqual(["r1", "r2"]);
    expect(
      await fresh
        .query(Reading)
        .filterBy({ device: { serial: "A1" } })
        .count(),
    ).toBe(2);
    reading.device = null;
    await fresh.session.commit();
    expect((await read.readings).map(({ code }) => code)).toEqual(["r2"]);
  });

  test("a composite key with a relation in it: filled from the relation, found by its parts", async () => {
    const { db, session } = bench;
    const country = db.create(Country, { code: "CZ" });
    const brno = db.create(Town, { name: "Brno", country, people: 400_000 });
    country.towns.push(db.create(Town, { name: "Praha" }));
    session.add(brno, country);
    await session.commit();
    expect([brno.countryCode, country.towns.map(({ countryCode }) => countryCode)]).toEqual(["CZ", ["CZ", "CZ"]]);
    expect(await session.get(Town, { name: "Brno", countryCode: "CZ" })).toBe(brno);
    expect(await session.get(Town, { name: "Brno", countryCode: "SK" })).toBeNull();
    const fresh = await bench.fresh();
    const read = (await fresh.session.get(Town, { name: "Brno", countryCode: "CZ" }))!;
    expect((await read.country).code).toBe("CZ");
    read.people = 1;
    await fresh.session.commit();
    expect(await bench.stored(`SELECT "people" FROM "town" WHERE "name" = 'Brno'`)).toEqual([{ people: 1 }]);
    fresh.session.delete(read);
    await fresh.session.commit();
    expect(await fresh.query(Town).count()).toBe(1);
  });

  test("relations to and between composite keys", async () => {
    const { db, session } = bench;
    const country = db.create(Country, { code: "CZ" });
    const [brno, praha, zlin] = ["Brno", "Praha", "Zlín"].map((name) => db.create(Town, { name, country })) as [
      Town,
      Town,
      Town,
    ];
    const street = db.create(Street, { name: "Main", town: brno });
    brno.twins.push(praha, zlin);
    praha.twins.push(zlin);
    session.add(brno, praha, zlin, street);
    await session.commit();
    const fresh = await bench.fresh();
    const towns = await fresh.query(Town).orderBy("name").all();
    expect((await towns[0]!.twins).map(({ name }) => name).sort()).toEqual(["Praha", "Zlín"]);
    expect((await towns[2]!.twinOf).map(({ name }) => name).sort()).toEqual(["Brno", "Praha"]);
    expect((await towns[0]!.streets).map(({ name }) => name)).toEqual(["Main"]);
    expectSame([await (await fresh.query(Street).one()).town], [towns[0]]);
    towns[0]!.twins = [towns[1]!];
    (await fresh.query(Street).one()).town = towns[1]!;
    await fresh.session.commit();
    expect(await bench.stored(`SELECT * FROM "town_twins_town"`)).toHaveLength(2);
    expect((await towns[1]!.streets).map(({ name }) => name)).toEqual(["Main"]);
  });

  test("children follow a part of a key, and theirs follow them; loaded or not", async () => {
    const { db, session } = bench;
    const country = db.create(Country, { code: "CZ" });
    const [brno, praha] = ["Brno", "Praha"].map((name) => db.create(Town, { name, country })) as [Town, Town];
    brno.twins.push(praha);
    session.add(brno, praha, db.create(Street, { name: "Main", town: brno }));
    session.add(db.create(Town, { name: "Brno", country: db.create(Country, { code: "US" }) }));
    await session.commit();
    for (const loads of [true, false]) {
      const fresh = await bench.fresh();
      const read = (await fresh.session.get(Country, loads ? "CZ" : "SK"))!;
      const towns = loads ? await read.towns : [];
      const street = loads ? await fresh.query(Street).one() : undefined;
      read.code = loads ? "SK" : "HU";
      await fresh.session.commit();
      expect(towns.map(({ countryCode }) => countryCode)).toEqual(loads ? ["SK", "SK"] : []);
      expect(fresh.session.dirty).toEqual([]);
      if (street) expectSame([await street.town], [towns.find(({ name }) => name === "Brno")]);
      expect(await fresh.session.get(Town, { name: "Brno", countryCode: read.code })).not.toBeNull();
      expect(await bench.stored(`SELECT "townCountryCode" AS code FROM "street"`)).toEqual([{ code: read.code }]);
      expect(
        (await bench.stored(`SELECT * FROM "town_twins_town"`)).flatMap((row) => Object.values(row)).sort(),
      ).toEqual(["Brno", "Praha", read.code, read.code].sort());
    }
    expect(await session.query(Town).filterBy({ countryCode: "US" }).count()).toBe(1);
  });

  test("children follow a column that is no key, where they point at it", async () => {
    const { db, session } = bench;
    const device = db.create(Device, { serial: "A1" });
    const reading = db.create(Reading, { code: "r1", value: 1, device });
    session.add(device, reading, db.create(Reading, { code: "r2", value: 2, device }));
    await session.commit();
    device.serial = "B1";
    const late = db.create(Reading, { code: "r3", value: 3, device });
    session.add(late);
    await session.commit();
    expect(await bench.stored(`SELECT DISTINCT "device_serial" AS serial FROM "reading"`)).toEqual([{ serial: "B1" }]);
    expectSame([reading.device, late.device], [device, device]);
    expect(session.dirty).toEqual([]);
  });

  test("columns that others point at are swapped, keys and parts of keys too", async () => {
    const { db, session } = bench;
    const [one, two] = ["A1", "B1"].map((serial) => db.create(Device, { serial })) as [Device, Device];
    const [cz, sk] = ["CZ", "SK"].map((code) => db.create(Country, { code })) as [Country, Country];
    const towns = [db.create(Town, { name: "Brno", country: cz }), db.create(Town, { name: "Brno", country: sk })];
    towns[0]!.twins.push(towns[1]!);
    session.add(
      db.create(Reading, { code: "r1", value: 1, device: one }),
      db.create(Reading, { code: "r2", value: 2, device: two }),
    );
    session.add(...towns, db.create(Street, { name: "Main", town: towns[0]! }));
    await session.commit();
    [one.serial, two.serial] = [two.serial, one.serial];
    [cz.code, sk.code] = [sk.code, cz.code];
    await session.commit();
    expect(await bench.stored(`SELECT "code", "device_serial" AS serial FROM "reading" ORDER BY "code"`)).toEqual([
      { code: "r1", serial: "B1" },
      { code: "r2", serial: "A1" },
    ]);
    expect(towns.map(({ countryCode }) => countryCode)).toEqual(["SK", "CZ"]);
    expect(await session.get(Town, { name: "Brno", countryCode: "SK" })).toBe(towns[0]);
    expect(await bench.stored(`SELECT "townCountryCode" AS code FROM "street"`)).toEqual([{ code: "SK" }]);
    expect(
      await bench.stored(`SELECT "townCountryCode_1" AS one, "townCountryCode_2" AS other FROM "town_twins_town"`),
    ).toEqual([{ one: "SK", other: "CZ" }]);
    expect(session.dirty).toEqual([]);
  });

  test("keys that are a relation's are swapped where the foreign key can wait", async () => {
    const { db, session } = bench;
    const [one, two] = ["A1", "B1"].map((serial) => db.create(Device, { serial })) as [Device, Device];
    const [long, short] = [
      db.create(Warranty, { device: one, years: 9 }),
      db.create(Warranty, { device: two, years: 1 }),
    ];
    session.add(long, short);
    await session.commit();
    [long.device, short.device] = [two, one];
    if (bench.kind === "postgres") {
      await expect(session.commit()).rejects.toMatchObject({ code: "session/cycle" });
      return;
    }
    await session.commit();
    expect([long.deviceId, short.deviceId]).toEqual([two.id, one.id]);
    expect((await (await bench.fresh()).session.get(Warranty, two.id))!.years).toBe(9);
    expect(await session.get(Warranty, two.id)).toBe(long);
  });

  test("a key that is a relation's", async () => {
    const { db, session } = bench;
    const device = db.create(Device, { serial: "A1" });
    const warranty = db.create(Warranty, { device, years: 2 });
    session.add(warranty);
    await session.commit();
    expect(warranty.deviceId).toBe(device.id);
    expect(await session.get(Warranty, device.id)).toBe(warranty);
    const fresh = await bench.fresh();
    const read = (await fresh.session.get(Warranty, device.id))!;
    expect((await read.device).serial).toBe("A1");
    fresh.session.delete(read);
    await fresh.session.commit();
    expect(await fresh.query(Warranty).count()).toBe(0);
  });

  test("many-to-many with columns of its own", async () => {
    const { db, session } = bench;
    const [ann, bob] = ["Ann", "Bob"].map((name) => db.create(Student, { name })) as [Student, Student];
    const [maths, art] = ["maths", "art"].map((title) => db.create(Course, { title })) as [Course, Course];
    ann.enrolments.push(db.create(Enrolment, { course: maths, grade: 1 }), db.create(Enrolment, { course: art }));
    session.add(ann, bob, db.create(Enrolment, { student: bob, course: maths, grade: 3 }));
    await session.commit();
    const fresh = await bench.fresh();
    const read = await fresh.query(Course).filterBy({ title: "maths" }).one();
    const grades = [];
    for (const enrolment of await read.enrolments) grades.push([(await enrolment.student).name, enrolment.grade]);
    expect(grades.sort()).toEqual([
      ["Ann", 1],
      ["Bob", 3],
    ]);
    const key = { studentId: ann.id, courseId: art.id };
    (await fresh.session.get(Enrolment, key))!.grade = 2;
    await fresh.session.commit();
    await session.refresh(ann);
    expect((await ann.enrolments).map(({ grade }) => grade).sort()).toEqual([1, 2]);
    session.delete(ann);
    await session.commit();
    expect(await session.query(Enrolment).count()).toBe(1);
  });
});
