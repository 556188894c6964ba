import fastify, { type FastifyInstance } from "fastify";
import type { Database } from "typeorm-retort";
import { Post, User } from "../microblog";

/** A server that can stop without breaking off what it does. */
export interface MicroblogServer {
  readonly http: FastifyInstance;
  /** Answers no new request, finishes those that run, and closes the database. */
  stop(): Promise<void>;
}

/** The microblog's server: a session for each request, and what tells an orchestrator whether the server lives and is ready. */
export function createServer(db: Database): MicroblogServer {
  const http = fastify({ forceCloseConnections: "idle" });
  let isStopping = false;

  // A connection that is kept alive would keep the server from closing.
  http.addHook("onSend", (_request, reply, _payload, done) => {
    if (isStopping) reply.header("connection", "close");
    done();
  });
  http.get("/health", () => ({ status: "up" }));
  http.get("/ready", async (_, reply) => {
    const isReady = !isStopping && (await answers(db));
    const pools = db.pools().map(({ name, size, inUse, waiting }) => ({ name, size, inUse, waiting }));
    return reply.code(isReady ? 200 : 503).send({ status: isReady ? "ready" : "not ready", pools });
  });
  void http.register(async (routes) => {
    scopeRequests(routes, db);
    addRoutes(routes, db);
  });

  return {
    http,
    async stop() {
      isStopping = true;
      await http.close();
      await db.close();
    },
  };
}

/** Every handler runs in a scope: `db.session` is the request's own, and closed before the answer is sent. */
function scopeRequests(routes: FastifyInstance, db: Database): void {
  routes.addHook("onRoute", (route) => {
    const { handler, method, url } = route;
    const label = `${String(method)} ${url}`;
    route.handler = function (request, reply) {
      return db.scope(() => handler.call(this, request, reply), { label });
    };
  });
}

interface ById {
  Params: { id: number };
}

const byId = { params: { type: "object", properties: { id: { type: "integer" } } } };

function addRoutes(routes: FastifyInstance, db: Database): void {
  routes.get<ById>("/users/:id", { schema: byId }, async ({ params }, reply) => {
    const user = await db.session.get(User, params.id);
    await db.session.commit();
    return user ? { id: user.id, username: user.username } : reply.callNotFound();
  });

  routes.patch<ById & { Body: { email: string } }>("/users/:id", { schema: byId }, async ({ params, body }, reply) => {
    const user = await db.session.get(User, params.id);
    if (!user) return reply.callNotFound();
    user.email = body.email;
    await db.session.commit();
    return { id: user.id, email: user.email };
  });

  routes.get<ById>("/users/:id/posts", { schema: byId }, async ({ params }) => {
    const posts = await db.query(Post).filterBy({ user_id: params.id }).orderBy("id").all();
    return posts.map(({ id, body }) => ({ id, body }));
  });

  routes.post<ById & { Body: { body: string } }>(
    "/users/:id/posts",
    { schema: byId },
    async ({ params, body }, reply) => {
      const author = await db.session.get(User, params.id);
      if (!author) return reply.callNotFound();
      const post = db.create(Post, { body: body.body, author });
      db.session.add(post);
      await db.session.commit();
      return reply.code(201).send({ id: post.id });
    },
  );
}

/** Whether the database answers, over a connection that is free within a second. */
function answers(db: Database): Promise<boolean> {
  return db
    .scope((session) => session.execute("SELECT 1"), { label: "GET /ready", poolTimeout: 1_000 })
    .then(
      () => true,
      () => false,
    );
}
