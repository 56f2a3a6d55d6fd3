/**
 * A stand-in for an Okta org: what an application meets of one, on this machine.
 *
 * Owns, at its own origin: the org authorization server (oidc.ts), SAML app sign-on (saml.ts), the dashboard
 * (end-user.ts), the Admin Console (admin/), the few calls of the management API that the set-up needs
 * (management-api.ts), and what it sends out: SCIM (provisioner.ts) and Universal Logout. It behaves at its edges as
 * Okta documents it, and is no product of Okta. It imports nothing of the application that it is tried with.
 */
import { createServer, type Server } from "node:http";
import { fileURLToPath } from "node:url";
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from "express";
import { appRoutes } from "./admin/apps.ts";
import { assignmentRoutes } from "./admin/assignments.ts";
import { groupRoutes } from "./admin/groups.ts";
import { peopleRoutes } from "./admin/people.ts";
import { provisioningRoutes } from "./admin/provisioning.ts";
import { reportRoutes } from "./admin/reports.ts";
import { callLog } from "./calls.ts";
import { endUserRoutes } from "./end-user.ts";
import { newSigningKey } from "./keys.ts";
import { managementApi } from "./management-api.ts";
import { takeNotice } from "./notices.ts";
import { oidcRoutes } from "./oidc.ts";
import { type OrgAdmin, OrgNotFoundError, OrgRefusal } from "./org.ts";
import { provisioner } from "./provisioner.ts";
import { samlRoutes } from "./saml.ts";
import { type ScimClientDeps, ScimFailure, scimClient } from "./scim-client.ts";
import { orgSessions } from "./sessions.ts";
import type { OrgSeed, OrgStore } from "./state.ts";

/** Also in the certificates of its SAML apps. */
export const orgName = "Demo org";

const folder = (name: string) => fileURLToPath(new URL(`../${name}/`, import.meta.url));

export interface OrgOptions {
  store: OrgStore;
  /** Its public origin. */
  url: string;
  /** An administrator's token for the management API; null leaves it closed. */
  apiToken?: string | null;
  /** How it waits where an application has had too many requests; for tests. */
  wait?: NonNullable<ScimClientDeps["wait"]>;
}

export interface RunningOrg extends OrgAdmin {
  server: Server;
  /** Brings every app to the state that the org has. Resolves when it is done; what failed is noted with each. */
  resume(): Promise<void>;
  /**
   * Makes the org as new, with this in it: nobody is signed in, nothing was sent. Its keys stay, so that what an
   * application remembers of them goes on being right.
   */
  reset(seed: OrgSeed): Promise<void>;
  /** Ends pushes, and writes what has not been written. */
  close(): Promise<void>;
}

/** An org that answers at a server which does not listen yet. */
export async function createOrg({ store, url, wait, apiToken }: OrgOptions): Promise<RunningOrg> {
  const calls = callLog();
  const sessions = orgSessions(url.startsWith("https:"));
  const base = { store, url, name: orgName, sessions, calls };
  const client = scimClient({ calls, ...(wait ? { wait } : {}) });
  const org: OrgAdmin = { ...base, provisioner: provisioner(base, client) };
  if (store.state.keys.length === 0) {
    store.state.keys = [await newSigningKey()];
    store.changed();
  }
  const server = createServer(await routes(org, apiToken ?? null));
  return {
    ...org,
    server,
    async resume() {
      await Promise.all(Object.values(store.state.apps).map((app) => org.provisioner.resume(app)));
    },
    async reset(seed) {
      await org.provisioner.stopAll();
      sessions.endAll();
      calls.clear();
      const { idpId, keys } = store.state;
      store.replace({ ...seed, idpId, keys });
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await org.provisioner.stopAll();
      client.close();
      store.flush();
    },
  };
}

async function routes(org: OrgAdmin, apiToken: string | null): Promise<Express> {
  const app = express();
  app.disable("x-powered-by");
  app.set("views", folder("views"));
  app.set("view engine", "ejs");
  app.locals.org = { name: org.name, url: org.url };
  app.locals.displayName = ({ firstName, lastName }: { firstName: string; lastName: string }) =>
    `${firstName} ${lastName}`;
  app.use(ownHost(org.url), headers);
  app.use("/assets", express.static(folder("public"), { index: false, redirect: false }));
  // The provider reads its own requests.
  app.use(await oidcRoutes(org));
  if (apiToken) app.use(managementApi(org, apiToken));
  app.use(express.urlencoded({ extended: false, limit: "2mb" }));
  app.use(samlRoutes(org));
  app.use(ownForms(org.url));
  app.use((req, res, next) => {
    const person = org.store.state.people[org.sessions.of(req)?.personId ?? ""];
    Object.assign(res.locals, {
      path: req.path,
      notice: takeNotice(req.query.notice),
      person: person ?? null,
    });
    next();
  });
  app.use(endUserRoutes(org));
  app.use(peopleRoutes(org), groupRoutes(org), appRoutes(org));
  app.use(provisioningRoutes(org), assignmentRoutes(org), reportRoutes(org));
  app.use(() => {
    throw new OrgNotFoundError("There is no such page.");
  });
  app.use(errorPage);
  return app;
}

/** A page elsewhere must not reach this server under a name of its own (DNS rebinding). */
function ownHost(url: string): RequestHandler {
  const { host } = new URL(url);
  return (req, res, next) => {
    if (req.headers.host === host) return next();
    res.status(421).type("text").send(`This server is ${url}.\n`);
  };
}

/** No form on another site works here. Those that may are mounted before: AuthnRequests and the token endpoint. */
function ownForms(url: string): RequestHandler {
  return (req, res, next) => {
    if (req.method === "GET" || req.method === "HEAD" || req.headers.origin === url) return next();
    res.status(403).type("text").send("This form was sent from another site.\n");
  };
}

const headers: RequestHandler = (_req, res, next) => {
  // Responses of SAML are posted to applications: forms may lead anywhere.
  const policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'";
  res.set({
    "Content-Security-Policy": `${policy}; base-uri 'none'; frame-ancestors 'none'`,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
  });
  next();
};

const errorPage: ErrorRequestHandler = (error: unknown, _req, res, next) => {
  if (res.headersSent) return next(error);
  const status = error instanceof OrgNotFoundError ? 404 : isExpected(error) ? 400 : 500;
  if (status === 500) console.error(error);
  const text =
    status === 500 ? "Something is wrong with the stand-in: see its output." : (error as Error).message;
  res.status(status).render("error", { title: status === 404 ? "Not found" : "That did not work", text });
};

/** Refusals of ours, of the application, and of oidc-provider, which says so itself. */
function isExpected(error: unknown): boolean {
  const { expose } = error as { expose?: unknown };
  return error instanceof OrgRefusal || error instanceof ScimFailure || expose === true;
}
