import assert from "node:assert/strict";
import {
  changeSettings,
  disableConnectionUnguarded,
  enableConnection,
  removeConnection,
} from "../../src/directory/connections.ts";
import { provisionUser } from "../../src/directory/provisioning.ts";
import type { Connection, OidcSettings, User } from "../../src/model.ts";
import { landingPath } from "../../src/web/home.ts";
import { startTestApp, type TestApp } from "../helpers/app.ts";
import type { Client } from "../helpers/client.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { interleaved } from "../helpers/interleaved.ts";
import { type OpenIdProvider, startOpenIdProvider } from "../helpers/openid-provider.ts";
import { comeBack, connectOrg, orgOptions, refusalsIn, signInAt } from "../helpers/org.ts";
import { assertRedirect } from "../helpers/pages.ts";
import { createTestTenant, provisioned, type TestTenant } from "../helpers/people.ts";
import { sessionSecret } from "../helpers/site.ts";

const roleMapping = { name: "groups", adminValues: ["staff"] };

describe("a sign-in by OpenID Connect whose connection changes before it ends", () => {
  onEachDatabase((use) => {
    let op: OpenIdProvider;
    let app: TestApp;
    let acme: TestTenant;
    let connection: Connection;
    let user: User;
    let client: Client;
    /** Happens once, before the application's next statement about sessions. */
    let beforeSession: (() => Promise<unknown>) | null = null;
    before(async () => {
      op = await startOpenIdProvider();
      const database = interleaved(use().database, (table) => {
        const happens = table === "sessions" ? beforeSession : null;
        if (happens) beforeSession = null;
        return happens;
      });
      app = await startTestApp(database, { ...orgOptions, sessionSecret });
    });
    after(() => Promise.all([app.close(), op.close()]));
    beforeEach(async () => {
      acme = await createTestTenant(use().database);
      connection = await connectOrg(op, { baseUrl: app.url, tenant: acme }, { roleMapping });
      user = await provisionUser(acme.store, acme.writer, provisioned("ada@acme.example"));
      op.define({ sub: "00u-ada", email: "ada@acme.example", groups: ["staff"] });
      client = app.client();
    });
    afterEach(() => {
      op.beforeTokens = null;
      beforeSession = null;
    });

    const settings = () => connection.settings as OidcSettings;
    const leadElsewhere = () =>
      changeSettings(acme.store, connection.id, { ...settings(), issuer: "https://other.okta.example" });
    const leadBack = () => changeSettings(acme.store, connection.id, settings());
    const isSignedIn = async () => (await client.get("/me")).status === 200;

    async function assertRefused(reason = "sign-in-not-started-here"): Promise<void> {
      const page = await signInAt(app, op, connection, client);
      assert.equal(page.status, 403, page.text);
      assert.equal(refusalsIn(app).at(-1), reason);
      assert.equal(await isSignedIn(), false);
    }

    it("signs in with the role of its claim, if nothing changes", async () => {
      assertRedirect(await signInAt(app, op, connection, client), landingPath);
      assert.equal(await isSignedIn(), true);
      assert.equal(await acme.store.roles.effective(user.id), "admin");
    });

    const whileWaiting: [what: string, happen: () => Promise<unknown>][] = [
      ["the connection leads to another provider", leadElsewhere],
      [
        "its role mapping changes",
        () => changeSettings(acme.store, connection.id, { ...settings(), roleMapping: null }),
      ],
    ];
    for (const [what, happen] of whileWaiting) {
      it(`is refused and leaves nothing, if ${what} while the provider takes its time`, async () => {
        op.beforeTokens = happen;
        await assertRefused();
        assert.deepEqual(await acme.store.identities.ofUser(user.id), []);
        assert.equal(await acme.store.roles.effective(user.id), "member");
        assert.equal((await acme.store.connections.byId(connection.id))?.admittedAt, null);
      });
    }

    it("goes on, if another setting changes while the provider takes its time", async () => {
      op.beforeTokens = () => changeSettings(acme.store, connection.id, { ...settings(), maxAgeMinutes: 60 });
      assertRedirect(await signInAt(app, op, connection, client), landingPath);
    });

    const beforeItsSession: [what: string, happen: () => Promise<unknown>, undo: () => Promise<unknown>][] = [
      ["leads to another provider", leadElsewhere, leadBack],
      [
        "is switched off",
        () => disableConnectionUnguarded(acme.store, connection.id),
        () => enableConnection(acme.store, connection.id),
      ],
      ["is removed", () => removeConnection(acme.store, connection.id), async () => undefined],
    ];
    for (const [what, happen, undo] of beforeItsSession) {
      it(`has no session, if the connection ${what} after the verdict, also if that is undone`, async () => {
        beforeSession = happen;
        await assertRefused();
        assert.equal(beforeSession, null);
        await undo();
        assert.equal(await isSignedIn(), false);
      });
    }

    it("leaves no cookie, if its session is refused", async () => {
      beforeSession = leadElsewhere;
      const left = await client.get(`/oidc/${connection.key}/login`);
      const page = await comeBack(app, op, client, left.location ?? "");
      assert.equal(page.status, 403);
      assert.equal(client.cookies.get("session"), undefined);
    });
  });
});
