export type EntityClassName = string;

/** An entity class as data: from it a file is written, or a class made in memory. */
export interface EntityDescription {
  readonly className: EntityClassName;
  readonly decorators: readonly Decorator[];
  readonly properties: readonly PropertyDescription[];
}

export interface PropertyDescription {
  readonly name: string;
  /** Its type in TypeScript. */
  readonly type: string;
  readonly decorators: readonly Decorator[];
}

/** A decorator of TypeORM and what it is called with. */
export interface Decorator {
  readonly name: DecoratorName;
  readonly arguments: readonly Argument[];
}

/** The decorators of TypeORM that say what a database has. */
export const DECORATORS = [
  "Check",
  "Column",
  "Entity",
  "Exclusion",
  "ForeignKey",
  "Generated",
  "Index",
  "JoinColumn",
  "JoinTable",
  "ManyToMany",
  "ManyToOne",
  "OneToMany",
  "OneToOne",
  "PrimaryColumn",
  "PrimaryGeneratedColumn",
  "Unique",
  "ViewColumn",
  "ViewEntity",
] as const;

export type DecoratorName = (typeof DECORATORS)[number];

/** Text, numbers, lists and objects as they are; a function of TypeScript as one of these classes. */
export type Argument =
  string | number | boolean | SqlExpression | ClassReference | PropertyReference | readonly Argument[] | Options;

export interface Options {
  readonly [option: string]: Argument | undefined;
}

/** `() => "now()"` */
export class SqlExpression {
  readonly sql: string;
  constructor(sql: string) {
    this.sql = sql;
  }
}

/** `() => Author` */
export class ClassReference {
  readonly className: EntityClassName;
  constructor(className: EntityClassName) {
    this.className = className;
  }
}

/** `(author) => author.books` */
export class PropertyReference {
  readonly className: EntityClassName;
  readonly property: string;
  constructor(className: EntityClassName, property: string) {
    this.className = className;
    this.property = property;
  }
}

/** A decorator; trailing arguments that are missing, and options without one that is set, are left out. */
export function decorator(name: DecoratorName, ...given: (Argument | undefined)[]): Decorator {
  return { name, arguments: given.filter((one): one is Argument => one !== undefined && !isEmpty(one)) };
}

function isEmpty(argument: Argument): boolean {
  return (
    Object.getPrototypeOf(argument) === Object.prototype &&
    Object.values(argument).every((value: unknown) => value === undefined)
  );
}
