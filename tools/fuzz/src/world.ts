import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createApp } from "../../../src/app.ts";
import { openCallCounter } from "../../../src/directory/call-counter.ts";
import { createProvisioningClient } from "../../../src/directory/provisioning-clients.ts";
import { createToken } from "../../../src/directory/provisioning-tokens.ts";
import { openInspector } from "../../../src/inspector/recorder.ts";
import { createLog } from "../../../src/log.ts";
import type { Connection, User } from "../../../src/model.ts";
import { type Database, openDatabase } from "../../../src/store/database.ts";
import { hashToken } from "../../../src/store/secrets.ts";
import { agentToken } from "../../../test/helpers/agents.ts";
import { apiKeyOf } from "../../../test/helpers/api-keys.ts";
import { pooledKeys } from "../../../test/helpers/certificates.ts";
import { createTestDatabase } from "../../../test/helpers/databases.ts";
import { registerAgent, type TestAgent, testedConnection } from "../../../test/helpers/id-jag.ts";
import { inAnHour } from "../../../test/helpers/messages.ts";
import { type OpenIdProvider, startOpenIdProvider } from "../../../test/helpers/openid-provider.ts";
import { connectOrg, orgOptions } from "../../../test/helpers/org.ts";
import {
  createLocalAccount,
  createTestTenant,
  type TestTenant,
  testPassword,
  testPasswordCost,
} from "../../../test/helpers/people.ts";
import { type RevokingOrg, startRevokingOrg } from "../../../test/helpers/revocation.ts";
import { sessionSecret } from "../../../test/helpers/site.ts";
import { connectStream } from "../../../test/shared-signals/world.ts";
import { quietConfig } from "../../guide/src/quiet-config.ts";
import { type Canaries, openCanaries } from "./canaries.ts";

/** The application over loopback HTTP, and everyone who talks to it. */
export interface FuzzedApp {
  url: string;
  port: number;
  database: Database;
  canaries: Canaries;
  /** The last errors in the log, which say what a 5xx was. */
  errors: string[];
  acme: TestTenant;
  owner: User;
  provider: OpenIdProvider;
  oidc: Connection;
  /** Signs ID-JAGs, events and revocations. */
  org: RevokingOrg;
  orgConnection: Connection;
  agent: TestAgent;
  provisioningClient: { clientId: string; secret: string };
  bearer: { scim: string; apiKey: string; agent: string; signals: string };
  /** Gives callers new credentials, and forgets what was counted: requests that rate limits refuse test nothing else. */
  renew(): Promise<void>;
  close(): Promise<void>;
}

/** On SQLite, with the inspector on, so that each exchange is described and stored, too. */
export async function startWorld(): Promise<FuzzedApp> {
  const { url: databaseUrl, dispose } = await createTestDatabase("SQLite");
  const database = openDatabase(databaseUrl, "off");
  const canaries = openCanaries();
  const { url, port, errors, close } = await startServer(database, canaries);
  const acme = await createTestTenant(database, "acme");
  const owner = await createLocalAccount(acme.store, "owner@acme.example", "owner");
  const [provider, org] = [await startOpenIdProvider(), await startRevokingOrg()];
  provider.define({ sub: "00u-ada", email: "ada@acme.example" });
  const orgConnection = await testedConnection(acme, { settings: { issuer: org.issuer, clientId: "app" } });
  const ada = await createLocalAccount(acme.store, "ada@acme.example");
  await acme.store.identities.add(orgConnection.id, "00u1", ada.id);
  const signals = "Bearer a-header-of-our-choice";
  await connectStream(acme.store, orgConnection, org.issuer, { headerHash: hashToken(signals) });
  await acme.store.inspector.recordUntil(inAnHour());
  const bearer = { scim: `Bearer ${(await createToken(acme.store)).token}`, apiKey: "", agent: "", signals };
  const renew = async () => {
    await database.sql()("rate_limits").delete();
    // A person may have 50 keys.
    await database.sql()("api_keys").delete();
    const [holder, person] = [await acme.store.users.byId(owner.id), await acme.store.users.byId(ada.id)];
    if (holder) bearer.apiKey = `Bearer ${(await apiKeyOf(acme.store, holder)).key}`;
    if (person) bearer.agent = `Bearer ${await agentToken(database, acme, url, { user: person })}`;
    for (const [name, header] of Object.entries(bearer))
      canaries.plant(`the token of ${name}`, header.slice("Bearer ".length));
  };
  await renew();
  const [agent, provisioningClient] = [
    await registerAgent({ database }),
    await createProvisioningClient(database),
  ];
  canaries.plant("the session secret", sessionSecret);
  canaries.plant("the data key", orgOptions.dataKey.toString("base64"));
  canaries.plant("a password", testPassword);
  canaries.plant("an agent's secret", agent.secret);
  canaries.plant("the provisioning client's secret", provisioningClient.secret);
  return {
    ...{ bearer, renew, url, port, errors, canaries, database, acme, owner, provider, org, orgConnection },
    ...{ agent, provisioningClient },
    oidc: await connectOrg(provider, { baseUrl: url, tenant: acme }),
    async close() {
      await close();
      await provider.close();
      await org.close();
      await database.close();
      await dispose();
    },
  };
}

const mostErrors = 20;

async function startServer(database: Database, canaries: Canaries) {
  const errors: string[] = [];
  const log = createLog("info", {
    write(line: string) {
      canaries.watch(line);
      if (!line.includes('"level":"error"')) return;
      errors.push(line);
      if (errors.length > mostErrors) errors.shift();
    },
  });
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const url = `http://localhost:${port}`;
  const recorder = openInspector(database, log);
  const calls = openCallCounter(database, log);
  const metricsToken = randomBytes(16).toString("hex");
  const config = quietConfig({ port, baseUrl: url, sessionSecret, metricsToken, ...orgOptions });
  const cheap = { passwordCost: testPasswordCost, generateKeys: pooledKeys };
  server.on("request", createApp({ config, database, log, recorder, calls, ...cheap }));
  return {
    ...{ url, port, errors },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await recorder.close();
      await calls.close();
    },
  };
}
