import { createHmac, randomBytes, randomUUID } from "node:crypto";
import { createApp } from "../../src/app.ts";
import { createLog } from "../../src/log.ts";
import type { Tenant, User } from "../../src/model.ts";
import type { Database } from "../../src/store/database.ts";
import { hashToken, type Sealer, sealer } from "../../src/store/secrets.ts";
import { type StoredSession, sessionStore } from "../../src/store/session-store.ts";
import { quietConfig } from "../../tools/guide/src/quiet-config.ts";
import { startTestApp, type TestApp, type TestOptions } from "./app.ts";
import type { Client } from "./client.ts";
import type { TestDatabase } from "./databases.ts";
import { createLocalAccount, createTestTenant, type TestTenant } from "./people.ts";
import { type Route, routesOf } from "./routes.ts";

/** The application with one customer and its owner, for a suite's tests. */
export interface Site {
  app: TestApp;
  acme: TestTenant;
  /** Signs in with `testPassword`. */
  owner: User;
  /** Seals what the application can open. */
  sealer: Sealer;
  /** A client with a session of a user of acme, without the cost of hashing a password. */
  clientOf(user: User, connectionId?: string | null): Promise<Client>;
  /** By a person's id: makes the clients of a person whose session has another state than a recent sign-in. */
  clients: Map<string, () => Promise<Client>>;
}

/** The secret that signs the cookies. */
export const sessionSecret = "the tests' own: 0123456789 abcdefghijklmnopqrstuvwxyz";

/** Defines the hooks. The returned function returns the site in a test. */
export function useSite(use: () => TestDatabase, options: TestOptions = {}): () => Site {
  let site: Site;
  before(async () => {
    const { database } = use();
    const dataKey = options.dataKey ?? randomBytes(32);
    const app = await startTestApp(database, { sessionSecret, ...options, dataKey });
    const acme = await createTestTenant(database);
    const owner = await createLocalAccount(acme.store, "owner@acme.example", "owner");
    site = {
      app,
      acme,
      owner,
      sealer: sealer(dataKey),
      clients: new Map(),
      clientOf: (user, connectionId = null) => site.clients.get(user.id)?.() ?? signedIn(user, connectionId),
    };
  });
  after(async () => {
    await site.app.close();
  });
  async function signedIn(user: User, connectionId: string | null): Promise<Client> {
    const client = site.app.client();
    const cookie = await plantSession(use(), site.acme.tenant, user, { connectionId });
    client.cookies.set(options.baseUrl?.startsWith("https:") ? "__Host-session" : "session", cookie);
    return client;
  }
  return () => site;
}

export interface PlantedSession {
  connectionId?: string | null;
  createdAt?: number;
  seenAt?: number;
  expiresAt?: number;
  /** The end that the identity provider set. */
  endsAt?: number;
  data?: StoredSession["data"];
}

/** Stores a session like a sign-in, and returns its cookie's value. */
export async function plantSession(
  { database }: Pick<TestDatabase, "database">,
  tenant: Pick<Tenant, "id">,
  user: User,
  wanted: PlantedSession = {},
): Promise<string> {
  const now = Date.now();
  const { connectionId = null, createdAt = now, seenAt = now, expiresAt = now + 3_600_000 } = wanted;
  const sid = randomUUID();
  await sessionStore(database).create({
    sidHash: hashToken(sid),
    signIn: { tenantId: tenant.id, userId: user.id, accessEpoch: user.accessEpoch, connectionId },
    createdAt,
    seenAt,
    expiresAt,
    ...(wanted.endsAt === undefined ? {} : { endsAt: wanted.endsAt }),
    data: wanted.data ?? {},
  });
  return signedCookie(sid);
}

/** Signs a cookie's value like express-session, with the tests' secret. */
export function signedCookie(sid: string, secret = sessionSecret): string {
  const signature = createHmac("sha256", secret).update(sid).digest("base64").replace(/=+$/, "");
  return encodeURIComponent(`s:${sid}.${signature}`);
}

/** Returns the session id in a cookie's value. */
export function sidOf(cookie: string | undefined): string {
  return /^s:(.+)\.[^.]+$/.exec(decodeURIComponent(cookie ?? ""))?.[1] ?? "";
}

/** The routes of the application, as app.ts mounts them. */
export function appRoutes(database: Database): Route[] {
  const config = quietConfig({ sessionSecret });
  return routesOf(createApp({ config, database, log: createLog("silent") }));
}
