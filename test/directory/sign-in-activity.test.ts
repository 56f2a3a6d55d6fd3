import assert from "node:assert/strict";
import { inviteOwner } from "../../src/directory/local-accounts.ts";
import { refusalRecorder } from "../../src/directory/sign-in-activity.ts";
import { RefusedError } from "../../src/errors.ts";
import type { RecordedActivity } from "../../src/store/tenant/activity.ts";
import type { TenantStore } from "../../src/store/tenant-store.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { type OpenIdProvider, startOpenIdProvider } from "../helpers/openid-provider.ts";
import { connectOrg, orgOptions, signInAt } from "../helpers/org.ts";
import { createLocalAccount, createTestTenant, testPassword } from "../helpers/people.ts";
import { useSite } from "../helpers/site.ts";

describe("sign-ins in a tenant's activity", () => {
  onEachDatabase((use) => {
    const site = useSite(use, orgOptions);
    let op: OpenIdProvider;
    before(async () => {
      op = await startOpenIdProvider();
    });
    after(() => op.close());

    /** Waits for `more` new entries, because some are written after the response, and returns the latest. */
    async function recorded(work: () => Promise<unknown>, store: TenantStore = site().acme.store) {
      const before = (await store.activity.page({ kind: "sign-in" }, null, 1_000)).length;
      await work();
      for (let tries = 0; tries < 1_000; tries++) {
        const entries = await store.activity.page({ kind: "sign-in" }, null, 1_000);
        if (entries.length > before) {
          assert.equal(entries.length, before + 1, "one entry for one sign-in");
          return entries[0] as RecordedActivity;
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      return assert.fail("nothing was recorded");
    }
    const said = ({ action, reason, actor, actorId, targetId }: RecordedActivity) => ({
      action,
      reason,
      actor,
      actorId,
      targetId,
    });
    const connect = (wanted = {}) =>
      connectOrg(op, { baseUrl: site().app.url, tenant: site().acme }, {}, wanted);

    it("record the person, the connection and the request", async () => {
      const connection = await connect();
      op.person = op.define({ sub: "00u-ada", email: "ada@acme.example" }).sub;
      const entry = await recorded(() => signInAt(site().app, op, connection));
      const user = await site().acme.store.users.byLoginName("ada@acme.example");
      assert.deepEqual(said(entry), {
        action: "sign_in.succeeded",
        reason: null,
        actor: "ada@acme.example",
        actorId: user?.id,
        targetId: connection.id,
      });
      const answered = site().app.logged.find(
        ({ requestId, event }) => requestId === entry.requestId && event === "sign_in.succeeded",
      );
      assert.ok(answered);
    });

    it("record a refusal with the person whom the provider vouches for", async () => {
      const { store } = site().acme;
      const [connection, closed] = [await connect(), await connect({ justInTime: false })];
      op.person = op.define({ sub: "00u-bob", email: "bob@acme.example" }).sub;
      await recorded(() => signInAt(site().app, op, connection));
      const bob = (await store.users.byLoginName("bob@acme.example")) ?? assert.fail();
      await store.users.update(bob.id, { blocked: true });
      const blocked = await recorded(() => signInAt(site().app, op, connection));
      assert.deepEqual(said(blocked), {
        action: "sign_in.refused",
        reason: "user-blocked",
        actor: "bob@acme.example",
        actorId: bob.id,
        targetId: connection.id,
      });
      op.person = op.define({ sub: "00u-new", email: "new@acme.example" }).sub;
      const unknown = await recorded(() => signInAt(site().app, op, closed));
      assert.deepEqual(
        [unknown.reason, unknown.actor, unknown.actorId],
        ["just-in-time-off", "new@acme.example", null],
      );
    });

    it("record a refusal before the person is known", async () => {
      const connection = await connect();
      const client = site().app.client();
      const entry = await recorded(() => client.get(`/oidc/${connection.key}/callback?code=x&state=made-up`));
      assert.deepEqual(said(entry), {
        action: "sign_in.refused",
        reason: "sign-in-not-started-here",
        actor: "",
        actorId: null,
        targetId: connection.id,
      });
    });

    it("record right and wrong passwords", async () => {
      const user = await createLocalAccount(site().acme.store, "local@acme.example");
      const { slug } = site().acme.tenant;
      const client = site().app.client();
      const wrong = await recorded(() => client.signIn(slug, "LOCAL@acme.example", "not it"));
      assert.deepEqual(said(wrong), {
        action: "sign_in.refused",
        reason: "bad-credentials",
        actor: "local@acme.example",
        actorId: user.id,
        targetId: null,
      });
      const right = await recorded(() => client.signIn(slug, "local@acme.example", testPassword));
      assert.deepEqual([right.action, right.actorId, right.targetId], ["sign_in.succeeded", user.id, null]);
    });

    it("do not record an unknown login name, which may be a mistyped password", async () => {
      const client = site().app.client();
      const entry = await recorded(() => client.signIn(site().acme.tenant.slug, "hunter2 hunter2", "x"));
      assert.deepEqual([entry.actor, entry.actorId], ["", null]);
      assert.ok(!JSON.stringify(entry).includes("hunter2"));
    });

    it("record a sign-in by a set-up link", async () => {
      const link = await inviteOwner(site().acme.store, "invited@acme.example");
      const password = "a long enough password";
      const entry = await recorded(() =>
        site().app.client().post(`/setup/${link}`, { password, repeated: password }),
      );
      assert.deepEqual([entry.action, entry.actor], ["sign_in.succeeded", "invited@acme.example"]);
      assert.ok(!JSON.stringify(entry).includes(link));
    });

    it("cannot be flooded by anonymous visitors", async () => {
      const tenant = await createTestTenant(use().database);
      let now = 60_000;
      const { atPasswordForm } = refusalRecorder(use().database, () => now);
      const refuse = () =>
        atPasswordForm(tenant.tenant.id, "x", new RefusedError("bad-credentials"), "request");
      const count = async () => (await tenant.store.activity.page({}, null, 1_000)).length;
      for (let times = 0; times < 50; times++) await refuse();
      assert.equal(await count(), 30);
      now += 60_000;
      await refuse();
      assert.equal(await count(), 31);
    });
  });
});
