import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { RefusalReason } from "../../src/errors.ts";
import type { Connection } from "../../src/model.ts";
import { sealer } from "../../src/store/secrets.ts";
import type { Answer, Client } from "./client.ts";
import type { TestDatabase } from "./databases.ts";
import {
  type Deviation,
  type HostileProvider,
  hostileKeys,
  type Keys,
  startHostileProvider,
} from "./hostile-provider.ts";
import { createTestTenant, type TestTenant } from "./people.ts";
import { assertRefused } from "./refused.ts";
import { type Site, useSite } from "./site.ts";

/** A provider, and our connection with it. */
interface Journey {
  provider: HostileProvider;
  connection: Connection;
  client: Client;
}

export interface HostileSite extends Site {
  /** A new provider for each case, so that no cache knows it, and a browser that has not left yet. */
  journey(deviation?: Deviation): Promise<Journey>;
  /** Another connection with a provider: of acme, or of `tenant`. */
  connect(provider: HostileProvider, tenant?: TestTenant): Promise<Connection>;
  anotherTenant(): Promise<TestTenant>;
  /** Leaves for the provider, and returns the path at which the browser comes back. */
  leave(journey: Journey, subject?: string): Promise<string>;
  signIn(journey: Journey, subject?: string): Promise<Answer>;
  /** Runs `work` and asserts that it ends in a helpful page, with no one signed in and nothing created. */
  refuses(reason: RefusalReason, work: () => Promise<Answer>): Promise<Answer>;
}

/** Defines the hooks; the returned function gives the site inside a test. */
export function useHostileSite(use: () => TestDatabase): () => HostileSite {
  const dataKey = randomBytes(32);
  const seals = sealer(dataKey);
  const site = useSite(use, { dataKey, insecureAllowPrivateNetwork: true });
  const providers: HostileProvider[] = [];
  let keys: Keys;
  before(async () => {
    keys = await hostileKeys();
  });
  // Not after each case: a new provider could get a freed port, and so an issuer that the application has cached.
  after(async () => {
    for (const provider of providers.splice(0)) await provider.close();
  });

  const connect: HostileSite["connect"] = ({ issuer, clientId, clientSecret }, tenant = site().acme) =>
    tenant.connection({
      settings: { issuer, clientId },
      secret: { text: clientSecret, sealer: seals },
    });
  const leave: HostileSite["leave"] = async ({ client, connection, provider }, subject) => {
    const left = await client.get(`/oidc/${connection.key}/login`);
    assert.equal(left.status, 302, left.text);
    const url = provider.authorize(left.location ?? "", subject);
    return url.pathname + url.search;
  };
  return () => ({
    ...site(),
    connect,
    leave,
    anotherTenant: () => createTestTenant(use().database),
    async journey(deviation = {}) {
      const provider = await startHostileProvider(keys, deviation);
      providers.push(provider);
      return { provider, connection: await connect(provider), client: site().app.client() };
    },
    async signIn(journey, subject) {
      const left = await journey.client.get(`/oidc/${journey.connection.key}/login`);
      if (left.status !== 302) return left;
      const url = journey.provider.authorize(left.location ?? "", subject);
      return await journey.client.get(url.pathname + url.search);
    },
    refuses: (reason, work) => assertRefused(site().app, use(), reason, work),
  });
}
