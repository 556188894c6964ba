import type { EntityModel } from "../metadata/model";
import { unknownProperty } from "./errors";
import { Column, Order, type Alias } from "./expression";

type Direction = "ASC" | "DESC";
/** A direction as `@Entity({ orderBy })` takes it. */
type Declared = Direction | 1 | -1 | { readonly order: Direction; readonly nulls?: "NULLS FIRST" | "NULLS LAST" };

/** The order that the entity declares (`@Entity({ orderBy: … })`), for queries that ask for no other; as TypeORM's `find` sorts. */
export function defaultOrder(model: EntityModel, alias?: Alias): Order[] {
  const declared = model.metadata.orderBy as Record<string, Declared> | undefined;
  return Object.entries(declared ?? {}).map(([property, direction]) => {
    const column = model.column(property);
    if (!column) throw unknownProperty(model.name, property, model.properties);
    return orderOf(new Column(column, { relations: [], alias }), direction);
  });
}

function orderOf(column: Column, declared: Declared): Order {
  if (typeof declared !== "object") return new Order(column, declared === "DESC" || declared === -1 ? "DESC" : "ASC");
  const nulls = declared.nulls === undefined ? undefined : declared.nulls === "NULLS FIRST" ? "FIRST" : "LAST";
  return new Order(column, declared.order, nulls);
}
