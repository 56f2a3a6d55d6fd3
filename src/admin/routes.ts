/**
 * The customer's admin console.
 *
 * Owns /admin and everything below it except the inspector, the set-up links at /setup, and the callback of shared
 * signals. Each section is one file: connections.ts, signals.ts, domains.ts, provisioning.ts, agents.ts, api-keys.ts,
 * people.ts, invitations.ts, groups.ts, activity.ts, webhooks.ts. Every page requires an administrator, and shows the tenant
 * of their session only.
 *
 * May import: the ground floor, trust, directory, store, web, config, and the protocol rooms, to check the
 * settings of their connections, cross-app-access, to preview what it would decide, shared-signals, to manage streams, and
 * webhooks, to test an endpoint.
 */
import { Router } from "express";
import { paths } from "../endpoints.ts";
import { changedPage } from "../web/answers.ts";
import { requireAdmin } from "../web/guards.ts";
import { activityRoutes } from "./activity.ts";
import { agentRoutes } from "./agent.ts";
import { previewRoutes } from "./agent-preview.ts";
import { agentsRoutes } from "./agents.ts";
import { apiKeyRoutes } from "./api-keys.ts";
import { bulkRoutes } from "./bulk.ts";
import { connectionRoutes } from "./connections.ts";
import type { AdminDeps } from "./deps.ts";
import { domainRoutes } from "./domains.ts";
import { groupRoutes } from "./groups.ts";
import { invitationRoutes } from "./invitations.ts";
import { overviewRoutes } from "./overview.ts";
import { peopleRoutes } from "./people.ts";
import { personRoutes } from "./person.ts";
import { provisioningRoutes } from "./provisioning.ts";
import { samlActionRoutes } from "./saml-actions.ts"; // SAML
import { sentSignalRoutes } from "./sent-signals.ts";
import { sessionRoutes } from "./sessions.ts";
import { setUpGuestRoutes, setUpLinkRoutes } from "./set-up-links.ts";
import { signalRoutes } from "./signals.ts";
import { webhookRoutes } from "./webhooks.ts";

export function adminRoutes(deps: AdminDeps): Router {
  const router = Router();
  router.use(setUpGuestRoutes(deps));
  router.use(paths.admin.home, requireAdmin);
  router.use(overviewRoutes(deps));
  router.use(connectionRoutes(deps));
  router.use(setUpLinkRoutes(deps));
  router.use(samlActionRoutes(deps)); // SAML
  router.use(signalRoutes(deps));
  router.use(sentSignalRoutes(deps));
  router.use(domainRoutes(deps));
  router.use(provisioningRoutes(deps));
  router.use(agentsRoutes(deps));
  router.use(previewRoutes(deps));
  router.use(agentRoutes(deps));
  router.use(apiKeyRoutes(deps));
  router.use(peopleRoutes(deps));
  router.use(invitationRoutes(deps));
  router.use(bulkRoutes(deps));
  router.use(personRoutes(deps));
  router.use(groupRoutes(deps));
  router.use(sessionRoutes(deps));
  router.use(activityRoutes(deps));
  router.use(webhookRoutes(deps));
  router.use(changedPage);
  return router;
}
