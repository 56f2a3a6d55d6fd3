import assert from "node:assert/strict";
import type { OrgApp, OrgPerson } from "okta-stand-in/state";
import { addApp, addSignalsApp, addTo, oidcSignOn, startStandIn, type TestOrg } from "okta-stand-in/testing";
import type { Visitor } from "okta-stand-in/visitor";
import { oidcUrls } from "../../src/endpoints.ts";
import type { Connection } from "../../src/model.ts";
import type { Answer, Client } from "./client.ts";
import type { TestDatabase } from "./databases.ts";
import { submit } from "./forms.ts";
import { leavingTo, orgOptions, orgSealer } from "./org.ts";
import { answerOf, messagesOn } from "./seen.ts";
import { type Site, useSite } from "./site.ts";

/** The application and a stand-in org in which a person uses it, and an administrator acts. */
export interface SignalCircle {
  site: Site;
  org: TestOrg;
  /** The org's Admin Console. */
  admin: Visitor;
  /** The app integration for sign-in, and the one for shared signals. */
  app: OrgApp;
  signalsApp: OrgApp;
  ada: OrgPerson;
  connection: Connection;
  /** The page of the connection's stream. */
  page: string;
  owner: Client;
  /** Ada signs in to the application through the org. */
  signIn(): Promise<Client>;
  /** The owner connects the stream with Ada's consent in the org, and gets the message of the page that ends it. */
  connect(): Promise<string>;
  /** The owner presses a button of the page. */
  press(button: string): Promise<string>;
  /** The person's menu in the org's Admin Console. Resolves when the application has answered every SET. */
  act(action: string): Promise<void>;
}

let people = 0;

/** Defines the hooks. The returned function returns a new circle in a test. */
export function useSignalCircle(use: () => TestDatabase): () => SignalCircle {
  const site = useSite(use, orgOptions);
  let org: TestOrg;
  let circle: SignalCircle;
  before(async () => {
    org = await startStandIn({ wait: async () => undefined });
  });
  beforeEach(async () => {
    await org.reset({ people: {}, groups: {}, apps: {} });
    circle = await circleOf(site(), org);
  });
  after(() => org.close());
  return () => circle;
}

async function circleOf(site: Site, org: TestOrg): Promise<SignalCircle> {
  const login = `ada-${people++}@acme.example`;
  const ada = addTo(org, { login, firstName: "Ada", lastName: "Lovelace" });
  const app = addApp(org, oidcSignOn("http://localhost:9/callback"), [ada]);
  assert.ok(app.signOn.kind === "oidc");
  const connection = await site.acme.connection({
    settings: { issuer: org.url, clientId: app.id },
    secret: { text: app.signOn.clientSecret, sealer: orgSealer },
  });
  const { redirectUri, postLogoutRedirectUri } = oidcUrls(site.app.url, connection.key);
  Object.assign(app.signOn, { redirectUris: [redirectUri], postLogoutRedirectUris: [postLogoutRedirectUri] });
  const callback = `${site.app.url}/shared-signals/${connection.key}/callback`;
  const signalsApp = addSignalsApp(org, callback, [ada]);
  const page = `/admin/connections/${connection.id}/signals`;
  const owner = await site.clientOf(site.owner);
  const admin = org.browser();

  /** Goes through the org as Ada, and returns the application's answer. */
  async function through(client: Client, target: string): Promise<Answer> {
    const browser = await org.signedIn(ada);
    let next = new URL(target);
    while (next.origin === org.url) {
      const { location, text } = await browser.get(next.pathname + next.search);
      next = new URL(location ?? assert.fail(text), org.url);
    }
    return await client.get(next.pathname + next.search);
  }

  async function settled(): Promise<void> {
    await org.signals.resume();
  }

  return {
    ...{ site, org, admin, app, signalsApp, ada, connection, page, owner },
    async signIn() {
      const client = site.app.client();
      const { location } = await client.get(`/oidc/${connection.key}/login`);
      const answer = await through(client, location ?? assert.fail("no redirect"));
      assert.equal(answer.status, 303, answer.text);
      return client;
    },
    async connect() {
      assert.ok(signalsApp.signOn.kind === "oidc");
      const entered = { clientId: signalsApp.id, clientSecret: signalsApp.signOn.clientSecret };
      const left = await submit(owner, page, "/connect", entered);
      if (left.status === 303) return messagesOn(await answerOf(owner, left));
      const message = messagesOn(await answerOf(owner, await through(owner, leavingTo(left))));
      await settled();
      return message;
    },
    async press(button) {
      const message = messagesOn(await answerOf(owner, await submit(owner, page, `/${button}`)));
      await settled();
      return message;
    },
    async act(action) {
      const { status } = await admin.post(`/admin/users/${ada.id}/${action}`);
      assert.equal(status, 303);
      await settled();
    },
  };
}
