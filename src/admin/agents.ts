import { type Request, Router } from "express";
import { apiScopes } from "../../config/integration.ts";
import { changeSettings, recordEdit } from "../directory/connections.ts";
import { agentsOf } from "../directory/tenant-agents.ts";
import { crossAppAccessUrls, paths } from "../endpoints.ts";
import { ConflictError, NotFoundError } from "../errors.ts";
import type { Connection } from "../model.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { connectionFacts } from "../trust/connection-facts.ts";
import { orgNames } from "../trust/issuer-names.ts";
import { signedIn, storeOf } from "../web/guards.ts";
import { formField } from "../web/request.ts";
import { makeChange } from "./change.ts";
import type { AdminDeps } from "./deps.ts";
import { adminContext, editorOf, lockAsShown, type SetUpContext } from "./set-up-context.ts";
import { shownValue } from "./shown.ts";

/** The agents of the tenant, the values that Okta needs to let them in, and the connections that do. */
export function agentsRoutes({ database, baseUrl }: AdminDeps): Router {
  const router = Router();

  router.get(paths.admin.agents, async (req, res) => {
    const store = storeOf(req, database);
    const [agents, connections] = [await agentsOf(database, store), await store.connections.list()];
    res.render("admin/agents", {
      title: "Agents",
      agents,
      connections: connections.filter(({ status }) => status === "active").map(describeConnection),
      urls: crossAppAccessUrls(baseUrl),
      apiScopes,
      isOwner: signedIn(req).role === "owner",
    });
  });

  router.post(`${paths.admin.connection(":connection")}/agents`, async (req, res) => {
    const context = await adminContext(database, req);
    const letIn = formField(req, "letIn") === "on";
    await makeChange(
      { req, res, database },
      {
        entry: context.entry(letIn ? "agents.let_in" : "agents.kept_out", ["crossAppAccess"]),
        apply: (store) => letAgentsIn(req, context, store, letIn),
        done: letIn
          ? `Agents are let in through ${context.connection.key}.`
          : `Agents are no longer let in through ${context.connection.key}. Their next call is refused.`,
        page: paths.admin.agents,
        at: `agents-${context.connection.id}`,
      },
    );
  });

  return router;
}

/** Only an owner lets agents in: they act later, when no person is there to ask. Every administrator can keep them out. */
async function letAgentsIn(
  req: Request,
  context: SetUpContext,
  store: TenantStore,
  letIn: boolean,
): Promise<void> {
  if (letIn && context.person?.role !== "owner") throw new NotFoundError("Only an owner lets agents in.");
  const { id, settings } = await lockAsShown(req, { ...context, base: paths.admin.agents }, store);
  if (!settings) throw new ConflictError("stale", "The connection's settings are not complete yet.");
  await changeSettings(store, id, { ...settings, crossAppAccess: letIn });
  await recordEdit(store, id, editorOf(context, req));
}

/** A connection on the page. */
function describeConnection(connection: Connection) {
  const { id, key, type, settings } = connection;
  return {
    id,
    key,
    type,
    letsAgentsIn: settings?.crossAppAccess !== false,
    // An ID-JAG names the org as its issuer.
    lacksOrgUrl: settings !== null && orgNames(settings).length === 0,
    shown: shownValue(connectionFacts(connection)),
  };
}
