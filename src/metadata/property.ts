import type { EmbeddedMetadata } from "typeorm/metadata/EmbeddedMetadata.js";
import type { EntityMetadata } from "typeorm/metadata/EntityMetadata.js";
import { compiled } from "./compiled";

/** Reads and writes one property of an entity; embedded ones by their whole path. */
export interface Property {
  readonly path: readonly string[];
  read(entity: object): unknown;
  write(entity: object, value: unknown): void;
}

/**
 * A property of the entity itself. Its accessors are compiled on first use: a function a property keeps the property's
 * place in the object cached, where one function for all properties would look it up each time.
 */
class OwnProperty implements Property {
  readonly path: readonly string[];
  readonly #entity: string;

  constructor(entity: string, name: string) {
    this.#entity = entity;
    this.path = [name];
  }

  read(entity: object): unknown {
    this.read = this.#compiled(`(entity) { return entity[${this.#name}]; }`) as Property["read"];
    return this.read(entity);
  }

  write(entity: object, value: unknown): void {
    this.write = this.#compiled(`(entity, value) { entity[${this.#name}] = value; }`) as Property["write"];
    this.write(entity, value);
  }

  get #name(): string {
    return JSON.stringify(this.path[0]);
  }

  /** Each entity's own, though the property of another may have the same name. */
  #compiled(text: string): unknown {
    return compiled([], [], `/* ${this.#entity.replaceAll("*/", "")} */ return function ${text}`);
  }
}

/** What the metadata of a column and of a relation say about the property that holds it. */
interface PropertyMetadata {
  readonly propertyPath: string;
  readonly entityMetadata: EntityMetadata;
  readonly embeddedMetadata?: EmbeddedMetadata | undefined;
}

/** The embedded object that holds a property: read, or created with those that it is in. */
export interface Embedded {
  /** Null where it, or one that it is in, is null; undefined where it was not set. */
  read(entity: object): object | null | undefined;
  /** The embedded object, which is set where there is none. */
  create(entity: object): object;
}

export function embeddedOf(metadata: PropertyMetadata): Embedded {
  const parents = metadata.propertyPath.split(".").slice(0, -1);
  return {
    read(entity) {
      let holder: unknown = entity;
      for (const name of parents) {
        holder = (holder as Record<string, unknown>)[name];
        if (holder === null || holder === undefined) return holder;
      }
      return holder as object;
    },
    create(entity) {
      let holder = entity as Record<string, unknown>;
      const embeddeds = metadata.embeddedMetadata?.embeddedMetadataTree ?? [];
      parents.forEach((name, depth) => {
        holder = (holder[name] ??= embeddeds[depth]?.create({ fromDeserializer: true }) ?? {}) as Record<
          string,
          unknown
        >;
      });
      return holder;
    },
  };
}

export function propertyOf(metadata: PropertyMetadata): Property {
  const path = metadata.propertyPath.split(".");
  const last = path[path.length - 1]!;
  if (path.length === 1) return new OwnProperty(metadata.entityMetadata.name, last);
  const embedded = embeddedOf(metadata);
  return {
    path,
    read(entity) {
      const holder = embedded.read(entity);
      // An embedded that is null has no values; one that is undefined was not set.
      return holder ? (holder as Record<string, unknown>)[last] : holder;
    },
    write(entity, value) {
      (embedded.create(entity) as Record<string, unknown>)[last] = value;
    },
  };
}
