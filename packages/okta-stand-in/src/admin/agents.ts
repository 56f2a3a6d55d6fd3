import { type Request, Router } from "express";
import type { JWK } from "jose";
import { okta } from "okta-labels/labels";
import {
  activateAgent,
  addConnection,
  agentOf,
  agentOfApp,
  agentsOf,
  clientIdOf,
  deactivateAgent,
  deleteAgent,
  deleteConnection,
  linkApp,
  newSecret,
  registerAgent,
  registerClient,
} from "../agents.ts";
import { appOf, type Org, OrgRefusal } from "../org.ts";
import { addOidcApp } from "../private-app.ts";
import type { OrgAdmin } from "../provisioner.ts";
import type { ClientRegistration, OrgApp } from "../state.ts";
import { oidcUrlsIn } from "./apps.ts";
import { act, field, idIn, pageOf } from "./console.ts";

const listPath = "/admin/ai-agents";

/** Directory > AI agents. */
export function agentRoutes(org: OrgAdmin): Router {
  const router = Router();
  router.get(listPath, (req, res) => {
    const list = pageOf(req, agentsOf(org), ({ name }) => name);
    res.render("ai-agents", { title: "AI agents", list, apps: org.store.state.apps });
  });
  router.get(`${listPath}/new`, (_req, res) => {
    res.render("new-ai-agent", { title: okta.agents.register });
  });
  router.post(
    listPath,
    act(
      () => `${listPath}/new`,
      (req) => {
        const { id, name } = registerAgent(org, field(req, "name"));
        // The next step of Okta's wizard.
        const to = `${listPath}/${id}/user-access?edit=user-access`;
        return { text: `${name} is registered.`, to };
      },
    ),
  );
  addTabs(router, org);
  addActions(router, org);
  return router;
}

/** @param tab begins with a slash. */
function ownPath(tab = "/user-access"): (req: Request) => string {
  return (req) => `${listPath}/${idIn(req)}${tab}`;
}

/** The values that every tab of an agent needs. Throws OrgNotFoundError. */
function agentPage(org: Org, req: Request, tab: string) {
  const agent = agentOf(org, idIn(req));
  const { apps } = org.store.state;
  const edit = typeof req.query.edit === "string" ? req.query.edit : "";
  const app = apps[agent.linkedAppId ?? ""] ?? null;
  return { title: agent.name, agent, base: `${listPath}/${agent.id}`, tab, edit, app, apps };
}

function addTabs(router: Router, org: OrgAdmin): void {
  router.get(`${listPath}/:id`, (req, res) => res.redirect(ownPath()(req)));
  router.get(`${listPath}/:id/user-access`, (req, res) => {
    const page = agentPage(org, req, "user-access");
    const people = Object.keys(page.app?.assignments ?? {}).flatMap((id) => org.store.state.people[id] ?? []);
    res.render("ai-agent-user-access", { ...page, people, linkable: linkableApps(org) });
  });
  router.get(`${listPath}/:id/client-registration`, (req, res) => {
    const page = agentPage(org, req, "client-registration");
    res.render("ai-agent-client-registration", { ...page, clientId: clientIdOf(org, page.agent) });
  });
  router.get(`${listPath}/:id/resource-connections`, (req, res) => {
    const page = agentPage(org, req, "resource-connections");
    const resourceApps = Object.values(page.apps).filter((app) => app.resourceServer);
    res.render("ai-agent-resource-connections", { ...page, resourceApps });
  });
}

/** Okta: custom apps of both protocols, and SAML apps of the catalog. An OIDC app of the catalog cannot be linked. */
function linkableApps(org: Org): OrgApp[] {
  return Object.values(org.store.state.apps).filter(
    (app) => (app.signOn.kind === "saml" || !app.variables) && !agentOfApp(org, app.id),
  );
}

function addActions(router: Router, org: OrgAdmin): void {
  router.post(
    `${listPath}/:id/user-access`,
    act(
      (req) => `${ownPath()(req)}?edit=user-access`,
      (req) => {
        const agent = agentOf(org, idIn(req));
        const app = field(req, "app") === "existing" ? existingApp(org, req) : newLinkedApp(org, req);
        linkApp(org, agent, app);
        return { text: `${app.label} is linked to ${agent.name}.`, to: ownPath()(req) };
      },
    ),
  );
  router.post(
    `${listPath}/:id/client-registration`,
    act(
      (req) => `${ownPath("/client-registration")(req)}?edit=client-registration`,
      (req) => {
        registerClient(org, agentOf(org, idIn(req)), registrationIn(req));
        const to = ownPath("/client-registration")(req);
        return { text: `${okta.agents.clientRegistration} is saved.`, to };
      },
    ),
  );
  router.post(
    `${listPath}/:id/resource-connections`,
    act(
      (req) => `${ownPath("/resource-connections")(req)}?edit=connection`,
      (req) => {
        const allowsAny = field(req, "allowed") !== "specific";
        addConnection(org, agentOf(org, idIn(req)), {
          appId: field(req, "appId"),
          resources: wordsIn(field(req, "resources")),
          clientId: field(req, "clientId").trim(),
          scopes: allowsAny ? null : wordsIn(field(req, "scopes")),
        });
        const to = ownPath("/resource-connections")(req);
        return { text: "The resource connection is added.", to };
      },
    ),
  );
  router.post(
    `${listPath}/:id/resource-connections/:connectionId/delete`,
    act(ownPath("/resource-connections"), (req) => {
      deleteConnection(org, agentOf(org, idIn(req)), idIn(req, "connectionId"));
      return "The resource connection is deleted: the agent gets no more ID-JAGs for this application.";
    }),
  );
  router.post(
    `${listPath}/:id/activate`,
    act(ownPath(), (req) => {
      activateAgent(org, agentOf(org, idIn(req)));
      return "AI agent activated successfully";
    }),
  );
  router.post(
    `${listPath}/:id/deactivate`,
    act(ownPath(), (req) => {
      deactivateAgent(org, agentOf(org, idIn(req)));
      return "AI agent deactivated successfully";
    }),
  );
  router.post(
    `${listPath}/:id/delete`,
    act(ownPath(), (req) => {
      const agent = agentOf(org, idIn(req));
      deleteAgent(org, agent);
      return { text: `${agent.name} is deleted.`, to: listPath };
    }),
  );
}

/** Throws OrgRefusal. */
function existingApp(org: Org, req: Request): OrgApp {
  const app = appOf(org, field(req, "appId"));
  if (!linkableApps(org).includes(app)) throw new OrgRefusal(`${app.label} cannot be linked to an AI agent.`);
  return app;
}

/** It stays inactive until the agent is activated. Throws OrgRefusal. */
function newLinkedApp(org: Org, req: Request): OrgApp {
  const app = addOidcApp(org, field(req, "label"), oidcUrlsIn(req));
  app.active = false;
  return app;
}

/** Throws OrgRefusal. */
function registrationIn(req: Request): ClientRegistration {
  switch (field(req, "method")) {
    case "id-only":
      return { method: "id-only" };
    case "keys":
      return { method: "keys", keys: [publicKeyIn(field(req, "publicKey"))] };
    case "jwks-uri":
      return { method: "jwks-uri", jwksUri: field(req, "jwksUri").trim() };
    default:
      return { method: "secret", secret: newSecret() };
  }
}

/** Throws OrgRefusal. */
function publicKeyIn(text: string): JWK {
  try {
    return JSON.parse(text) as JWK;
  } catch (error) {
    throw new OrgRefusal("The public key is not a JWK.", { cause: error });
  }
}

function wordsIn(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}
