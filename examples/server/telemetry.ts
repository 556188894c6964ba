import { SpanKind, SpanStatusCode, type Tracer } from "@opentelemetry/api";
import type { Database, DatabaseEvent } from "typeorm-retort";

/**
 * Makes a span of every statement, with the attributes of OpenTelemetry's conventions for databases. Its parent is the span that is
 * active in the code that has sent the statement.
 *
 * @returns the function that stops it
 */
export function traceStatements(db: Database, tracer: Tracer): () => void {
  return db.observe((event: DatabaseEvent) => {
    if (event.type !== "statement") return;
    const { database, failure, startedAt } = event;
    const attributes = {
      "db.system.name": database.system,
      "db.namespace": database.namespace,
      "server.address": database.address,
      "server.port": database.port,
      "db.query.text": event.sql,
      "db.operation.name": event.operation,
      "db.operation.batch.size": event.batchSize,
      "db.response.status_code": failure?.statusCode,
      "error.type": failure?.code,
      "retort.session": event.session,
    };
    const span = tracer.startSpan(event.operation, { kind: SpanKind.CLIENT, startTime: startedAt, attributes });
    if (failure) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end(startedAt + event.milliseconds);
  });
}
