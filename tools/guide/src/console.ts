import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Site } from "oin-kit/writer/pictures";
import { integration } from "../../../config/integration.ts";
import { createApp } from "../../../src/app.ts";
import { createConnection } from "../../../src/directory/connections.ts";
import { createLocalUser } from "../../../src/directory/local-accounts.ts";
import { passwordHasher } from "../../../src/directory/password-hash.ts";
import { provisionUser } from "../../../src/directory/provisioning.ts";
import { createTenant, defaultSourceName } from "../../../src/directory/tenants.ts";
import { paths } from "../../../src/endpoints.ts";
import { createLog } from "../../../src/log.ts";
import type { ConnectionType } from "../../../src/model.ts";
import { connectionTypes } from "../../../src/sign-in-protocols.ts";
import { type Database, openDatabase } from "../../../src/store/database.ts";
import { migrate } from "../../../src/store/migrate.ts";
import { forTenant } from "../../../src/store/tenant-store.ts";
import { quietConfig } from "./quiet-config.ts";

/** The application with a sample customer in it. */
export interface SampleConsole extends Site {
  /** The ids of the customer's connections. */
  connectionIds: Record<ConnectionType, string>;
  close(): Promise<void>;
}

const tenant = { slug: "acme", name: "Acme Rockets" };
const owner = { givenName: "Ada", familyName: "Lovelace", displayName: "Ada Lovelace" };
const leaver = "Edsger Dijkstra";
const people = ["Alan Turing", "Edsger Dijkstra", "Grace Hopper", "Katherine Johnson"];

/**
 * Starts the application, signed in as the owner of a sample customer. It runs in this process on an in-memory database,
 * configured as in production. A composition root, like src/server.ts.
 */
export async function openSampleConsole(): Promise<SampleConsole> {
  const database = openDatabase(":memory:");
  await migrate(database);
  const password = randomBytes(18).toString("base64url");
  const connectionIds = await addCustomer(database, password);
  const server = createServer(
    createApp({
      database,
      log: createLog("silent"),
      config: quietConfig({ baseUrl: integration.origin, trustProxy: 1 }),
    }),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  let cookie = "";
  const request = (path: string, init: RequestInit = {}) =>
    fetch(`http://127.0.0.1:${port}${path}`, {
      redirect: "manual",
      ...init,
      headers: { cookie, origin: integration.origin, "x-forwarded-proto": "https", ...init.headers },
    });
  const form = new URLSearchParams({ loginName: emailOf(owner.displayName), password });
  const answer = await request(paths.passwordLoginOf(tenant.slug), { method: "POST", body: form });
  cookie = answer.headers
    .getSetCookie()
    .map((line) => line.split(";")[0])
    .join("; ");
  return {
    connectionIds,
    origin: integration.origin,
    request,
    // The name has a hash of the content.
    asset: (name) => Buffer.from(name),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await database.close();
    },
  };
}

async function addCustomer(database: Database, password: string): Promise<Record<ConnectionType, string>> {
  const { id: tenantId } = await createTenant(database, tenant.slug, tenant.name);
  const store = forTenant(database, tenantId);
  const user = await createLocalUser(store, emailOf(owner.displayName), owner);
  await store.credentials.set(user.id, await passwordHasher().hash(password));
  await store.roles.grant(user.id, "owner");
  const source = await store.sources.byName(defaultSourceName);
  if (!source) throw new Error("a new tenant has no provisioning source");
  for (const displayName of people) {
    const [givenName = "", familyName = ""] = displayName.split(" ");
    const loginName = emailOf(displayName);
    const profile = { givenName, familyName, displayName, email: loginName };
    await provisionUser(
      store,
      { source, sourceConflict: "refuse" },
      { ...profile, loginName, sourceKey: null, active: displayName !== leaver },
    );
  }
  const draft = { key: tenant.slug, settings: null, secret: null, justInTime: false, draft: true };
  const ids: [ConnectionType, string][] = [];
  for (const type of connectionTypes)
    ids.push([type, (await createConnection(database, tenantId, { ...draft, type })).id]);
  return Object.fromEntries(ids) as Record<ConnectionType, string>;
}

function emailOf(name: string): string {
  return `${name.split(" ")[0]?.toLowerCase()}@acme.example`;
}
