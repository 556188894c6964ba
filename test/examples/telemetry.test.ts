import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { traceStatements } from "../../examples/server/telemetry";
import { benchOn } from "../helpers/bench";
import { eachDatabase } from "../helpers/databases";
import { User } from "../helpers/entities/blog";

eachDatabase((database) => {
  const bench = benchOn(database);

  test("session 47: the example makes OpenTelemetry's spans of statements", async () => {
    const exporter = new InMemorySpanExporter();
    const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
    const stop = traceStatements(bench.db as never, provider.getTracer("test"));
    const { session } = bench;
    const before = Date.now();
    session.add(bench.db.create(User, { username: "susan" }));
    await session.commit();
    session.add(bench.db.create(User, { username: "susan" }));
    await session.commit().catch(() => undefined);
    await session.rollback();
    stop();
    const spans = exporter.getFinishedSpans();
    const inserts = spans.filter(({ name }) => name === "INSERT");
    expect(spans.map(({ name }) => name)).toEqual(expect.arrayContaining(["COMMIT", "ROLLBACK"]));
    const system = { sqlite: "sqlite", postgres: "postgresql", mariadb: "mariadb" }[database.name];
    expect(inserts).toMatchObject([
      {
        kind: SpanKind.CLIENT,
        status: { code: SpanStatusCode.UNSET },
        attributes: {
          "db.system.name": system,
          "db.namespace": expect.any(String),
          "db.query.text": expect.stringMatching(/^INSERT INTO /),
          "db.operation.name": "INSERT",
          "retort.session": "db.session",
        },
      },
      {
        status: { code: SpanStatusCode.ERROR },
        attributes: { "error.type": "database/unique", "db.response.status_code": expect.any(String) },
      },
    ]);
    expect(inserts[0]!.attributes).not.toHaveProperty("error.type");
    const [seconds, nanoseconds] = inserts[0]!.startTime;
    expect(seconds * 1_000 + nanoseconds / 1e6).toBeGreaterThanOrEqual(before);
    expect(JSON.stringify(inserts.map(({ attributes }) => attributes))).not.toContain("susan");
    await provider.shutdown();
  });
});
