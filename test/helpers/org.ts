import assert from "node:assert/strict";
import type { ConnectionInput } from "../../src/directory/connections.ts";
import { oidcUrls } from "../../src/endpoints.ts";
import type { Connection, OidcSettings } from "../../src/model.ts";
import { sealer } from "../../src/store/secrets.ts";
import type { TestApp } from "./app.ts";
import { dataKey } from "./cli.ts";
import { type Answer, Client } from "./client.ts";
import type { OpenIdProvider } from "./openid-provider.ts";
import type { TestTenant } from "./people.ts";

export const orgSealer = sealer(dataKey);

/** The configuration of an application that may connect to a provider on this machine. */
export const orgOptions = { dataKey, insecureAllowPrivateNetwork: true };

let clients = 0;

/** Connects a tenant to a provider, with registrations on both sides. */
export async function connectOrg(
  op: OpenIdProvider,
  { baseUrl, tenant }: { baseUrl: string; tenant: TestTenant },
  settings: Partial<OidcSettings> = {},
  wanted: Partial<ConnectionInput> = {},
): Promise<Connection> {
  const clientId = settings.clientId ?? `0oa${clients++}`;
  const connection = await tenant.connection({
    settings: { issuer: op.issuer, clientId, ...settings },
    secret: { text: `secret of ${clientId}`, sealer: orgSealer },
    ...wanted,
  });
  const { redirectUri, postLogoutRedirectUri } = oidcUrls(baseUrl, connection.key);
  op.register({
    clientId,
    secret: `secret of ${clientId}`,
    redirectUris: [redirectUri],
    postLogoutRedirectUris: [postLogoutRedirectUri],
  });
  return connection;
}

/** Follows redirects at the provider from `url`, and returns the URL that leaves it. */
export async function throughProvider(
  op: OpenIdProvider,
  url: string,
  browser = new Client(op.issuer, op.issuer),
): Promise<string> {
  let next = url;
  for (let hops = 0; hops < 8; hops++) {
    const { pathname, search } = new URL(next);
    const answer = await browser.get(pathname + search);
    assert.ok(answer.location, `${answer.status} ${answer.text}`);
    next = new URL(answer.location, next).href;
    if (new URL(next).origin !== op.issuer) return next;
  }
  return assert.fail("the provider sends the browser around in circles");
}

/** Completes a sign-in at the provider from the application's redirect, and returns the application's response. */
export async function comeBack(
  app: TestApp,
  op: OpenIdProvider,
  client: Client,
  url: string,
): Promise<Answer> {
  const back = new URL(await throughProvider(op, url));
  assert.equal(back.origin, app.url);
  return await client.get(back.pathname + back.search);
}

/** Signs `op.person` in from the connection's sign-in URL, and returns the response to the callback. */
export async function signInAt(
  app: TestApp,
  op: OpenIdProvider,
  { key }: Connection,
  client = app.client(),
): Promise<Answer> {
  const left = await client.get(`/oidc/${key}/login`);
  assert.equal(left.status, 302, left.text);
  return await comeBack(app, op, client, left.location ?? "");
}

/** The URL that a page redirects to by itself. */
export function leavingTo(page: Answer): string {
  const url = /http-equiv="refresh" content="0;url=([^"]*)"/.exec(page.text)?.[1];
  assert.ok(url, page.text);
  return url.replaceAll("&amp;", "&").replaceAll("&#34;", '"').replaceAll("&#39;", "'");
}

/** The reasons of refusals in the log, oldest first. */
export function refusalsIn(app: TestApp): unknown[] {
  return app.logged.filter(({ event }) => event === "request.refused").map(({ reason }) => reason);
}
