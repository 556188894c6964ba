import {
  type Argument,
  ClassReference,
  type Decorator,
  type EntityDescription,
  PropertyReference,
  SqlExpression,
} from "./description";

/** TypeORM's package, whose decorators are applied. */
export type Typeorm = typeof import("typeorm");

/** Makes the classes in memory, with the decorators that a file would have. */
export function makeClasses(entities: readonly EntityDescription[], typeorm: Typeorm): (new () => object)[] {
  const classes = new Map(entities.map(({ className }) => [className, classNamed(className)]));
  const valueOf = (argument: Argument | undefined): unknown => {
    if (argument instanceof SqlExpression) return () => argument.sql;
    if (argument instanceof ClassReference) return () => classes.get(argument.className);
    if (argument instanceof PropertyReference)
      return (properties: Record<string, unknown>) => properties[argument.property];
    if (Array.isArray(argument)) return argument.map((one: Argument) => valueOf(one));
    if (typeof argument !== "object") return argument;
    const entries = Object.entries(argument as Record<string, Argument | undefined>);
    return Object.fromEntries(
      entries.filter(([, value]) => value !== undefined).map(([key, value]) => [key, valueOf(value)]),
    );
  };
  const made = ({ name, arguments: given }: Decorator) =>
    (typeorm[name] as (...values: unknown[]) => (target: object, property?: string) => void)(...given.map(valueOf));
  for (const { className, decorators, properties } of entities) {
    const entity = classes.get(className)!;
    for (const property of properties)
      for (const one of property.decorators) made(one)(entity.prototype as object, property.name);
    for (const one of decorators) made(one)(entity);
  }
  return [...classes.values()];
}

function classNamed(name: string): new () => object {
  return { [name]: class {} }[name]!;
}
