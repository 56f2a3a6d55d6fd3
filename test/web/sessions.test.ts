import assert from "node:assert/strict";
import { blockUser, endSessions, revokeUserAccess } from "../../src/directory/access.ts";
import { disableConnectionUnguarded } from "../../src/directory/connections.ts";
import {
  deleteProvisionedUser,
  provisionUser,
  updateProvisionedUser,
} from "../../src/directory/provisioning.ts";
import { grantRole, revokeRole } from "../../src/directory/roles.ts";
import { deleteTenant } from "../../src/directory/tenants.ts";
import type { Connection, User } from "../../src/model.ts";
import type { Database } from "../../src/store/database.ts";
import type { TenantStore } from "../../src/store/tenant-store.ts";
import { landingPath } from "../../src/web/home.ts";
import { startTestApp } from "../helpers/app.ts";
import { onEachDatabase, onOneDatabase } from "../helpers/databases.ts";
import { connectionRefused, faulty } from "../helpers/faults.ts";
import { assertRedirect, headingOf } from "../helpers/pages.ts";
import { createLocalAccount, createTestTenant, noProfile, testPassword } from "../helpers/people.ts";
import { plantSession, type Site, sessionSecret, signedCookie, useSite } from "../helpers/site.ts";

/** The events that revoke a person's access. */
const endings: Record<string, (site: Site, user: User, connection: Connection) => Promise<unknown>> = {
  "revokes their access": ({ acme }, { id }) => revokeUserAccess(acme.store, id),
  "ends their sessions": ({ acme }, { id }) => endSessions(acme.store, id),
  "blocks them": ({ acme }, { id }) => blockUser(acme.store, id),
  "deactivates them by provisioning": ({ acme }, { id }) =>
    updateProvisionedUser(acme.store, acme.writer, id, { active: false }),
  "deletes them by provisioning": ({ acme }, { id }) => deleteProvisionedUser(acme.store, acme.writer, id),
  "only marks them inactive": ({ acme }, { id }) => acme.store.users.update(id, { active: false }),
  "only marks them blocked": ({ acme }, { id }) => acme.store.users.update(id, { blocked: true }),
  "only advances their epoch": ({ acme }, { id }) => acme.store.users.advanceAccessEpoch(id),
  "disables their connection": ({ acme }, _user, { id }) => disableConnectionUnguarded(acme.store, id),
  "only marks their connection disabled": ({ acme }, _user, { id }) =>
    acme.store.connections.update(id, { status: "disabled" }),
};

describe("being signed in", () => {
  onEachDatabase((use) => {
    const site = useSite(use);
    let people = 0;

    async function createPerson(): Promise<User> {
      const loginName = `person-${people++}@acme.example`;
      const wanted = { ...noProfile, loginName, sourceKey: null, active: true };
      return await provisionUser(site().acme.store, site().acme.writer, wanted);
    }

    it("starts under a new session id, so that a planted id gives no access", async () => {
      const { acme, owner, app } = site();
      const lender = await createLocalAccount(acme.store, "lender@acme.example");
      const lent = await site().clientOf(lender);
      const browser = app.client();
      browser.cookies.set("session", lent.cookies.get("session") as string);
      const answer = await browser.signIn(acme.tenant.slug, owner.loginName, testPassword);
      assertRedirect(answer, landingPath);
      assert.equal(JSON.parse((await browser.get("/me")).text).user.id, owner.id);
      assert.equal((await lent.get("/me")).status, 401);
    });

    for (const [what, end] of Object.entries(endings)) {
      it(`ends at the next request after a person ${what}, on every server`, async () => {
        const connection = await site().acme.connection();
        const user = await createPerson();
        const client = await site().clientOf(user, connection.id);
        const cookie = client.cookies.get("session") as string;
        const other = await startTestApp(use().openAnother(), { sessionSecret });
        try {
          const elsewhere = other.client();
          elsewhere.cookies.set("session", cookie);
          for (const browser of [client, elsewhere])
            assert.equal((await browser.get("/account")).status, 200);
          await end(site(), user, connection);
          assert.equal((await elsewhere.get("/me")).status, 401);
          const away = await client.get("/account?x=1");
          const isGone = !(await site().acme.store.users.byId(user.id));
          assertRedirect(away, `/login?ended=${isGone ? "1" : "organisation"}&returnTo=%2Faccount%3Fx%3D1`);
        } finally {
          await other.close();
        }
      });
    }

    it("ends with the tenant", async () => {
      const { tenant, store } = await createTestTenant(use().database);
      const user = await createLocalAccount(store, "ada@gone.example");
      const client = site().app.client();
      client.cookies.set("session", await plantSession(use(), tenant, user));
      assert.equal((await client.get("/me")).status, 200);
      await deleteTenant(use().database, tenant);
      assert.equal((await client.get("/me")).status, 401);
    });

    it("shows once on the sign-in page that the organisation ended the session", async () => {
      const { store } = site().acme;
      const { id } = await createPerson();
      for (const end of [
        endSessions,
        (_: TenantStore, user: string) => store.users.advanceAccessEpoch(user),
      ]) {
        const client = await site().clientOf((await store.users.byId(id)) as User);
        await end(store, id);
        assert.equal((await client.get("/me")).status, 401, "a script's request takes nothing away");
        for (const unseen of [{ "sec-fetch-dest": "empty" }, { "sec-purpose": "prefetch" }])
          assert.equal((await client.get("/account", unseen)).status, 303);
        const away = await client.get("/account");
        assertRedirect(away, "/login?ended=organisation&returnTo=%2Faccount");
        assert.match(
          (await client.get(away.location as string)).text,
          /Your organisation ended your session\./,
        );
        assertRedirect(await client.get("/account"), "/login?returnTo=%2Faccount");
      }
    });

    it("leads from the front page to the sign-in page, once, if the browser had a session", async () => {
      const { id } = await createPerson();
      const client = await site().clientOf((await site().acme.store.users.byId(id)) as User);
      await endSessions(site().acme.store, id);
      assertRedirect(await client.get("/"), "/login?ended=organisation");
      assert.equal((await client.get("/")).status, 200);
      const expired = site().app.client();
      expired.cookies.set("session", signedCookie("gone"));
      assertRedirect(await expired.get("/"), "/login?ended=1");
      assert.match((await expired.get("/login?ended=1")).text, /Your session has ended\. Sign in again\./);
      assert.equal((await expired.get("/")).status, 200);
    });

    it("does not blame the organisation when the person ended their other sessions", async () => {
      const user = await createPerson();
      const [here, there] = [await site().clientOf(user), await site().clientOf(user)];
      await here.post("/account/sessions/end-others");
      assertRedirect(await there.get("/account"), "/login?ended=1&returnTo=%2Faccount");
    });

    it("shows the front page after the person signed out", async () => {
      const client = await site().clientOf(await createPerson());
      await client.post("/logout");
      assert.equal((await client.get("/")).status, 200);
    });

    it("does not resume with the old cookie after access is granted again", async () => {
      const user = await createPerson();
      const { store } = site().acme;
      const client = await site().clientOf(user);
      const cookie = client.cookies.get("session") as string;
      await blockUser(store, user.id);
      assert.equal((await client.get("/me")).status, 401);
      await store.users.update(user.id, { blocked: false });
      client.cookies.set("session", cookie);
      assert.equal((await client.get("/me")).status, 401);
    });

    it("ends on the server when the person signs out, so the old cookie is invalid", async () => {
      const client = await site().clientOf(await createPerson());
      const cookie = client.cookies.get("session") as string;
      assertRedirect(await client.post("/logout"), "/signed-out");
      assert.equal(headingOf(await client.get("/signed-out")), "You are signed out");
      client.cookies.set("session", cookie);
      assert.equal((await client.get("/me")).status, 401);
    });

    it("ends when the session expires, even if the cookie lives longer", async () => {
      const client = site().app.client();
      const user = await createPerson();
      const expiresAt = Date.now() - 1;
      client.cookies.set("session", await plantSession(use(), site().acme.tenant, user, { expiresAt }));
      assert.equal((await client.get("/me")).status, 401);
    });

    it("reads the role at each request", async () => {
      const user = await createPerson();
      const client = await site().clientOf(user);
      const role = async () => JSON.parse((await client.get("/me")).text).user.role;
      assert.equal(await role(), "member");
      await grantRole(site().acme.store, user.id, "admin");
      assert.equal(await role(), "admin");
      await revokeRole(site().acme.store, user.id, "admin");
      assert.equal(await role(), "member");
    });

    it("shows a message once, and only to its recipient", async () => {
      const client = await site().clientOf(await createPerson());
      const other = await site().clientOf(await createPerson());
      await client.post("/account/sessions/end-others");
      assert.doesNotMatch((await other.get("/account")).text, /You are signed out everywhere else/);
      assert.match((await client.get("/account")).text, /role="status">You are signed out everywhere else\./);
      assert.doesNotMatch((await client.get("/account")).text, /You are signed out everywhere else/);
    });

    it("keeps the pages of a signed-in person out of caches", async () => {
      const client = await site().clientOf(await createPerson());
      for (const path of [landingPath, "/account", "/me", "/no-such-page"]) {
        assert.equal((await client.get(path)).headers.get("cache-control"), "no-store", path);
      }
    });
  });
});

/** A database that has no room for changed sessions while `isFull` says so. */
function unsavedSessions(database: Database, isFull: () => boolean): Database {
  const failing = () => Promise.reject(Object.assign(new Error("full"), { code: "SQLITE_FULL" }));
  const open = (knex: ReturnType<Database["sql"]>) =>
    new Proxy(knex, {
      apply(target, _self, [table]) {
        const builder = target(table);
        return table === "sessions" && isFull() ? Object.assign(builder, { update: failing }) : builder;
      },
    });
  return { ...database, sql: () => open(database.sql()) };
}

describe("when the database fails", () => {
  onOneDatabase((use) => {
    it("completes a page after which the session cannot be saved, and shows the form's answer again", async () => {
      let isFull = false;
      const database = unsavedSessions(use().database, () => isFull);
      const app = await startTestApp(database, { sessionSecret });
      try {
        const { tenant, store } = await createTestTenant(database);
        const owner = await createLocalAccount(store, "owner@acme.example", "owner");
        const client = app.client();
        client.cookies.set("session", await plantSession(use(), tenant, owner));
        const page = "/admin/people/invitations";
        assert.equal((await client.post(page, { email: "no address", role: "member" })).status, 303);
        isFull = true;
        assert.match((await client.get(page)).text, /Nothing was changed[\s\S]*<\/html>/);
        isFull = false;
        assert.match((await client.get(page)).text, /Nothing was changed[\s\S]*<\/html>/);
      } finally {
        await app.close();
      }
    });
  });

  onEachDatabase((use) => {
    it("answers 503 with Retry-After, and keeps running", async () => {
      const { database, fail } = faulty(use().database);
      const app = await startTestApp(database, { sessionSecret });
      try {
        const client = app.client();
        client.cookies.set("session", signedCookie("any"));
        fail(connectionRefused());
        for (const path of [landingPath, "/login", "/me", "/"]) {
          const page = await client.get(path);
          assert.equal(page.status, 503, path);
          assert.equal(headingOf(page), "We cannot answer right now");
          assert.equal(page.headers.get("retry-after"), "30");
        }
        assert.equal((await client.get("/healthz")).status, 200);
        assert.equal((await client.get("/readyz")).status, 503);
        fail(null);
        assert.equal((await client.get("/login")).status, 200);
        assert.equal((await client.get("/readyz")).status, 200);
      } finally {
        await app.close();
      }
    });
  });
});
