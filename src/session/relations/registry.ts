import type { DataSource } from "typeorm";
import type { Dialect } from "../../dialect/dialect";
import { dialectOf } from "../../dialect/dialects";
import { Models } from "../../metadata/models";
import { heldByAnotherSession, notInitialised } from "../state/errors";
import type { Instance, InstanceOwner } from "../state/instance";
import { routeRelationValues } from "../../typeorm/relation-values";
import { Relationships } from "./relationships";
import { TypeormView } from "./typeorm-view";

const registries = new WeakMap<DataSource, Registry>();

/** What all sessions of one DataSource share: its dialect, the models of its entities, and the relationships of their objects. */
export class Registry {
  readonly dialect: Dialect;
  readonly models: Models;
  readonly relationships: Relationships;

  private constructor(dataSource: DataSource) {
    this.dialect = dialectOf(dataSource);
    this.models = new Models(dataSource);
    this.relationships = new Relationships(this.models);
    routeRelationValues(dataSource, new TypeormView(this.relationships));
  }

  static of(dataSource: DataSource): Registry {
    if (!dataSource.isInitialized) throw notInitialised();
    let registry = registries.get(dataSource);
    if (!registry) registries.set(dataSource, (registry = new Registry(dataSource)));
    return registry;
  }

  /** @throws RetortError `session/other-session` where another open session owns the object */
  claim(instance: Instance, owner: InstanceOwner): void {
    if (instance.owner && instance.owner !== owner) throw heldByAnotherSession(instance.entity);
  }
}
