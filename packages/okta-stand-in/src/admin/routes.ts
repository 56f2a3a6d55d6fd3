import { Router } from "express";
import type { OrgAdmin } from "../provisioner.ts";
import { agentRoutes } from "./agents.ts";
import { apiScopeRoutes } from "./api-scopes.ts";
import { appRoutes } from "./apps.ts";
import { assignmentRoutes } from "./assignments.ts";
import { catalogRoutes } from "./catalog.ts";
import { appPath, shortenAppPath } from "./console.ts";
import { deviceIntegrationRoutes } from "./device-integrations.ts";
import { governanceRoutes } from "./governance.ts";
import { groupRoutes } from "./groups.ts";
import { importRoutes } from "./import.ts";
import { newAppRoutes } from "./new-app.ts";
import { peopleRoutes } from "./people.ts";
import { profileEditorRoutes } from "./profile-editor.ts";
import { provisioningRoutes } from "./provisioning.ts";
import { pushGroupRoutes } from "./push-groups.ts";
import { reportRoutes } from "./reports.ts";
import { resourceServerRoutes } from "./resource-server.ts";
import { signalRoutes } from "./shared-signals.ts";
import { signOnRoutes } from "./sign-on.ts";
import { taskRoutes } from "./tasks.ts";

/** The Admin Console. */
export function adminRoutes(org: OrgAdmin): Router {
  const router = Router();
  router.use(shortenAppPath, (_req, res, next) => {
    Object.assign(res.locals, { appPath });
    next();
  });
  router.use(
    taskRoutes(org),
    peopleRoutes(org),
    groupRoutes(org),
    agentRoutes(org),
    profileEditorRoutes(org),
  );
  router.use(appRoutes(org), signOnRoutes(org), provisioningRoutes(org), importRoutes(org));
  router.use(assignmentRoutes(org), pushGroupRoutes(org), governanceRoutes(org), resourceServerRoutes(org));
  router.use(catalogRoutes(org), newAppRoutes(org), reportRoutes(org));
  router.use(apiScopeRoutes(org), signalRoutes(org), deviceIntegrationRoutes(org));
  return router;
}
