import { Router } from "express";
import { unconfirmedAccess } from "../directory/machine-access.ts";
import { isActiveGrant } from "../directory/provisioning-grants.ts";
import { isActiveToken } from "../directory/provisioning-tokens.ts";
import { agentsOf } from "../directory/tenant-agents.ts";
import { paths } from "../endpoints.ts";
import { storeOf } from "../web/guards.ts";
import { readable } from "./activity-entries.ts";
import { attentionItems } from "./attention.ts";
import type { AdminDeps } from "./deps.ts";
import { overviewFigures } from "./figures.ts";

/** Entries of the recent activity. */
const recentEntries = 8;

/** The console's first page: whether everything is healthy, what happened lately, and what is left to set up. */
export function overviewRoutes({ database, activityTargets }: AdminDeps): Router {
  const router = Router();
  router.get(paths.admin.home, async (req, res) => {
    const store = storeOf(req, database);
    const [connections, domains, tokens, grants, people, problems, unconfirmed, agents, streams, latest] =
      await Promise.all([
        store.connections.list(),
        store.domains.list(),
        store.tokens.list(),
        store.provisioningGrants.list(),
        store.users.count(),
        store.provisioningProblems.list(3),
        unconfirmedAccess(store),
        agentsOf(database, store),
        store.signalStreams.list(),
        store.activity.latest(recentEntries),
      ]);
    const now = Date.now();
    const { figures, refusals } = await overviewFigures(store, people);
    res.render("admin/overview", {
      title: "Overview",
      stylesheets: ["figures.css", "lists.css"],
      connections,
      domains,
      tokens: tokens.filter((token) => isActiveToken(token, now)),
      isOktaAllowed: grants.some((grant) => isActiveGrant(grant, now)),
      agents: agents.filter(({ revokedAt }) => revokedAt === null),
      figures,
      attention: attentionItems(
        { connections, tokens, grants, problems, unconfirmed, streams, refusals },
        now,
      ),
      entries: await readable(store, latest, activityTargets),
    });
  });
  return router;
}
