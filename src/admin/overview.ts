import { Router } from "express";
import { unconfirmedAccess } from "../directory/machine-access.ts";
import { isActiveToken, tokenWarnings } from "../directory/provisioning-tokens.ts";
import { agentsOf } from "../directory/tenant-agents.ts";
import { paths } from "../endpoints.ts";
import type { Connection, ProvisioningToken } from "../model.ts";
import { findConnectionWarnings } from "../trust/connection-warnings.ts";
import { storeOf } from "./change.ts";
import type { AdminDeps } from "./deps.ts";

/** Something that needs attention, with a link to the page where it can be fixed. */
interface OverviewWarning {
  name: string;
  href: string;
  text: string;
}

/** The console's first page: what is set up, the next steps, and warnings. */
export function overviewRoutes({ database }: AdminDeps): Router {
  const router = Router();
  router.get(paths.admin.home, async (req, res) => {
    const store = storeOf(req, database);
    const [connections, domains, tokens, people, problems, unconfirmed, agents] = await Promise.all([
      store.connections.list(),
      store.domains.list(),
      store.tokens.list(),
      store.users.count(),
      store.provisioningProblems.list(1),
      unconfirmedAccess(store),
      agentsOf(database, store),
    ]);
    const now = Date.now();
    res.render("admin/overview", {
      title: "Admin",
      connections,
      domains,
      tokens: tokens.filter((token) => isActiveToken(token, now)),
      people,
      agents: agents.filter(({ revokedAt }) => revokedAt === null),
      warnings: [
        ...unconfirmedWarnings(unconfirmed),
        ...connectionWarnings(connections),
        ...provisioningWarnings(tokens, now),
      ],
      problem: problems[0] ?? null,
    });
  });
  return router;
}

function unconfirmedWarnings(unconfirmed: readonly string[]): OverviewWarning[] {
  if (unconfirmed.length === 0) return [];
  const text = `An owner has to confirm what provisioning may do here: ${unconfirmed.join("; ")}.`;
  return [{ name: "Provisioning", href: `${paths.admin.provisioning}#unconfirmed`, text }];
}

function connectionWarnings(connections: readonly Connection[]): OverviewWarning[] {
  return findConnectionWarnings(connections).map(({ connection, text }) => ({
    name: connection.key,
    href: paths.admin.connection(connection.id),
    text,
  }));
}

function provisioningWarnings(tokens: readonly ProvisioningToken[], now: number): OverviewWarning[] {
  const notRevoked = tokens
    .filter(({ revokedAt }) => revokedAt === null)
    .map(({ sourceName, hint, expiresAt }) => ({ source: sourceName, hint, expiresAt }));
  return tokenWarnings(notRevoked, now).map((text) => ({
    name: "Provisioning",
    href: paths.admin.provisioning,
    text,
  }));
}
