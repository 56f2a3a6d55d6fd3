import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Knex } from "knex";
import type { OrgApp, OrgPerson, Provisioning } from "okta-stand-in/state";
import { addApp, addTo, integration, oidcSignOn, startStandIn, type TestOrg } from "okta-stand-in/testing";
import { Visitor } from "okta-stand-in/visitor";
import { ScimClient } from "../../../test/helpers/scim.ts";
import { createApp } from "../src/app.ts";
import { hash } from "../src/sessions.ts";
import { openDatabase } from "../src/users.ts";
import { addSamlApp, type SamlApp } from "./saml-app.ts"; // SAML

export const scimToken = "a token of the example's tests";

/** The example in this process, connected to a stand-in org with two people. */
export interface RunningExample {
  url: string;
  sql: Knex;
  org: TestOrg;
  ada: OrgPerson;
  bob: OrgPerson;
  /** The org's app for OpenID Connect, which also provisions. */
  oidcApp: OrgApp;
  samlApp: SamlApp; // SAML
  client: ScimClient;
  /** The errors that the example logged, as text. */
  logged: string[];
  close(): Promise<void>;
}

export async function startExample(provisioning: Partial<Provisioning> = {}): Promise<RunningExample> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const org = await startStandIn();
  const ada = addTo(org, { login: "Ada@acme.example", firstName: "Ada", lastName: "Lovelace" });
  const bob = addTo(org, { login: "bob@acme.example", firstName: "Bob", lastName: "Babbage" });
  const oidcApp = addApp(org, oidcSignOn(`${url}/oidc/callback`));
  oidcApp.provisioning = integration(`${url}/scim/v2`, { token: scimToken, ...provisioning });
  const saml = await addSamlApp(org, url, [ada, bob]); // SAML
  const sql = await openDatabase(":memory:");
  const logged: string[] = [];
  const app = createApp(sql, {
    baseUrl: url,
    scimTokenHash: hash(scimToken),
    saml: saml.settings, // SAML
    oidc: { issuer: org.url, clientId: oidcApp.id, clientSecret: "the secret of an app" },
    allowPrivateNetwork: true,
    log: (error) => logged.push(String(error)),
  });
  server.on("request", app);
  const client = new ScimClient(`${url}/scim/v2`, `Bearer ${scimToken}`);
  const close = () => closeAll(server, org, sql);
  return {
    ...{ url, sql, org, ada, bob, oidcApp, client, logged, close },
    samlApp: saml.app, // SAML
  };
}

async function closeAll(server: Server, org: TestOrg, sql: Knex): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await org.close();
  await sql.destroy();
}

/** A browser at the example. */
export function browserAt({ url }: RunningExample): Visitor {
  return new Visitor(url, url);
}

/** Follows the org's redirects, and returns the URL at which the browser leaves it, or the page at which it stops. */
export async function throughOrg(
  { org }: RunningExample,
  atOrg: Visitor,
  start: string,
): Promise<{ url: string; page: string }> {
  let url = new URL(start);
  for (let hops = 0; hops < 8; hops++) {
    const answer = await atOrg.get(url.pathname + url.search);
    if (!answer.location) return { url: url.href, page: answer.text };
    url = new URL(answer.location, url);
    if (url.origin !== org.url) return { url: url.href, page: "" };
  }
  return assert.fail("the org sends the browser around in circles");
}
