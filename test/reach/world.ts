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

/** Everything that the worlds of a suite share. */
export interface Surroundings {
  database: Database;
  app: TestApp;
  /** The attacker's identity provider. */
  evil: OpenIdProvider;
  org: RevokingOrg;
}

/** A tenant for one attempt, with every setting on that an owner can switch on. */
export interface World extends Surroundings {
  acme: TestTenant;
  /** Provisioned and signed in, with the role of the attempt. */
  target: User;
  /** The actor's browser, with a session if the actor has an account. */
  browser: Client;
  ownersBrowser: Client;
  role: Target;
  /** The target's page in the console. */
  page: string;
  /** Sends a form of a page as an owner sees it, from any browser. */
  send(from: Client, page: string, action: string, entered?: Record<string, string>): Promise<Answer>;
  /** Sends the form that approves a connection for the target. */
  approve(from: Client, connection: Connection): Promise<void>;
  /** Has a token that an owner created, for the source that manages the target. */
  scim: ScimClient;
  /** An active connection to the attacker's provider. */
  connectEvil(wanted?: Partial<ConnectionInput>): Promise<Connection>;
  /** An active connection with this subject linked to the target, as after an earlier sign-in. */
  linked(subject: string, changes?: { subjectKind?: SubjectKind }): Promise<Connection>;
  /** A draft that the attacker has pointed at their provider. */
  draftToEvil(): Promise<Connection>;
  /** Presses every button on the way to switching the connection on. */
  switchOn(client: Client, connection: Connection): Promise<void>;
  signInAtEvil(connection: Connection, account: { sub: string; email?: string }): Promise<void>;
  signInByPassword(password: string): Promise<void>;
  /** Signs the target in through a connection, and watches that session. */
  signInThrough(connection: Connection): Promise<void>;
  /** Registers the browser in which the attempt ended up signed in. */
  became(client: Client): void;
  /** Whether the attempt is signed in as the target. */
  isOpened(): Promise<boolean>;
  /** Whether the target's own session has ended. */
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
      // If the connection could not be switched on, the page offers no approval, not even to owners.
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
      if (!opened) throw new Error("the attempt never tried to sign in");
      const me = JSON.parse((await opened.get("/me")).text) as { user?: { id: string } };
      return me.user?.id === target.id;
    },
    isEnded: async () => (await targetsBrowser.get("/me")).status === 401,
  };
  return world;
}
