import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { inflateRawSync } from "node:zlib";
import { samlUrls } from "../../src/endpoints.ts";
import type { Connection, SamlSettings } from "../../src/model.ts";
import { keyPairsOf as ownKeyPairsOf } from "../../src/saml/keys.ts";
import { sealer } from "../../src/store/secrets.ts";
import type { TenantStore } from "../../src/store/tenant-store.ts";
import { createSigningKey, pooledKeys, type SigningKey } from "./certificates.ts";
import type { Answer, Client } from "./client.ts";
import type { TestDatabase } from "./databases.ts";
import type { TestTenant } from "./people.ts";
import { type Deviation, samlResponse } from "./saml-response.ts";
import { samlSettings } from "./saml-settings.ts";
import { type Site, useSite } from "./site.ts";

/** The site with a SAML connection to a provider. The tests have its key. */
export interface SamlSite extends Site {
  key: SigningKey;
  foreignKey: SigningKey;
  connection: Connection;
  connect(settings?: Partial<SamlSettings>, wanted?: object, tenant?: TestTenant): Promise<Connection>;
  /** A response for a connection; it answers `requestId` if that is given. */
  respond(
    nameId: string,
    deviation?: Deviation,
    more?: { connection?: Connection; requestId?: string | null },
  ): Promise<string>;
  /** Opens the connection's sign-in address. Returns the contents of the AuthnRequest. */
  leave(client: Client, connection?: Connection, query?: string): Promise<SentAuthnRequest>;
  /** Posts a response to the ACS as the provider's page would, and follows the redirect. */
  arrive(client: Client, samlResponse: string, relayState?: string, connection?: Connection): Promise<Answer>;
  /** A whole sign-in that begins at the application. */
  signIn(client: Client, nameId: string, deviation?: Deviation, connection?: Connection): Promise<Answer>;
}

export interface SentAuthnRequest {
  id: string;
  relayState: string;
  url: URL;
  xml: string;
}

export const samlDataKey = randomBytes(32);
export const samlSealer = sealer(samlDataKey);
/** The application's own key pairs at a connection, oldest first. */
export const keyPairsOf = (store: TenantStore, connection: Connection) =>
  ownKeyPairsOf(store, samlSealer, connection, pooledKeys);
export const idpEntityId = "http://www.okta.com/exk1fcia6d6EMsf331d8";
const ssoUrl = "https://acme.okta.example/app/product/exk1fcia6d6EMsf331d8/sso/saml";

/** Keys are slow to make: once for the whole process. */
let keys: Promise<[SigningKey, SigningKey]> | undefined;

/** Defines the hooks; the returned function gives the site inside a test. */
export function useSamlSite(use: () => TestDatabase, options = {}): () => SamlSite {
  return withSaml(useSite(use, { dataKey: samlDataKey, ...options }));
}

/** Gives a site a SAML connection. Defines hooks, which run after those of the site. */
export function withSaml(site: () => Site): () => SamlSite {
  let extra: Pick<SamlSite, "key" | "foreignKey" | "connection">;
  const connect: SamlSite["connect"] = (settings = {}, wanted = {}, tenant = site().acme) =>
    tenant.connection({
      type: "saml",
      justInTime: true,
      settings: { ...samlSettings, idpEntityId, ssoUrl, certificates: [extra.key.certificate], ...settings },
      ...wanted,
    });
  before(async () => {
    keys ??= Promise.all([createSigningKey("acme"), createSigningKey("foreign")]);
    const [key, foreignKey] = await keys;
    extra = { key, foreignKey, connection: undefined as unknown as Connection };
    extra.connection = await connect();
  });
  const self = (): SamlSite => ({
    ...site(),
    ...extra,
    connect,
    respond(nameId, deviation = {}, { connection = extra.connection, requestId = null } = {}) {
      const { acsUrl, entityId } = samlUrls(site().app.url, connection.key);
      const issuer = (connection.settings as SamlSettings).idpEntityId;
      return samlResponse(
        { acsUrl, entityId, idpEntityId: issuer, key: extra.key, requestId },
        nameId,
        deviation,
      );
    },
    async leave(client, connection = extra.connection, query = "") {
      const answer = await client.get(`/saml/${connection.key}/login${query}`);
      assert.equal(answer.status, 302, answer.text);
      return readRequest(answer.location ?? "");
    },
    async arrive(client, response, relayState = "", connection = extra.connection) {
      const form = new URLSearchParams({ SAMLResponse: response, RelayState: relayState });
      const manners = {
        accept: "text/html",
        origin: "https://acme.okta.example",
        "sec-fetch-site": "cross-site",
      };
      const posted = await client.send("POST", `/saml/${connection.key}/acs`, manners, form);
      return posted.status === 303 ? await client.get(posted.location ?? "") : posted;
    },
    async signIn(client, nameId, deviation = {}, connection = extra.connection) {
      const { id, relayState } = await self().leave(client, connection);
      const response = await self().respond(nameId, deviation, { connection, requestId: id });
      return await self().arrive(client, response, relayState, connection);
    },
  });
  return self;
}

/** The contents of an AuthnRequest by the redirect binding. */
export function readRequest(location: string): SentAuthnRequest {
  const url = new URL(location);
  const xml = inflateRawSync(Buffer.from(url.searchParams.get("SAMLRequest") ?? "", "base64")).toString();
  const id = / ID="([^"]+)"/.exec(xml)?.[1] ?? "";
  return { id, relayState: url.searchParams.get("RelayState") ?? "", url, xml };
}
