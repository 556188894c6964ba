import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { repository } from "../../scripts/microblog.mjs";

export const ENTITIES = 165;
export const FILES = 600;
/** Every so many entities have a column whose type only its declaration in another file tells. */
const UNTYPED_EVERY = 8;

/**
 * A project as a grown application has it: entities that refer to each other, with enums and transformers in files of their own, and the
 * services that use them. Hands its folder to `work`, and takes it away.
 */
export async function withLargeProject(work) {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), "retort-large-")));
  try {
    symlinkSync(path.join(repository, "node_modules"), path.join(folder, "node_modules"), "junction");
    const sources = filesOf();
    for (const [name, text] of Object.entries(sources)) write(folder, name, text);
    compile(folder, sources);
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** Name → text. Without the three files of the configuration there are 600. */
function filesOf() {
  const files = {
    "package.json": JSON.stringify({ name: "large", private: true }),
    "tsconfig.json": JSON.stringify({
      compilerOptions: {
        ...{ target: "ES2022", module: "CommonJS", strict: true, skipLibCheck: true },
        ...{ experimentalDecorators: true, emitDecoratorMetadata: true },
      },
    }),
    "src/data-source.ts": `import "reflect-metadata";
import { DataSource } from "typeorm";

export const dataSource = new DataSource({
  type: "better-sqlite3",
  database: "large.sqlite",
  entities: [__dirname + "/**/*.entity.{ts,js}"],
  migrations: [__dirname + "/migrations/*.{ts,js}"],
});
`,
  };
  for (let number = 1; number <= ENTITIES; number++) {
    const folder = `src/area${number % 15}`;
    files[`${folder}/thing${number}.entity.ts`] = entity(number);
    files[`${folder}/thing${number}.enum.ts`] =
      `export enum Kind${number} {\n  First = "first",\n  Second = "second",\n}\n\nexport type Label${number} = "short" | "long";\n`;
    files[`${folder}/thing${number}.transformer.ts`] =
      `import type { ValueTransformer } from "typeorm";\n\nexport const upper${number}: ValueTransformer = {\n  to: (value: string | null) => value?.toUpperCase(),\n  from: (value: string | null) => value?.toLowerCase(),\n};\n`;
  }
  for (let number = 1; number <= FILES - 3 * ENTITIES; number++)
    files[`src/services/service${number}.ts`] = service(number);
  return files;
}

function entity(number) {
  const parent = number === 1 ? ENTITIES : number - 1;
  const child = number === ENTITIES ? 1 : number + 1;
  const place = (other) => `../area${other % 15}/thing${other}.entity`;
  const label = number % UNTYPED_EVERY === 0 ? `\n  @Column({ nullable: true })\n  label?: Label${number};\n` : "";
  const plain = Array.from(
    { length: 8 },
    (_, place) =>
      `  @Column({ nullable: true })\n  ${place % 2 ? `amount${place}?: number` : `text${place}?: string`};\n`,
  );
  return `import { Column, CreateDateColumn, Entity, Index, ManyToOne, OneToMany, PrimaryGeneratedColumn, UpdateDateColumn } from "typeorm";
import { Thing${parent} } from "${place(parent)}";
import { Thing${child} } from "${place(child)}";
import { Kind${number}, type Label${number} } from "./thing${number}.enum";
import { upper${number} } from "./thing${number}.transformer";

@Entity()
export class Thing${number} {
  @PrimaryGeneratedColumn()
  id!: number;

  @Index()
  @Column({ length: 80 })
  name!: string;

  @Column({ type: "varchar", default: Kind${number}.First })
  kind!: Kind${number};

  @Column({ type: "varchar", nullable: true, transformer: upper${number} })
  code!: string | null;
${label}
${plain.join("\n")}
  @CreateDateColumn()
  createdAt!: Date;

  @UpdateDateColumn()
  updatedAt!: Date;

  @ManyToOne(() => Thing${parent}, (parent) => parent.children)
  parent!: Thing${parent} | null;

  @OneToMany(() => Thing${child}, (child) => child.parent)
  children!: Thing${child}[];

  get isNew(): boolean {
    return this.kind === Kind${number}.First;
  }
}
`;
}

function service(number) {
  const used = 1 + (number % ENTITIES);
  return `import type { Repository } from "typeorm";
import { Thing${used} } from "../area${used % 15}/thing${used}.entity";

export class Service${number} {
  constructor(private readonly things: Repository<Thing${used}>) {}

  async named(name: string): Promise<Thing${used}[]> {
    return this.things.findBy({ name });
  }
}
`;
}

/** What the project's own compiler would write: JavaScript in build/. */
function compile(folder, sources) {
  const typescript = createRequire(path.join(folder, "index.js"))("typescript");
  const compilerOptions = {
    ...{ target: typescript.ScriptTarget.ES2022, module: typescript.ModuleKind.CommonJS },
    ...{ experimentalDecorators: true, emitDecoratorMetadata: true },
  };
  for (const [name, text] of Object.entries(sources)) {
    if (!name.endsWith(".ts")) continue;
    // It knows the types, which the compilation of a single file does not.
    const typed = text.replace(/label\?: \w+/, "label?: string");
    const { outputText } = typescript.transpileModule(typed, { compilerOptions });
    write(folder, name.replace(/^src/, "build").replace(/\.ts$/, ".js"), outputText);
  }
}

function write(folder, name, text) {
  const file = path.join(folder, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
}
