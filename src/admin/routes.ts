/**
 * The customer's admin console.
 *
 * Owns: /admin and everything below it but the inspector's pages. Each section is one file: connections.ts,
 * domains.ts, provisioning.ts, people.ts, groups.ts, activity.ts. Everybody here is an administrator of the tenant of
 * their session, and sees that tenant alone. What a protocol room knows arrives as a parameter.
 *
 * May import: the ground floor, trust, directory, store, web and config.
 */
import { Router } from "express";
import { paths } from "../endpoints.ts";
import type { Database } from "../store/database.ts";
import type { Sealer } from "../store/secrets.ts";
import type { FetchLimits } from "../trust/guarded-fetch.ts";
import type { TxtLookup } from "../trust/txt-records.ts";
import { requireAdmin } from "../web/guards.ts";
import { activityRoutes } from "./activity.ts";
import { connectionRoutes } from "./connections.ts";
import { deletedPeopleRoutes } from "./deleted-people.ts";
import { domainRoutes } from "./domains.ts";
import { groupRoutes } from "./groups.ts";
import type { OidcKnowledge } from "./oidc-form.ts";
import { overviewRoutes } from "./overview.ts";
import { peopleRoutes } from "./people.ts";
import { personRoutes } from "./person.ts";
import { provisioningRoutes } from "./provisioning.ts";
import { samlActionRoutes } from "./saml-actions.ts";
import type { SamlKnowledge } from "./saml-form.ts";
import { setUpGuestRoutes, setUpLinkRoutes } from "./set-up-links.ts";
import { changedPage } from "./shown.ts";

export interface AdminDeps {
  database: Database;
  /** The public origin, without a trailing slash: what customers copy begins with it. */
  baseUrl: string;
  sealer: Sealer;
  limits: FetchLimits;
  oidc: OidcKnowledge;
  saml: SamlKnowledge;
  lookUpTxt: TxtLookup;
}

export function adminRoutes(deps: AdminDeps): Router {
  const router = Router();
  router.use(setUpGuestRoutes(deps));
  router.use(paths.admin.home, requireAdmin);
  router.use(overviewRoutes(deps));
  router.use(connectionRoutes(deps));
  router.use(setUpLinkRoutes(deps));
  router.use(samlActionRoutes(deps));
  router.use(domainRoutes(deps));
  router.use(provisioningRoutes(deps));
  router.use(peopleRoutes(deps));
  router.use(deletedPeopleRoutes(deps));
  router.use(personRoutes(deps));
  router.use(groupRoutes(deps));
  router.use(activityRoutes(deps));
  router.use(changedPage);
  return router;
}
