import { type ConnectionInput, createConnection } from "../../src/directory/connections.ts";
import { provisionUser } from "../../src/directory/provisioning.ts";
import { createToken } from "../../src/directory/provisioning-tokens.ts";
import { oidcUrls } from "../../src/endpoints.ts";
import type { Connection, SubjectKind, User } from "../../src/model.ts";
import type { Database } from "../../src/store/database.ts";
import type { TestApp } from "../helpers/app.ts";
import type { Answer, Client } from "../helpers/client.ts";
import { formOn, shownOn } from "../helpers/forms.ts";
import type { OpenIdProvider } from "../helpers/openid-provider.ts";
import { connectOrg, orgSealer, signInAt } from "../helpers/org.ts";
import { createLocalAccount, createTestTenant, provisioned, type TestTenant } from "../helpers/people.ts";
import type { RevokingOrg } from "../helpers/revocation.ts";
import { type ScimClient, scimClient } from "../helpers/scim.ts";
import { plantSession } from "../helpers/site.ts";
import type { Target } from "./attempts.ts";

/** What all worlds of a suite share. */
export interface Surroundings {
  database: Database;
  app: TestApp;
  /** An identity provider that says whatever the attacker wants. */
  evil: OpenIdProvider;
  org: RevokingOrg;
}

/** A tenant of an attempt's own, with everything switched on that an owner can switch on. */
export interface World extends Surroundings {
  acme: TestTenant;
  /** Provisioned, signed in, and in the role that the attempt is about. */
  target: User;
  /** Where the actor is signed in; signed out for an actor without an account. */
  browser: Client;
  ownersBrowser: Client;
  role: Target;
  /** The target's page in the console. */
  page: string;
  /** Sends a form that an owner sees on a page, from anybody's browser. */
  send(from: Client, page: string, action: string, entered?: Record<string, string>): Promise<Answer>;
  /** Sends the form that approves a connection for the target. */
  approve(from: Client, connection: Connection): Promise<void>;
  /** Calls with a token that an owner made, for the source that manages the target. */
  scim: ScimClient;
  /** An active connection to the attacker's provider. */
  connectEvil(wanted?: Partial<ConnectionInput>): Promise<Connection>;
  /** An active connection with this subject linked to the target, as an earlier sign-in left it. */
  linked(subject: string, changes?: { subjectKind?: SubjectKind }): Promise<Connection>;
  /** A draft that the attacker has pointed at their provider. */
  draftToEvil(): Promise<Connection>;
  /** Presses every button on the way to switching the connection on. */
  switchOn(client: Client, connection: Connection): Promise<void>;
  signInAtEvil(connection: Connection, account: { sub: string; email?: string }): Promise<void>;
  signInByPassword(password: string): Promise<void>;
  /** Lets the target sign in through a connection, and watches that session. */
  signInThrough(connection: Connection): Promise<void>;
  /** Reports the browser in which somebody is signed in now. */
  became(client: Client): void;
  /** Whether somebody else is signed in as the target. */
  isOpened(): Promise<boolean>;
  /** Whether the target's own session is over. */
  isEnded(): Promise<boolean>;
}

let worlds = 0;

/** @param account the actor's own role; null for an actor without an account. */
export async function createWorld(
  around: Surroundings,
  account: Target | null,
  role: Target,
): Promise<World> {
  const { database, app, evil } = around;
  const acme = await createTestTenant(database);
  await acme.store.settings.change({ passwordSync: true, sourceConflict: "adopt" });
  const first = await createLocalAccount(acme.store, "first@acme.example", "owner");
  const sourceKey = `00u-target-${worlds++}`;
  const target = await provisionUser(
    acme.store,
    acme.writer,
    provisioned("target@acme.example", { sourceKey }),
  );
  if (role !== "member") await acme.store.roles.grant(target.id, role);
  const signedIn = async (user: User, connectionId: string | null = null) => {
    const client = app.client();
    client.cookies.set("session", await plantSession({ database }, acme.tenant, user, { connectionId }));
    return client;
  };
  const actor = account && (await createLocalAccount(acme.store, "actor@acme.example", account));
  const { token } = await createToken(acme.store);
  let targetsBrowser = await signedIn(target);
  let opened: Client | null = null;

  const register = ({ settings, key }: Connection) => {
    const clientId = settings && "clientId" in settings ? settings.clientId : "";
    const { redirectUri, postLogoutRedirectUri } = oidcUrls(app.url, key);
    const uris = { redirectUris: [redirectUri], postLogoutRedirectUris: [postLogoutRedirectUri] };
    evil.register({ clientId, secret: "theirs", ...uris });
  };

  const world: World = {
    ...around,
    acme,
    target,
    browser: actor ? await signedIn(actor) : app.client(),
    ownersBrowser: await signedIn(first),
    role,
    page: `/admin/people/${target.id}`,
    send: async (from, page, action, entered) =>
      await formOn(await world.ownersBrowser.get(page), action).send(from, entered),
    async approve(from, connection) {
      // Where the connection could not be switched on, nothing is offered for it, to owners neither.
      const form = { connection: connection.id, shown: shownOn(await world.ownersBrowser.get(world.page)) };
      await from.post(`${world.page}/approve`, form);
    },
    scim: scimClient(app, token),
    connectEvil: (wanted) =>
      connectOrg(evil, { baseUrl: app.url, tenant: acme }, {}, { justInTime: false, ...wanted }),
    async linked(subject, changes) {
      const connection = await world.connectEvil();
      if (changes) await acme.store.connections.update(connection.id, changes);
      await acme.store.identities.add(connection.id, subject, target.id);
      return connection;
    },
    async draftToEvil() {
      const connection = await createConnection(database, acme.tenant.id, {
        key: `${acme.tenant.slug}-draft`,
        type: "oidc",
        settings: { issuer: evil.issuer, clientId: `client-of-${acme.tenant.slug}` },
        justInTime: false,
        draft: true,
        secret: { text: "theirs", sealer: orgSealer },
      });
      register(connection);
      return connection;
    },
    async switchOn(client, { id }) {
      const page = `/admin/connections/${id}`;
      await client.post(`${page}/review`);
      await world.send(client, `${page}/review`, "/activate");
    },
    async signInAtEvil(connection, { sub, email = `${sub}@evil.example` }) {
      evil.define({ sub, email });
      const client = app.client();
      const left = await client.get(`/oidc/${connection.key}/login`);
      if (left.status === 302) await signInAt(app, evil, connection, client);
      opened = client;
    },
    async signInByPassword(password) {
      const client = app.client();
      const renamed = await acme.store.users.byId(target.id);
      await client.signIn(acme.tenant.slug, renamed?.loginName ?? "", password);
      opened = client;
    },
    async signInThrough(connection) {
      targetsBrowser = await signedIn(target, connection.id);
    },
    became(client) {
      opened = client;
    },
    async isOpened() {
      if (!opened) throw new Error("the attempt signed nobody in, not even in vain");
      const me = JSON.parse((await opened.get("/me")).text) as { user?: { id: string } };
      return me.user?.id === target.id;
    },
    isEnded: async () => (await targetsBrowser.get("/me")).status === 401,
  };
  return world;
}
