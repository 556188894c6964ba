import { Session } from "node:inspector";
import { promiseHooks } from "node:v8";
import { Script } from "node:vm";

/*
 * Evaluates code through the inspector's REPL mode, in this process and this realm: top-level `await`, `const` and `class` that
 * can be redeclared, a failed `let` that can be repeated. node:vm has none of these, and TypeORM does not accept the dates of
 * another realm.
 */

/** How an evaluation ended. The code stores its value itself. */
export type Completion =
  { readonly kind: "done" } | { readonly kind: "thrown"; readonly error: unknown } | { readonly kind: "interrupted" };

/** Where objects of the inspector are stored to get at them. */
export interface ValueHolder {
  thrown: unknown;
}

interface RemoteObject {
  readonly type: string;
  readonly subtype?: string;
  readonly objectId?: string;
  readonly value?: unknown;
  readonly unserializableValue?: string;
  readonly description?: string;
}

interface EvaluateResult {
  readonly exceptionDetails?: { readonly text: string; readonly exception?: RemoteObject };
}

/** One inspector session, connected for as long as the shell is open. */
export class Engine {
  private readonly session = new Session();
  /** The promises of code that has not ended. */
  private readonly running = new Set<Promise<unknown>>();

  /**
   * @param holder stores thrown objects
   * @param holderName its name on the global object
   */
  constructor(
    private readonly holder: ValueHolder,
    private readonly holderName: string,
  ) {
    this.session.connect();
  }

  /**
   * Evaluates code.
   * @param breakable whether a SIGINT ends code that never returns to the event loop
   */
  evaluate(code: string, breakable: boolean): Promise<Completion> {
    return new Promise((resolve) => {
      // The promise of the code is kept until the code has ended. The inspector refers to it weakly, and calls back in the middle of a
      // garbage collection when it is collected before, which ends the process (Node 22).
      let promise: Promise<unknown> | undefined;
      const post = tellingFirstPromise(
        (first) => this.running.add((promise = first)),
        () => {
          this.session.post(
            "Runtime.evaluate",
            { expression: code, replMode: true, awaitPromise: true, ...this.here() },
            (failure: Error | null, result) => {
              if (promise) this.running.delete(promise);
              // Later: where SIGINT terminated the code (Node 22 and later report that here too), the catch below comes first.
              if (failure) return setImmediate(() => resolve({ kind: "thrown", error: failure }));
              const { exceptionDetails } = result as EvaluateResult;
              resolve(exceptionDetails ? { kind: "thrown", error: this.thrown(exceptionDetails) } : { kind: "done" });
            },
          );
        },
      );
      if (!breakable) return post();
      try {
        runBreakable(post);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ERR_SCRIPT_EXECUTION_INTERRUPTED") throw error;
        // On Node 20 the callback above is never called then.
        resolve({ kind: "interrupted" });
      }
    });
  }

  /** The value of a name, if it can be read without running anything. */
  peek(name: string): { readonly value: unknown } | undefined {
    const own = Object.getOwnPropertyDescriptor(globalThis, name);
    if (own && !("value" in own)) return undefined;
    if (!this.lexicalNames().includes(name)) return own && { value: own.value };
    let found: { value: unknown } | undefined;
    this.session.post(
      "Runtime.evaluate",
      { expression: name, throwOnSideEffect: true, silent: true, ...this.here() },
      (failure: Error | null, answer) => {
        const { result, exceptionDetails } = (answer ?? {}) as EvaluateResult & { result?: RemoteObject };
        if (!failure && result && !exceptionDetails) found = { value: this.objectOf(result) };
      },
    );
    return found;
  }

  /** Names that `const`, `let` and `class` have declared at the prompt. */
  lexicalNames(): string[] {
    let names: string[] = [];
    this.session.post("Runtime.globalLexicalScopeNames", { ...this.executionContext() }, (_failure, answer) => {
      names = (answer as { names?: string[] } | undefined)?.names ?? [];
    });
    return names;
  }

  close(): void {
    this.session.disconnect();
  }

  private executionContext(): { executionContextId?: number } {
    const { contextId } = this.here();
    return contextId === undefined ? {} : { executionContextId: contextId };
  }

  /** The thrown object itself. */
  private thrown(details: NonNullable<EvaluateResult["exceptionDetails"]>): unknown {
    const { exception } = details;
    if (!exception) return new Error(details.text);
    return this.objectOf(exception);
  }

  /** The object that a RemoteObject describes. */
  private objectOf(remote: RemoteObject): unknown {
    if (remote.objectId === undefined) return primitive(remote);
    this.holder.thrown = undefined;
    this.session.post("Runtime.callFunctionOn", {
      objectId: remote.objectId,
      functionDeclaration: `function () { "use strict"; globalThis.${this.holderName}.thrown = this }`,
    });
    const { thrown } = this.holder;
    this.holder.thrown = undefined;
    return thrown;
  }

  /** The execution context of this module's realm: a test runner or a host program may have more. */
  private here(): { contextId?: number } {
    return (realm ??= this.findContext());
  }

  private findContext(): { contextId?: number } {
    if (this.hasHolder({})) return {};
    const contexts: { contextId: number }[] = [];
    this.session.on("Runtime.executionContextCreated", ({ params }) => contexts.push({ contextId: params.context.id }));
    this.session.post("Runtime.enable");
    this.session.post("Runtime.disable");
    // The newest first: V8 of Node 26 lists contexts that are being collected, and crashes when it is to evaluate in one.
    contexts.sort((a, b) => b.contextId - a.contextId);
    const found = contexts.find((context) => this.hasHolder(context));
    if (!found) throw new Error("the inspector does not find the execution context of the shell");
    return found;
  }

  private hasHolder(context: { contextId?: number }): boolean {
    const mark = `${process.pid}.${Math.random()}`;
    this.holder.thrown = mark;
    let found = false;
    const expression = `globalThis.${this.holderName}?.thrown === ${JSON.stringify(mark)}`;
    this.session.post("Runtime.evaluate", { expression, ...context }, (_failure, result) => {
      found = (result as { result?: RemoteObject } | undefined)?.result?.value === true;
    });
    this.holder.thrown = undefined;
    return found;
  }
}

/** A function that tells about the first promise that is created while it runs: the one of the code that it evaluates. */
function tellingFirstPromise(tell: (promise: Promise<unknown>) => void, work: () => void): () => void {
  return () => {
    const stop = promiseHooks.onInit((promise: Promise<unknown>) => {
      tell(promise);
      stop();
    }) as () => void;
    try {
      work();
    } finally {
      stop();
    }
  };
}

/** The execution context of this module; all sessions of the inspector number contexts alike. */
let realm: { contextId?: number } | undefined;

const WORK = "__retortWork";

let breakable: { readonly script: Script; readonly scope: object } | undefined;

/** Runs a function below a script that SIGINT can end. */
function runBreakable(work: () => void): void {
  // The script's global object need not be this module's: a test runner has realms of its own.
  breakable ??= {
    script: new Script(`globalThis.${WORK}()`),
    scope: new Script("globalThis").runInThisContext() as object,
  };
  const { script, scope } = breakable;
  Object.defineProperty(scope, WORK, { value: work, configurable: true, enumerable: false });
  try {
    script.runInThisContext({ breakOnSigint: true });
  } finally {
    Reflect.deleteProperty(scope, WORK);
  }
}

function primitive(thrown: RemoteObject): unknown {
  const { unserializableValue: text } = thrown;
  if (text === undefined) return thrown.type === "undefined" ? undefined : thrown.value;
  return text.endsWith("n") ? BigInt(text.slice(0, -1)) : Number(text);
}
