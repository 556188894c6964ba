import { randomBytes } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { DataSource, type DataSourceOptions } from "typeorm";
import { generate } from "../../src/migrate/generate/generate";
import { type ScratchDatabase, eachDatabase } from "../helpers/databases";
import { placeIn } from "../helpers/workshop";
import { entity } from "../helpers/entities/schemas";

const kinds = ["postgres"] as const;

eachDatabase((kind) => {
  let database: ScratchDatabase;
  let administrator: DataSource;
  const role = `retort_test_${randomBytes(5).toString("hex")}`;
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "retort-not-proven-"));

  beforeAll(async () => {
    database = await kind.create();
    administrator = await new DataSource(database.options).initialize();
    await administrator.query(`CREATE ROLE "${role}" LOGIN`);
    await administrator.query(`GRANT CREATE ON DATABASE "${database.name}" TO "${role}"`);
    await administrator.query(`GRANT ALL ON SCHEMA public TO "${role}"`);
  });

  afterAll(async () => {
    await administrator.query(`DROP OWNED BY "${role}"`);
    await administrator.query(`DROP ROLE "${role}"`);
    await administrator.destroy();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  function asRole(): DataSource {
    const url = new URL((database.options as { url: string }).url);
    url.username = role;
    return new DataSource({ ...database.options, url: url.href, entities: [entity("Item", {})] } as DataSourceOptions);
  }

  test("without the right to create a database, the file and the result say why it is not proven", async () => {
    const dataSource = await asRole().initialize();
    try {
      const context = { dataSource, root: folder, place: placeIn(folder), settings: {} };
      const result = await generate(context, { name: "items" });
      const reason = "no scratch database can be created: permission denied to create database";
      expect(result).toMatchObject({ status: "written", proof: { status: "not proven", reason } });
      const [file] = fs.readdirSync(folder);
      expect(fs.readFileSync(path.join(folder, file!), "utf8")).toContain(
        `// not proven: ${reason}\nexport class Items`,
      );
    } finally {
      await dataSource.destroy();
    }
  });
  test("a table that may not be read is named, with how to leave it alone", async () => {
    await administrator.query("CREATE TABLE theirs (id int)");
    const dataSource = await asRole().initialize();
    try {
      const context = (ignore: string[]) => ({
        dataSource,
        root: folder,
        place: placeIn(folder),
        settings: { ignore },
      });
      await expect(generate(context([]), { name: "items", dryRun: true })).rejects.toMatchObject({
        code: "migrate/not-readable",
        message: expect.stringContaining('table "theirs" cannot be read: permission denied') as string,
        hint: expect.stringContaining('"ignore": ["theirs"]') as string,
      });
      expect(await generate(context(["theirs"]), { name: "items", dryRun: true })).toMatchObject({ status: "shown" });
    } finally {
      await dataSource.destroy();
    }
  });
}, kinds);
