import { Router } from "express";
import { unconfirmedAccess } from "../directory/machine-access.ts";
import { isActiveToken, tokenWarnings } from "../directory/provisioning-tokens.ts";
import { paths } from "../endpoints.ts";
import type { Connection, ProvisioningToken } from "../model.ts";
import { findConnectionWarnings } from "../trust/connection-warnings.ts";
import { storeOf } from "./acting.ts";
import type { AdminDeps } from "./routes.ts";

/** Something that needs attention, and the page on which something can be done about it. */
interface Warning {
  name: string;
  href: string;
  text: string;
}

/** Where administrators begin: what is set up, what comes next, and what needs attention. */
export function overviewRoutes({ database }: AdminDeps): Router {
  const router = Router();
  router.get(paths.admin.home, async (req, res) => {
    const store = storeOf(req, database);
    const [connections, domains, tokens, people, problems, unconfirmed] = await Promise.all([
      store.connections.list(),
      store.domains.list(),
      store.tokens.list(),
      store.users.count(),
      store.provisioningProblems.list(1),
      unconfirmedAccess(store),
    ]);
    const now = Date.now();
    const living = tokens.filter((token) => isActiveToken(token, now));
    const page = { title: "Administration", connections, domains, tokens: living, people };
    const warnings = [
      ...unconfirmedWarnings(unconfirmed),
      ...connectionWarnings(connections),
      ...provisioningWarnings(tokens, now),
    ];
    res.render("admin/overview", { ...page, warnings, problem: problems[0] ?? null });
  });
  return router;
}

function unconfirmedWarnings(unconfirmed: readonly string[]): Warning[] {
  if (unconfirmed.length === 0) return [];
  const text = `An owner has to confirm what provisioning may do here: ${unconfirmed.join("; ")}.`;
  return [{ name: "Provisioning", href: `${paths.admin.provisioning}#unconfirmed`, text }];
}

function connectionWarnings(connections: readonly Connection[]): Warning[] {
  return findConnectionWarnings(connections).map(({ connection, text }) => ({
    name: connection.key,
    href: paths.admin.connection(connection.id),
    text,
  }));
}

function provisioningWarnings(tokens: readonly ProvisioningToken[], now: number): Warning[] {
  const kept = tokens
    .filter(({ revokedAt }) => revokedAt === null)
    .map(({ sourceName, hint, expiresAt }) => ({ source: sourceName, hint, expiresAt }));
  return tokenWarnings(kept, now).map((text) => ({
    name: "Provisioning",
    href: paths.admin.provisioning,
    text,
  }));
}
