import { randomBytes } from "node:crypto";
import type { EntitySchema } from "typeorm";
import { generate } from "../../../src/migrate/generate/generate";
import { type DatabaseName, eachDatabase } from "../../helpers/databases";
import { Workshop, type Written } from "../../helpers/workshop";
import { type Feature, changeAnswers, changedGear, gear } from "./feature";
import { MARIADB } from "./mariadb";
import { mariadbCatalog } from "./mariadb-catalog";
import { POSTGRES } from "./postgres";
import { POSTGRES_CATALOG } from "./postgres-catalog";

interface Corpus {
  readonly features: Readonly<Record<string, Feature>>;
  /** Everything that the database says of what is in it, a line an object. */
  catalog(shop: Workshop): Promise<string[]>;
  /** Somebody else, whom statements of features name by this word. */
  readonly account: {
    readonly word: "ROLE" | "USER";
    name(text: string): string;
    drop(name: string): readonly string[];
  };
}

const CORPORA: Partial<Record<DatabaseName, Corpus>> = {
  postgres: {
    features: POSTGRES,
    catalog: async (shop) =>
      (await shop.query(POSTGRES_CATALOG)).map((row: Record<string, string>) => Object.values(row).join(" ")),
    account: {
      word: "ROLE",
      name: (text) => text,
      drop: (name) => [`DROP OWNED BY ${name} CASCADE`, `DROP ROLE ${name}`],
    },
  },
  mariadb: {
    features: MARIADB,
    catalog: mariadbCatalog,
    account: { word: "USER", name: (text) => `'${text}'@'localhost'`, drop: (name) => [`DROP USER ${name}`] },
  },
};

/** What features make that no entity is to know. */
const IGNORED = ["other*", "hand*", "number_*", "log_*"];

let shop: Workshop;

eachDatabase(
  (kind) => {
    const corpus = CORPORA[kind.name]!;
    const { account } = corpus;
    const somebody = account.name(`retort_test_${randomBytes(5).toString("hex")}`);
    beforeEach(async () => {
      shop = await Workshop.open(kind, {}, IGNORED);
      await shop.use([]);
      await shop.query(`CREATE ${account.word} ${somebody}`);
    });
    afterEach(async () => {
      await shop.use([]);
      for (const statement of account.drop(somebody)) await shop.query(statement);
      await shop.close();
    });

    test.each(Object.entries(corpus.features))(
      "migrate promise 8: beside %s, a change and its way back leave the catalog as it was",
      async (_, feature) => {
        const { before = gear(), after = changedGear(), answers = after.some(isGear) ? changeAnswers : {} } = feature;
        const execute = async (statements: readonly string[] = []) => {
          for (const statement of statements) await shop.query(statement.replace(/\b(ROLE|USER)\b/g, somebody));
        };
        await execute(feature.prepare);
        await shop.use(before);
        if (feature.create) await execute(feature.create);
        else await shop.dataSource.synchronize();
        if (before.some(isGear))
          await shop.query("INSERT INTO gear (name, size, made) VALUES ('a', 1, '2020-01-02'), ('b', 2, NULL)");
        await execute(feature.sql);
        if (!isDropped(feature)) await expectNothingLeft(before);
        const catalog = await corpus.catalog(shop);

        const result = generate(await shop.use(after), { resolutions: answers });
        if (feature.refused) return expect(result).rejects.toThrow(feature.refused);
        const written = (await result) as Written;
        expect(written.proof).toMatchObject(
          feature.notProven
            ? { status: "not proven", reason: expect.stringMatching(feature.notProven) as string }
            : { status: "proven" },
        );
        if (feature.losses) expect(written.losses.join("\n")).toMatch(feature.losses);
        else expect(written.losses.filter((line) => line.includes("does not restore"))).toEqual([]);
        await shop.up(written);
        await expectNothingLeft(after);
        await shop.down();
        if (!isDropped(feature)) await expectNothingLeft(before);
        if (!feature.losses) expect(await corpus.catalog(shop)).toEqual(catalog);
      },
    );
  },
  Object.keys(CORPORA) as DatabaseName[],
);

function isGear({ options }: EntitySchema): boolean {
  return options.name === "Gear";
}

/** Whether the change is that what no entity has is dropped. */
function isDropped({ answers }: Feature): boolean {
  return answers?.drops?.includes("old") === true;
}

async function expectNothingLeft(entities: readonly EntitySchema[]): Promise<void> {
  expect((await shop.check(entities)).differences.map(({ text }) => text)).toEqual([]);
}
