import { type Request, type RequestHandler, Router } from "express";
import { Counter, collectDefaultMetrics, Histogram, type Metric, Registry } from "prom-client";
import { paths } from "../endpoints.ts";
import { NotFoundError } from "../errors.ts";
import type { Database } from "../store/database.ts";
import { migrationState } from "../store/migrate.ts";
import { equalsSecret, hashToken } from "../store/secrets.ts";

export interface Operations {
  /** Measures the duration of every request that passes it. */
  measure: RequestHandler;
  /** Counts a received event of shared signals. Both labels come from short lists. */
  countSignal(event: string, result: string): void;
  /** /healthz, /readyz and /metrics. */
  routes: Router;
}

const readyTimeoutMs = 3_000;

/**
 * Health and metrics for the platform. /healthz: the process answers; restart it if not. /readyz: the database answers and
 * has all migrations; send no traffic until then. /metrics: Prometheus text, for this machine or the holder of the token.
 * @param metrics figures of other parts of the program, which belong to no registry.
 */
export function operations(
  database: Database,
  metricsToken: string | null,
  metrics: readonly Metric[] = [],
): Operations {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const metric of metrics) registry.registerMetric(metric);
  const duration = new Histogram({
    name: "http_request_duration_seconds",
    help: "How long requests took, by method, route and status.",
    labelNames: ["method", "route", "status"],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  });
  const signals = new Counter({
    name: "shared_signals_received_total",
    help: "Received security events, by type and result.",
    labelNames: ["event", "result"],
    registers: [registry],
  });

  const routes = Router();
  routes.get(paths.healthz, (_req, res) => {
    res.json({ status: "ok" });
  });
  routes.get(paths.readyz, async (req, res) => {
    const problem = await readinessProblem(database);
    if (problem) req.log.warn({ err: problem.error, problem: problem.text }, "readiness.failed");
    res
      .status(problem ? 503 : 200)
      .json(problem ? { status: "not ready", problem: problem.text } : { status: "ready" });
  });
  routes.get(paths.metrics, async (req, res) => {
    if (!mayReadMetrics(req, metricsToken)) throw new NotFoundError("There is no such page.");
    res.type(registry.contentType).send(await registry.metrics());
  });

  return {
    routes,
    countSignal: (event, result) => signals.inc({ event, result }),
    measure: (req, res, next) => {
      const stop = duration.startTimer({ method: req.method });
      res.on("finish", () => stop({ route: routeOf(req), status: res.statusCode }));
      next();
    },
  };
}

async function readinessProblem(database: Database): Promise<{ text: string; error?: unknown } | null> {
  const timeout = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error("the database did not answer in time")), readyTimeoutMs).unref();
  });
  try {
    const { pending } = await Promise.race([migrationState(database), timeout]);
    return pending.length === 0 ? null : { text: `${pending.length} migrations have not been applied` };
  } catch (error) {
    return { text: "the database does not answer", error };
  }
}

/** The route's pattern. With real paths, the number of series would grow with tenants and with guessed URLs. */
export function routeOf(req: Request): string {
  const path: unknown = req.route?.path;
  if (typeof path !== "string") return "other";
  // An error handler below the route's path has this path as its baseUrl.
  return path.startsWith(req.baseUrl) ? path : req.baseUrl + path;
}

function mayReadMetrics(req: Request, token: string | null): boolean {
  if (token === null) return ["127.0.0.1", "::1", "::ffff:127.0.0.1"].includes(req.ip ?? "");
  const given = req.get("authorization") ?? "";
  return equalsSecret(hashToken(given), hashToken(`Bearer ${token}`));
}
