import assert from "node:assert/strict";
import { createProvisioningClient } from "../../src/directory/provisioning-clients.ts";
import type { User } from "../../src/model.ts";
import type { TestApp } from "./app.ts";
import type { Answer, Client } from "./client.ts";
import type { TestDatabase } from "./databases.ts";
import { unescaped } from "./forms.ts";
import { type Site, useSite } from "./site.ts";

export const oktaRedirectUri = "https://system-admin.okta.com/admin/app/cpc/product_1/oauth/callback";

export interface ClientSecret {
  clientId: string;
  secret: string;
}

export type Parameters = Record<string, string | undefined>;

/** A site whose deployment has a provisioning client, and the steps that Okta and an owner make. */
export interface OktaSite extends Site, Pick<TestDatabase, "database"> {
  client: ClientSecret;
  /** The address to which Okta sends an administrator; undefined removes a parameter. */
  askUrl(more?: Parameters): string;
  /** Allows the request as a person, and returns what Okta's redirect URI gets. */
  allow(browser: Client, more?: Parameters, form?: Record<string, string>): Promise<URLSearchParams>;
  /** A browser of the owner, or of another user. */
  browser(user?: User): Promise<Client>;
  /** Asks the token endpoint as the client; undefined removes a parameter. */
  token(form: Parameters, app?: TestApp): Promise<Answer>;
  /** Connects Okta: a code that an owner allowed, redeemed. */
  connect(source?: string): Promise<Tokens>;
  refresh(refreshToken: string, app?: TestApp): Promise<Answer>;
}

export interface Tokens {
  access_token: string;
  refresh_token: string;
  expires_in: number;
  token_type: string;
  scope: string;
}

/** Defines the hooks. The returned function returns the site in a test. */
export function useOktaSite(use: () => TestDatabase): () => OktaSite {
  const site = useSite(use, { dataKey: Buffer.from("0123456789abcdef0123456789abcdef") });
  let client: ClientSecret;
  before(async () => {
    client = await createProvisioningClient(use().database);
  });
  return () => ({ ...stepsOn(site(), client), database: use().database });
}

function stepsOn(site: Site, client: ClientSecret): Omit<OktaSite, "database"> {
  const askUrl = (more: Parameters = {}) => {
    const usual = { response_type: "code", client_id: client.clientId, redirect_uri: oktaRedirectUri };
    return `/oauth2/authorize?${formOf({ ...usual, state: "okta's state", ...more })}`;
  };
  const browser = (user: User = site.owner) => site.clientOf(user);
  const allow: OktaSite["allow"] = async (person, more = {}, form = {}) => {
    const page = await person.get(askUrl(more));
    assert.equal(page.status, 200, page.text);
    return leadsTo(await person.post(askUrl(more), { ...fieldsOf(page), decision: "allow", ...form }));
  };
  const token: OktaSite["token"] = async (form, app = site.app) => {
    const body = formOf({ client_id: client.clientId, client_secret: client.secret, ...form });
    return await app.client().send("POST", "/oauth2/token", {}, body);
  };
  const refresh: OktaSite["refresh"] = (refreshToken, app) =>
    token({ grant_type: "refresh_token", refresh_token: refreshToken }, app);
  const connect = async (source = "default") => {
    const code = (await allow(await browser(), {}, { source })).get("code") ?? assert.fail("no code");
    return tokensIn(await token(codeGrant(code)));
  };
  return { ...site, client, askUrl, browser, allow, token, refresh, connect };
}

export function codeGrant(code: string): Parameters {
  return { grant_type: "authorization_code", code, redirect_uri: oktaRedirectUri };
}

/** The tokens of a response. Fails unless there are some. */
export function tokensIn(answer: Answer): Tokens {
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.headers.get("cache-control"), "no-store");
  return JSON.parse(answer.text) as Tokens;
}

export function errorIn(answer: Answer): string {
  return (JSON.parse(answer.text) as { error: string }).error;
}

function formOf(parameters: Parameters): URLSearchParams {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined);
  return new URLSearchParams(given as [string, string][]);
}

/** The values of the consent form. */
export function fieldsOf(page: Answer): { shown: string; source: string } {
  const fieldNamed = (name: string) =>
    unescaped(new RegExp(`name="${name}" value="([^"]*)"`).exec(page.text)?.[1] ?? assert.fail(page.text));
  return { shown: fieldNamed("shown"), source: fieldNamed("source") };
}

/** The query of the address to which a page leads the browser by GET. */
export function leadsTo(page: Answer): URLSearchParams {
  return new URL(addressOf(page)).searchParams;
}

export function addressOf(page: Answer): string {
  assert.equal(page.status, 200, page.text);
  return unescaped(
    /http-equiv="refresh" content="0;url=([^"]+)"/.exec(page.text)?.[1] ?? assert.fail(page.text),
  );
}
