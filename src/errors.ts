import { firstLine } from "./text";

/**
 * Exit codes of the command line. Scripts rely on them; a new one is a new promise.
 */
export const ExitCode = {
  done: 0,
  failure: 1,
  usage: 2,
  pending: 3,
  different: 4,
  locked: 5,
  halfApplied: 6,
  unsettled: 13,
} as const;
/** One of these numbers. */
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** What an error carries besides its message. */
export interface RetortErrorDetails {
  /** The next thing to type, or to change: one line, without a full stop at its end when it is a command. */
  hint?: string;
  /** What the process exits with when this error ends a command. Default 1. */
  exitCode?: ExitCode;
  /** The error below this one, printed with `--verbose`. */
  cause?: unknown;
  /** Whether the same work may succeed when it is simply tried again (serialization failure, deadlock, lost connection). */
  retryable?: boolean;
}

/** The prototype of Retort's own class, of an error that is of one of TypeORM's classes too. */
const ownPrototypes = new WeakMap<object, object>();

/**
 * Every error that Retort raises by itself. `code` is stable and may be tested for; the wording of `message` may change.
 * Errors are made by named factories in the `errors.ts` of each layer, never with `new` at the place that fails.
 */
export class RetortError extends Error {
  /** Stable, for programs: `query/no-result`. */
  readonly code: string;
  /** The next thing to try or to type. */
  readonly hint: string | undefined;
  /** What a command ends with. */
  readonly exitCode: ExitCode;
  /** Whether the same work may succeed when it is begun anew: a deadlock, a serialization failure, a lost connection. */
  readonly retryable: boolean;

  /** @internal An error that is of one of TypeORM's classes too is still of this one. */
  static override [Symbol.hasInstance](this: { readonly prototype: object }, value: unknown): boolean {
    if (typeof value !== "object" || value === null) return false;
    const own = ownPrototypes.get(value) ?? (Object.getPrototypeOf(value) as object | null);
    return own === this.prototype || (own !== null && Object.prototype.isPrototypeOf.call(this.prototype, own));
  }

  constructor(code: string, message: string, details: RetortErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "RetortError";
    this.code = code;
    this.hint = details.hint;
    this.exitCode = details.exitCode ?? ExitCode.failure;
    this.retryable = details.retryable ?? false;
  }
}

/** A class of errors. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- constructors may have any parameters
export type ErrorClass = abstract new (...parameters: any[]) => Error;

/** For each class of TypeORM and prototype of Retort: the prototype of errors that are of both. */
const sharedPrototypes = new WeakMap<ErrorClass, Map<object, object>>();

/**
 * Makes an error `instanceof` another class too: applications catch some errors by TypeORM's classes. Its properties stay as they are.
 */
export function alsoOf<E extends RetortError>(error: E, type: ErrorClass): E {
  const own = Object.getPrototypeOf(error) as object;
  let known = sharedPrototypes.get(type);
  if (!known) sharedPrototypes.set(type, (known = new Map<object, object>()));
  let shared = known.get(own);
  if (!shared) known.set(own, (shared = Object.create(type.prototype as object, describedBelowError(own)) as object));
  ownPrototypes.set(error, own);
  return Object.setPrototypeOf(error, shared) as E;
}

/** What a prototype has, own or inherited from the classes above it up to Error. */
function describedBelowError(prototype: object): PropertyDescriptorMap {
  if (prototype === Error.prototype) return {};
  const inherited = describedBelowError(Object.getPrototypeOf(prototype) as object);
  return { ...inherited, ...Object.getOwnPropertyDescriptors(prototype) };
}

/**
 * The message of an error, or of anything else that was thrown. Checked by shape, because an error of `node:vm` or of another copy
 * of a driver is not an `instanceof Error` here.
 */
export function messageOf(error: unknown): string {
  const { errors, message, name } = Object(error) as { errors?: unknown; message?: unknown; name?: unknown };
  // A host with several addresses fails with one error for each address.
  if (Array.isArray(errors) && errors.length > 0) return messageOf(errors[0]);
  if (typeof message !== "string") return String(error);
  return message || (typeof name === "string" && name) || "an error without a message";
}

/** The first line of an error's message; of a failed statement, of what the driver said. */
export function shortMessage(error: unknown): string {
  return firstLine(messageOf(driverErrorOf(error)));
}

/** The driver's error that TypeORM's QueryFailedError wraps; else the error itself. */
export function driverErrorOf(error: unknown): unknown {
  return (error as { driverError?: unknown } | null | undefined)?.driverError ?? error;
}
