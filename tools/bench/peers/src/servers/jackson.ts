/**
 * saml-jackson, embedded in an Express application as its documentation shows, on SQLite. The application's own part of
 * a sign-in is the exchange of the code for the profile; it makes no session.
 */
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { controllers } from "@boxyhq/saml-jackson";
import Database from "better-sqlite3";
import express, { type Request, type Response } from "express";
import { groupName, groupSchema, person } from "../people.ts";
import { databaseFile, originOf, pragmas, progressOf, runServer, type Seeded, type Wish } from "./program.ts";

type Jackson = Awaited<ReturnType<typeof controllers>>;

const product = "bench";
const tenants = { saml: "acme-saml", oidc: "acme-oidc" } as const;
/** A page of 100 users needs at least 100: by default, lists end after 50. */
const pageLimit = 100;
/** The application would hear of each change here. */
const onEvent = async () => {};

let last: Promise<unknown> = Promise.resolve();
/**
 * Lets one request in at a time. On SQLite, saml-jackson has one connection and begins a transaction inside of another one,
 * which SQLite refuses, when two requests write.
 */
function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const turn = last.then(work, work);
  last = turn;
  return turn;
}

async function open(wish: Wish, mode: "seed" | "serve"): Promise<Jackson> {
  setPragmas(mode);
  const origin = originOf(wish);
  return await controllers({
    externalUrl: origin,
    samlPath: "/saml/acs",
    oidcPath: "/oidc/callback",
    samlAudience: `${origin}/saml/entity`,
    scimPath: "/scim/v2.0",
    idpEnabled: true,
    noAnalytics: true,
    db: { engine: "sql", type: "sqlite", url: databaseFile(wish), pageLimit, ttl: 300, cleanupLimit: 1000 },
    logger: { info() {} },
  });
}

/** It has no option for them, so this waits for the last one that it sets itself. */
function setPragmas(mode: "seed" | "serve"): void {
  const { pragma } = Database.prototype;
  Database.prototype.pragma = function (this: Database.Database, ...words) {
    const answer = pragma.apply(this, words);
    if (words[0] === "foreign_keys = ON") for (const text of pragmas(mode)) pragma.call(this, text);
    return answer;
  };
}

async function seed(wish: Wish): Promise<Seeded> {
  const { directorySyncController: sync, connectionAPIController: connections } = await open(wish, "seed");
  const redirects = { defaultRedirectUrl: `${originOf(wish)}/done`, redirectUrl: [`${originOf(wish)}/done`] };
  await connections.createSAMLConnection({
    ...redirects,
    rawMetadata: wish.saml.metadata,
    tenant: tenants.saml,
    product,
  });
  await connections.createOIDCConnection({
    ...redirects,
    oidcDiscoveryUrl: `${wish.oidc.issuer}/.well-known/openid-configuration`,
    oidcClientId: wish.oidc.clientId,
    oidcClientSecret: wish.oidc.clientSecret,
    tenant: tenants.oidc,
    product,
  });
  const { data: directory } = await sync.directories.create({
    tenant: tenants.saml,
    product,
    type: "okta-scim-v2",
  } as never);
  if (!directory) throw new Error("no directory was created");
  const create = async (resourceType: string, body: object): Promise<string> => {
    const wanted = {
      method: "POST",
      body,
      directoryId: directory.id,
      resourceType,
      resourceId: undefined,
      apiSecret: directory.scim.secret,
      query: {},
    };
    const answer = await sync.requests.handle(wanted, onEvent);
    if (answer.status !== 201) throw new Error(`${resourceType}: ${answer.status}`);
    return answer.data.id;
  };
  const userIds: string[] = [];
  const progress = progressOf("saml-jackson, users", wish.users);
  for (let number = 1; number <= wish.users; number++) {
    userIds.push(await create("users", person(number)));
    progress(number);
  }
  const groupId = await create("groups", { schemas: [groupSchema], displayName: groupName });
  const membersProgress = progressOf("saml-jackson, members", wish.members);
  sync.groups.setTenantAndProduct(tenants.saml, product);
  for (const [at, id] of userIds.slice(0, wish.members).entries()) {
    await sync.groups.addUserToGroup(groupId, id);
    membersProgress(at + 1);
  }
  return { userIds, groupId, own: { scim: `/scim/v2.0/${directory.id}`, token: directory.scim.secret } };
}

async function serve(wish: Wish): Promise<void> {
  const opened = await open(wish, "serve");
  const app = express();
  scimRoute(app, opened);
  await signInRoutes(app, opened, wish);
  createServer(app).listen(wish.port, "localhost", () => process.send?.(originOf(wish)));
}

function scimRoute(app: express.Express, { directorySyncController }: Jackson): void {
  const json = express.json({ type: ["application/json", "application/scim+json"], limit: "1mb" });
  const answer = async (req: Request, res: Response) => {
    const { directory = "", kind = "", id } = req.params as Record<string, string | undefined>;
    const { startIndex, count, filter } = req.query as Record<string, string | undefined>;
    const asked = {
      method: req.method,
      body: Object.keys(req.body ?? {}).length > 0 ? req.body : undefined,
      directoryId: directory,
      resourceType: kind,
      resourceId: id,
      apiSecret: req.get("authorization")?.replace("Bearer ", "") ?? null,
      query: {
        ...(startIndex === undefined ? {} : { startIndex: Number(startIndex) }),
        ...(count === undefined ? {} : { count: Number(count) }),
        ...(filter === undefined ? {} : { filter }),
      },
    };
    const { status, data } = await directorySyncController.requests.handle(asked, onEvent);
    res.status(status).json(data);
  };
  // Express 4 does not catch what an asynchronous handler throws.
  app.all("/scim/v2.0/:directory/:kind/:id?", json, (req, res) => {
    inTurn(() => answer(req, res)).catch((error: Error) => res.status(500).json({ detail: error.message }));
  });
  // Membership is in no answer, so the client asks here whether a change was made.
  app.get("/is-member/:group/:user", async (req, res) => {
    directorySyncController.groups.setTenantAndProduct(tenants.saml, product);
    res.json(await directorySyncController.groups.isUserInGroup(req.params.group, req.params.user));
  });
}

async function signInRoutes(app: express.Express, opened: Jackson, wish: Wish): Promise<void> {
  const { oauthController, connectionAPIController } = opened;
  const [saml] = await connectionAPIController.getConnections({ tenant: tenants.saml, product });
  const [oidc] = await connectionAPIController.getConnections({ tenant: tenants.oidc, product });
  const done = `${originOf(wish)}/done`;
  /** The application gets to know the person. */
  const finish = async (res: Response, redirectUrl: string | undefined, connection: typeof saml) => {
    const answer = new URL(redirectUrl ?? done);
    const code = answer.searchParams.get("code");
    if (!code || !connection) {
      res.status(403).json({ error: answer.searchParams.get("error_description") ?? "no code" });
      return;
    }
    const { access_token } = await oauthController.token({
      grant_type: "authorization_code",
      client_id: connection.clientID,
      client_secret: connection.clientSecret,
      redirect_uri: done,
      code,
    });
    const { email } = await oauthController.userInfo(access_token);
    res.json({ email });
  };
  const guarded = (work: (req: Request, res: Response) => Promise<void>) => (req: Request, res: Response) =>
    inTurn(() => work(req, res)).catch((error: Error) => void res.status(403).json({ error: error.message }));

  app.post(
    "/saml/acs",
    express.urlencoded({ extended: false, limit: "1mb" }),
    guarded(async (req, res) => {
      const { redirect_url } = await oauthController.samlResponse(req.body);
      await finish(res, redirect_url, saml);
    }),
  );
  app.get(
    "/oidc/login",
    guarded(async (_req, res) => {
      // The application's own state ties the sign-in to the browser.
      const state = randomBytes(16).toString("hex");
      res.cookie("state", state, { httpOnly: true, sameSite: "lax" });
      const { redirect_url = "" } = await oauthController.authorize({
        client_id: oidc?.clientID ?? "",
        redirect_uri: done,
        response_type: "code",
        state,
        code_challenge: "",
        code_challenge_method: "",
      } as never);
      res.redirect(redirect_url);
    }),
  );
  app.get(
    "/oidc/callback",
    guarded(async (req, res) => {
      const { redirect_url } = await oauthController.oidcAuthzResponse(req.query as never);
      const state = new URL(redirect_url ?? done).searchParams.get("state");
      if (!state || !req.get("cookie")?.includes(`state=${state}`))
        throw new Error("another browser began this");
      await finish(res, redirect_url, oidc);
    }),
  );
}

await runServer({ seed, serve });
