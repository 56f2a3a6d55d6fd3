import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { SignJWT } from "jose";
import type { Connection, SignalStream, User } from "../../src/model.ts";
import { hashToken } from "../../src/store/secrets.ts";
import type { SignalStreamChanges } from "../../src/store/tenant/signal-streams.ts";
import type { TenantStore } from "../../src/store/tenant-store.ts";
import type { TestApp } from "../helpers/app.ts";
import type { Answer, Client } from "../helpers/client.ts";
import type { TestDatabase } from "../helpers/databases.ts";
import { orgSealer } from "../helpers/org.ts";
import { createLocalAccount } from "../helpers/people.ts";
import { type RevokingOrg, startRevokingOrg, type TokenParts } from "../helpers/revocation.ts";
import { newStream } from "../helpers/signals.ts";
import { type Site, useSite } from "../helpers/site.ts";

export const caep = "https://schemas.openid.net/secevent/caep/event-type";
export const ssf = "https://schemas.openid.net/secevent/ssf/event-type";
export const email = "ada@acme.example";
/** The header that the transmitter sends, and the audience that it gave the stream. */
const authorization = "Bearer a-header-of-our-choice";
export const audience = "https://receiver.example/acme";

/** The application, and a tenant with a person and a stream. */
export interface SignalSite extends Site {
  org: RevokingOrg;
  connection: Connection;
  /** Her subject at the org is `00u1`. */
  ada: User;
  path: string;
  stream(): Promise<SignalStream>;
  /** A SET about ada's revoked session, in which nothing is wrong. */
  set(parts?: TokenParts): Promise<string>;
  /** Pushes a SET; undefined removes a header. */
  push(set: string, headers?: Record<string, string | undefined>, to?: Destination): Promise<Answer>;
  /** Pushes one event in a SET without a fault. */
  pushEvent(type: string, event: object, claims?: Record<string, unknown>): Promise<Answer>;
  /** A client with a new session of ada. */
  session(): Promise<Client>;
}

interface Destination {
  app?: TestApp;
  path?: string;
}

/** Defines the hooks. The returned function returns the site in a test. */
export function useSignalSite(use: () => TestDatabase): () => SignalSite {
  const site = useSite(use, { insecureAllowPrivateNetwork: true });
  let signals: SignalSite;
  before(async () => {
    const org = await startRevokingOrg();
    const { acme, app, clientOf } = site();
    const connection = await acme.connection({ settings: { issuer: org.issuer, clientId: "app" } });
    const { id } = await connectStream(acme.store, connection, org.issuer);
    const ada = await createLocalAccount(acme.store, email);
    await acme.store.identities.add(connection.id, "00u1", ada.id);
    const path = `/shared-signals/${connection.key}`;
    const set = (parts: TokenParts = {}) => signSet(org, parts);
    const push: SignalSite["push"] = async (given, headers = {}, to = {}) => {
      const all = { authorization, "content-type": "application/secevent+jwt", ...headers };
      const sent = Object.fromEntries(
        Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
      );
      return await (to.app ?? app).client().send("POST", to.path ?? path, sent, given);
    };
    signals = {
      ...site(),
      org,
      connection,
      ada,
      path,
      set,
      push,
      async stream() {
        const stream = (await acme.store.signalStreams.ofConnection(connection.id)) ?? assert.fail();
        assert.equal(stream.id, id);
        return stream;
      },
      pushEvent: async (type, event, claims = {}) =>
        await push(await set({ claims: { sub_id: undefined, events: { [type]: event }, ...claims } })),
      session: async () =>
        await clientOf((await acme.store.users.byId(ada.id)) ?? assert.fail(), connection.id),
    };
  });
  after(() => signals.org.close());
  return () => signals;
}

/** Creates an enabled stream, whose transmitter is the org at an address. */
export async function connectStream(
  store: TenantStore,
  connection: Connection,
  issuer: string,
  changes: SignalStreamChanges = {},
): Promise<{ id: string }> {
  // A server of its own opens the stored secrets when it starts.
  const place = `${store.tenantId}/${connection.id}/shared-signals`;
  const stream = { ...newStream(connection), sealedClientSecret: orgSealer.seal("secret", place) };
  await store.signalStreams.create(stream);
  const endpoints = { configurationEndpoint: issuer, statusEndpoint: issuer, verificationEndpoint: issuer };
  await store.signalStreams.update(stream.id, {
    status: "enabled",
    transmitter: { issuer, jwksUri: `${issuer}/oauth2/v1/keys`, ...endpoints },
    providerStreamId: "esc1",
    audiences: [audience],
    headerHash: hashToken(authorization),
    ...changes,
  });
  return { id: stream.id };
}

/** A SET as the final specification has it. The claims are merged; undefined removes one. */
export async function signSet(
  org: RevokingOrg,
  { header = {}, claims = {}, key = org.privateKey }: TokenParts = {},
): Promise<string> {
  const iat = Math.floor(Date.now() / 1000);
  const usual = {
    iss: org.issuer,
    jti: randomUUID(),
    iat,
    aud: audience,
    sub_id: { format: "email", email },
    events: { [`${caep}/session-revoked`]: { event_timestamp: iat } },
  };
  return await new SignJWT({ ...usual, ...claims })
    .setProtectedHeader({ typ: "secevent+jwt", alg: "RS256", kid: "k1", ...header })
    .sign(key);
}
