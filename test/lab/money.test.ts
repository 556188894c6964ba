import fs from "node:fs";
import { Column, DataSource, Entity, In, PrimaryColumn, PrimaryGeneratedColumn, VersionColumn } from "typeorm";
import { Session, type RetortError } from "../../src";
import { cutPoints, startCuttingProxy, type CutPoint, type CuttingProxy } from "../helpers/cutting-proxy";
import { eachDatabase } from "../helpers/databases";
import { eachLabServer, labServerOf, type LabDatabase, type LabServerName } from "../helpers/lab";
import { lab } from "../helpers/lab-servers";
import {
  firstAccounts,
  mariadbCases,
  postgresCases,
  serializableCase,
  transferMoney,
  type Bank,
  type MoneyCase,
  type MoneyResult,
} from "../helpers/money";
import type { ServerType } from "../helpers/servers";

@Entity()
class Account {
  @PrimaryColumn("integer")
  id!: number;

  @Column("integer")
  cents!: number;
}

@Entity()
class VersionedAccount extends Account {
  @VersionColumn()
  version!: number;
}

@Entity()
class Payment {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column("integer")
  cents!: number;
}

const entities = [Account, VersionedAccount, Payment];
const LOAD = { workers: 50, transfers: 2_000, accounts: 20 };
const POOL = 10;

/** A bank whose transfers are those of sessions, each on any of these DataSources. */
class SessionBank implements Bank {
  readonly #dataSources: readonly DataSource[];
  readonly #case: MoneyCase;
  readonly #entity: typeof Account;

  constructor(dataSources: readonly DataSource[], one: MoneyCase) {
    this.#dataSources = dataSources;
    this.#case = one;
    this.#entity = one.protection === "version" ? VersionedAccount : Account;
  }

  async transfer(from: number, to: number, cents: number): Promise<void> {
    const { isolation } = this.#case;
    const dataSource = this.#dataSources[Math.floor(Math.random() * this.#dataSources.length)]!;
    const session = new Session(dataSource, { isolation });
    try {
      const accounts = await this.#read(session, [from, to]);
      accounts.get(from)!.cents -= cents;
      accounts.get(to)!.cents += cents;
      await session.commit();
    } finally {
      await session.close();
    }
  }

  /** In the order of their keys, so that two transfers do not wait for each other. */
  async #read(session: Session, ids: readonly number[]): Promise<Map<number, Account>> {
    const query = session
      .query<Account>(this.#entity)
      .filterBy({ id: In([...ids]) })
      .orderBy("id");
    const found = await (this.#case.protection === "forUpdate" ? query.forUpdate() : query).all();
    return new Map(found.map((account) => [account.id, account]));
  }

  isRetryable(error: unknown): boolean {
    return (error as RetortError).retryable;
  }

  async accounts(): Promise<readonly Account[]> {
    const session = new Session(this.#dataSources[0]!);
    try {
      return await session.query<Account>(this.#entity).orderBy("id").all();
    } finally {
      await session.close();
    }
  }
}

/** A database with the accounts. */
interface BankDatabase extends Pick<LabDatabase, "name" | "writableUrl" | "drop"> {
  readonly type: ServerType;
}

async function inLab(name: LabServerName): Promise<BankDatabase> {
  const { type, create } = labServerOf(name);
  return { type, ...(await create()) };
}

/** Declares a suite with DataSources on some servers, whose accounts every test fills anew. */
function banks(
  declare: (open: () => readonly DataSource[]) => void,
  create: () => Promise<BankDatabase>,
  urls: (database: BankDatabase) => string[],
) {
  let database: BankDatabase;
  let dataSources: DataSource[] = [];

  beforeAll(async () => {
    database = await create();
    const { type } = database;
    const setUp = new DataSource({ type, url: database.writableUrl, entities, synchronize: true });
    await setUp.initialize();
    await setUp.destroy();
    const all = urls(database);
    const poolSize = Math.ceil(POOL / all.length);
    dataSources = await Promise.all(all.map((url) => new DataSource({ type, url, entities, poolSize }).initialize()));
  });
  beforeEach(async () => {
    const session = new Session(dataSources[0]!);
    for (const entity of entities) await session.query(entity).delete();
    for (const account of firstAccounts(LOAD))
      session.add(session.create(Account, account), session.create(VersionedAccount, account));
    await session.commit();
    await session.close();
  });
  afterAll(async () => {
    await Promise.all(dataSources.map((dataSource) => dataSource.destroy()));
    await database.drop();
  });
  declare(() => dataSources);
}

/** With RETORT_TEST_FIGURES, the file that each case appends a row of a Markdown table to. */
function noteFigures({ isolation, protection }: MoneyCase, { transfers, retries, seconds, sum }: MoneyResult): void {
  const file = process.env["RETORT_TEST_FIGURES"];
  if (!file) return;
  const where = expect.getState().currentTestName!.split(" session 37")[0]!;
  const cells = [where, isolation, protection, transfers, retries, `${seconds.toFixed(1)} s`, sum];
  fs.appendFileSync(file, `| ${cells.join(" | ")} |\n`);
}

function keepsTheMoney(cases: readonly MoneyCase[], open: () => readonly DataSource[]): void {
  test.each(cases)("session 37: no transfer is lost at $isolation with $protection", async (one) => {
    const result = await transferMoney(new SessionBank(open(), one), LOAD);
    noteFigures(one, result);
    expect(result).toMatchObject({ transfers: LOAD.transfers, wrong: [] });
  });
}

eachDatabase(
  (database) => {
    banks(
      (open) => keepsTheMoney([...mariadbCases, serializableCase], open),
      async () => {
        const { options, name, drop } = await database.create();
        const { type, url } = options as { type: ServerType; url: string };
        return { type, name, writableUrl: url, drop };
      },
      ({ writableUrl }) => [writableUrl],
    );
  },
  ["mariadb"],
);

const at = (server: { url: URL }, name: string): string => new URL(`/${name}`, server.url).href;

eachLabServer(
  ({ name }) => {
    banks(
      (open) => keepsTheMoney(postgresCases, open),
      () => inLab(name),
      (database) => [at(name === "pooler" ? lab.pooler : lab.primary, database.name)],
    );
  },
  ["primary", "pooler"],
);

eachLabServer(() => {
  describe("three nodes at random", () => {
    banks(
      (open) => keepsTheMoney(mariadbCases, open),
      () => inLab("galera"),
      (database) => lab.nodes.map((node) => at(node, database.name)),
    );
  });
  describe("one node", () => {
    banks(
      (open) => keepsTheMoney([...mariadbCases, serializableCase], open),
      () => inLab("galera"),
      (database) => [at(lab.nodes[0]!, database.name)],
    );
  });
}, ["galera"]);

/** The statements of one transfer are cut one after the other, at every point. */
eachLabServer(
  ({ type, name }) => {
    let database: LabDatabase;
    let proxy: CuttingProxy;
    let direct: DataSource;
    let cutOff: DataSource;

    beforeAll(async () => {
      database = await labServerOf(name).create();
      proxy = await startCuttingProxy(type, database.writableUrl);
      direct = await new DataSource({ type, url: database.writableUrl, entities, synchronize: true }).initialize();
      cutOff = await new DataSource({ type, url: proxy.url(database.writableUrl), entities, poolSize: 2 }).initialize();
    });
    afterAll(async () => {
      await cutOff.destroy();
      await direct.destroy();
      await proxy.close();
      await database.drop();
    });
    beforeEach(async () => {
      const session = new Session(direct);
      for (const entity of entities) await session.query(entity).delete();
      session.add(session.create(Account, { id: 1, cents: 100 }), session.create(Account, { id: 2, cents: 100 }));
      await session.commit();
      await session.close();
    });

    async function pay(session: Session): Promise<void> {
      await session.transaction(async () => {
        const [one, two] = await session.query(Account).orderBy("id").all();
        one!.cents -= 10;
        two!.cents += 10;
        session.add(session.create(Payment, { cents: 10 }));
        await session.flush();
        await session.nested(() => session.add(session.create(Payment, { cents: 0 })));
      });
    }

    async function stored(): Promise<string> {
      const session = new Session(direct);
      const accounts = await session.query(Account).orderBy("id").all();
      const payments = await session.query(Payment).count();
      await session.close();
      return [...accounts.map(({ cents }) => cents), payments].join(" ");
    }
    const [BEFORE, AFTER] = ["100 100 0", "90 110 2"];

    async function statementsOf(): Promise<number> {
      const count = proxy.statements.length;
      const session = new Session(cutOff);
      await pay(session);
      await session.close();
      return proxy.statements.length - count;
    }

    test.each(cutPoints)("session 38: nothing is done twice, nothing by half: cut %s", async (point: CutPoint) => {
      const count = await statementsOf();
      expect(count).toBeGreaterThan(6);
      for (let nth = 1; nth <= count; nth++) {
        const fill = new Session(direct);
        await fill.query(Payment).delete();
        await fill.query(Account).update({ cents: 100 });
        await fill.commit();
        await fill.close();
        const session = new Session(cutOff);
        const cut = proxy.cut({ at: point, nth });
        const error = await pay(session).then(
          () => undefined,
          (failure: unknown) => failure as RetortError,
        );
        if (cut.statement !== undefined) await cut.done;
        const place = `${point} ${cut.statement}`;
        const now = await stored();
        if (error === undefined) expect(`${place}: ${now}`).toBe(`${place}: ${AFTER}`);
        else if (error.retryable) {
          expect(`${place}: ${now}`).toBe(`${place}: ${BEFORE}`);
          await pay(session);
          expect(`${place}: ${await stored()}`).toBe(`${place}: ${AFTER}`);
        } else {
          expect(`${place}: ${error.code}`).toBe(`${place}: database/outcome-unknown`);
          expect([BEFORE, AFTER]).toContain(now);
          // After the answer of the last statement, the COMMIT is sent over a connection that is lost already.
          if (point !== "after answer") expect(cut.statement).toMatch(/COMMIT/i);
        }
        const [one, two] = await session.query(Account).orderBy("id").all();
        const inMemory = [one!.cents, two!.cents, await session.query(Payment).count()].join(" ");
        expect(`${place}: ${inMemory}`).toBe(`${place}: ${await stored()}`);
        await session.close();
      }
    });
  },
  ["primary", "galera"],
);
