import { Router } from "express";
import { paths } from "../endpoints.ts";
import { warningsOf } from "../trust/connection-warnings.ts";
import { storeOf } from "./acting.ts";
import type { AdminDeps } from "./routes.ts";

/** Where administrators begin: what is set up, and what comes next. */
export function overviewRoutes({ database }: AdminDeps): Router {
  const router = Router();
  router.get(paths.admin.home, async (req, res) => {
    const store = storeOf(req, database);
    const [connections, domains, tokens, people] = await Promise.all([
      store.connections.list(),
      store.domains.list(),
      store.tokens.list(),
      store.users.count(),
    ]);
    const living = tokens.filter(
      ({ revokedAt, expiresAt }) =>
        revokedAt === null && (expiresAt ?? Number.POSITIVE_INFINITY) > Date.now(),
    );
    const page = { title: "Administration", connections, domains, tokens: living, people };
    res.render("admin/overview", { ...page, warnings: warningsOf(connections) });
  });
  return router;
}
