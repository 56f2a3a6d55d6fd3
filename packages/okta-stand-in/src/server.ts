/**
 * A stand-in for an Okta org on this machine: the parts of an org that an application meets.
 *
 * It serves the org authorization server (oidc.ts), SAML app sign-on (saml.ts), the dashboard (end-user.ts), the Admin
 * Console (admin/) and a few calls of the management API (management-api.ts). It sends SCIM (provisioner.ts) and Universal
 * Logout. Its interfaces follow Okta's documentation, but it is not a product of Okta. It imports nothing of the
 * application.
 */
import { createServer, type Server } from "node:http";
import { fileURLToPath } from "node:url";
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from "express";
import { okta } from "okta-labels/labels";
import { adminRoutes } from "./admin/routes.ts";
import { callLog } from "./calls.ts";
import { endUserRoutes, signInByLinkRoutes } from "./end-user.ts";
import { eventLog } from "./events.ts";
import { newSigningKey } from "./keys.ts";
import { managementApi } from "./management-api.ts";
import { takeNotice } from "./notices.ts";
import { oidcRoutes } from "./oidc.ts";
import { displayNameOf, OrgNotFoundError, OrgRefusal } from "./org.ts";
import { type OrgAdmin, provisioner } from "./provisioner.ts";
import { samlRoutes } from "./saml.ts";
import { type ScimClientDeps, scimClient } from "./scim-client.ts";
import { ScimFailure } from "./scim-failure.ts";
import { orgSessions } from "./sessions.ts";
import { signalReceiver } from "./shared-signals/receiver.ts";
import { streamApi } from "./shared-signals/stream-api.ts";
import { signalTransmitter } from "./shared-signals/transmitter.ts";
import type { OrgSeed, OrgStore } from "./state.ts";

/** Shown on every page, and in the certificates of SAML apps. */
export const orgName = "Demo org";

const folder = (name: string) => fileURLToPath(new URL(`../${name}/`, import.meta.url));

export interface OrgOptions {
  store: OrgStore;
  /** Its public origin. */
  url: string;
  /** An administrator's token for the management API; null leaves it closed. */
  apiToken?: string | null;
  /** A link on every page to the program that the org is a part of. */
  backTo?: BackLink | null;
  /**
   * Whether a link signs a person in: /sign-in-by-link?username=…&fromURI=…. Any page could have such a link, so it is for a
   * demonstration on this machine, and the org must have a loopback address.
   */
  signInByLink?: boolean;
  /** The origin in the redirect URIs of provisioning by OAuth 2.0, by default `url`; Okta's own in a test. */
  callbackOrigin?: string;
  /** Replaces the waits after a 429, and before the next attempt of a signal, for tests. */
  wait?: NonNullable<ScimClientDeps["wait"]>;
}

/** A link to another program. */
interface BackLink {
  label: string;
  href: string;
}

export interface RunningOrg extends OrgAdmin {
  server: Server;
  /** Pushes everything that is pending to every app. Resolves at the end; failures are stored with each item. */
  resume(): Promise<void>;
  /** Replaces the content and ends all sessions. The keys stay, because applications may have cached them. */
  reset(seed: OrgSeed): Promise<void>;
  /** Stops pushes, and writes unsaved changes. */
  close(): Promise<void>;
}

/** Creates the org. Its server does not listen yet. Throws OrgRefusal for a sign-in by link at a public address. */
export async function createOrg(options: OrgOptions): Promise<RunningOrg> {
  const { store, url, wait, callbackOrigin = url } = options;
  if (options.signInByLink && !isLoopback(url))
    throw new OrgRefusal(`A link may sign people in at a loopback address only, not at ${url}.`);
  const calls = callLog();
  const sessions = orgSessions(url.startsWith("https:"));
  const events = eventLog();
  const signals = signalTransmitter({ store, url, calls, ...(wait ? { wait } : {}) });
  const base = { store, url, name: orgName, callbackOrigin, sessions, calls, events, signals };
  const client = scimClient({ calls, changed: () => store.changed(), ...(wait ? { wait } : {}) });
  const org: OrgAdmin = { ...base, provisioner: provisioner(base, client) };
  if (store.state.keys.length === 0) {
    store.state.keys = [await newSigningKey()];
    store.changed();
  }
  const server = createServer(await routes(org, options));
  return {
    ...org,
    server,
    async resume() {
      void signals.resume();
      await Promise.all(Object.values(store.state.apps).map((app) => org.provisioner.resume(app)));
    },
    async reset(seed) {
      await Promise.all([org.provisioner.stopAll(), signals.stop()]);
      sessions.endAll();
      calls.clear();
      events.clear();
      const { idpId, keys } = store.state;
      store.replace({ ...seed, idpId, keys });
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await Promise.all([org.provisioner.stopAll(), signals.stop()]);
      client.close();
      store.flush();
    },
  };
}

async function routes(org: OrgAdmin, { apiToken, backTo, signInByLink }: OrgOptions): Promise<Express> {
  const app = express();
  app.disable("x-powered-by");
  app.set("views", folder("views"));
  app.set("view engine", "ejs");
  // The views do not change while the org runs. Otherwise Express compiles a page's templates for each request.
  app.enable("view cache");
  const own = { name: org.name, url: org.url, backTo: backTo ?? null };
  Object.assign(app.locals, { org: own, okta, displayName: displayNameOf });
  app.use(ownHost(org.url), headers);
  app.use("/assets", express.static(folder("public"), { index: false, redirect: false }));
  // Before any body parser: the provider parses its own requests.
  const { router: oidc, findAccessToken } = await oidcRoutes(org);
  app.use(oidc, streamApi(org, findAccessToken), signalReceiver(org));
  if (apiToken) app.use(managementApi(org, apiToken));
  app.use(express.urlencoded({ extended: false, limit: "2mb" }));
  app.use(samlRoutes(org));
  app.use(ownForms(org.url));
  app.use((req, res, next) => {
    const person = org.store.state.people[org.sessions.of(req)?.personId ?? ""];
    Object.assign(res.locals, {
      path: req.path,
      notice: takeNotice(req.query.notice),
      // For pictures in guides: without the stand-in's own notes, and marked as a drawing.
      drawing: req.query.drawing !== undefined,
      person: person ?? null,
    });
    next();
  });
  app.use(endUserRoutes(org));
  if (signInByLink) app.use(signInByLinkRoutes(org));
  app.use(adminRoutes(org));
  app.use(() => {
    throw new OrgNotFoundError("There is no such page.");
  });
  app.use(errorPage);
  return app;
}

function isLoopback(url: string): boolean {
  return ["localhost", "127.0.0.1", "[::1]"].includes(new URL(url).hostname);
}

/** Refuses other host names: a foreign page could reach this server by DNS rebinding. */
function ownHost(url: string): RequestHandler {
  const { host } = new URL(url);
  return (req, res, next) => {
    if (req.headers.host === host) return next();
    res.status(421).type("text").send(`This server is ${url}.\n`);
  };
}

/** Refuses cross-site forms. AuthnRequests and the token endpoint, which are cross-site, are mounted earlier. */
function ownForms(url: string): RequestHandler {
  return (req, res, next) => {
    if (req.method === "GET" || req.method === "HEAD" || req.headers.origin === url) return next();
    res.status(403).type("text").send("This form was sent from another site.\n");
  };
}

const headers: RequestHandler = (_req, res, next) => {
  // No form-action: SAML responses are posted to applications on any origin.
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

/** Whether the org, the application, oidc-provider (by `expose`) or Express (a malformed path) refused on purpose. */
function isExpected(error: unknown): boolean {
  const { expose } = error as { expose?: unknown };
  const isRefusal = error instanceof OrgRefusal || error instanceof ScimFailure || error instanceof URIError;
  return isRefusal || expose === true;
}
