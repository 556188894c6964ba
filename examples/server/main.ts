// npm run example:server
import { trace } from "@opentelemetry/api";
import { connect } from "typeorm-retort";
import dataSource from "../../ormconfig";
import { createServer } from "./server";
import { traceStatements } from "./telemetry";

/** How long running requests may take after SIGTERM, in milliseconds; an orchestrator ends the process a little later. */
const TIME_TO_STOP = 10_000;
/** Statements that take longer, in milliseconds, are logged. */
const SLOW = 200;

async function main(): Promise<void> {
  const db = await connect(dataSource);
  traceStatements(db, trace.getTracer("microblog"));
  db.observe(({ session, sql, milliseconds }) => console.warn(`${session}: ${milliseconds.toFixed(0)} ms: ${sql}`), {
    slowerThan: SLOW,
  });
  const server = createServer(db);
  console.log(await server.http.listen({ port: Number(process.env["PORT"] ?? 3000) }));

  const stop = (): void => {
    const late = setTimeout(() => {
      console.error("requests still run:", ...db.pools().flatMap(({ holders }) => holders));
      process.exit(1);
    }, TIME_TO_STOP);
    void server.stop().finally(() => clearTimeout(late));
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
}

void main();
