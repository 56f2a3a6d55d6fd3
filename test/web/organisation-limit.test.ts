import assert from "node:assert/strict";
import { createHmac, hkdfSync } from "node:crypto";
import type { Request, Response } from "express";
import { blockUser } from "../../src/directory/access.ts";
import { hashToken } from "../../src/store/secrets.ts";
import { sessionStore } from "../../src/store/session-store.ts";
import { landingPath } from "../../src/web/home.ts";
import { parkedSessions } from "../../src/web/parked-sessions.ts";
import type { Client } from "../helpers/client.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { submit } from "../helpers/forms.ts";
import { forgetCounts } from "../helpers/known-devices.ts";
import { assertRedirect } from "../helpers/pages.ts";
import { createLocalAccount, createTestTenant, type TestTenant, testPassword } from "../helpers/people.ts";
import { sessionSecret, sidOf, useSite } from "../helpers/site.ts";

const email = "ada@acme.example";

describe("a browser in as many organisations as it can have", () => {
  onOneDatabase((use) => {
    const site = useSite(use);
    /** In the order of the sign-ins: the last one is current, the others are parked. */
    let tenants: TestTenant[];
    let client: Client;

    const signIn = async ({ tenant }: TestTenant) => {
      await forgetCounts(use().database);
      assertRedirect(await client.signIn(tenant.slug, email, testPassword), landingPath);
    };
    const newTenant = async () => {
      const made = await createTestTenant(use().database);
      await createLocalAccount(made.store, email);
      return made;
    };
    const idsOf = (of: readonly TestTenant[]) => of.map(({ tenant }) => tenant.id).sort();
    const listed = async () => {
      const { text } = await client.get("/account");
      return [...text.matchAll(/name="organisation" value="([^"]+)"/g)].map(([, id]) => id).sort();
    };
    const switchTo = ({ tenant }: TestTenant) =>
      client.post("/organisations/switch", { organisation: tenant.id });
    const sessionCount = async () => (await use().database.sql()("sessions")).length;

    beforeEach(async () => {
      await use().database.sql()("sessions").delete();
      client = site().app.client();
      tenants = [];
      for (let count = 0; count < 5; count++) {
        const made = await newTenant();
        tenants.push(made);
        await signIn(made);
      }
    });

    it("lists the four others after the fifth sign-in", async () => {
      assert.deepEqual(await listed(), idsOf(tenants.slice(0, 4)));
    });

    it("forgets none of them, from whichever it switches to", async () => {
      for (const target of [3, 0, 1, 2, 4]) {
        const wanted = tenants[target] ?? assert.fail();
        assertRedirect(await switchTo(wanted), landingPath);
        assert.equal(JSON.parse((await client.get("/me")).text).tenant.id, wanted.tenant.id);
        assert.deepEqual(await listed(), idsOf(tenants.filter((one) => one !== wanted)));
      }
      assert.equal(await sessionCount(), 5);
    });

    it("ends all of them by signing out of all organisations after a switch", async () => {
      await switchTo(tenants[3] ?? assert.fail());
      await submit(client, "/account", "/logout", { all: "on" });
      assert.equal(await sessionCount(), 0);
    });

    it("ends the one that was parked first at the sixth sign-in", async () => {
      const [first, ...others] = tenants;
      assert.ok(first);
      const before = await client.get("/account");
      assert.ok(before.text.includes(first.tenant.name));
      await signIn(await newTenant());
      assert.deepEqual(await listed(), idsOf(others));
      const user = (await first.store.users.byLoginName(email)) ?? assert.fail();
      assert.deepEqual(await first.store.sessions.ofUser(user.id), []);
      assert.equal(await sessionCount(), 5);
    });

    it("ends none at the sixth sign-in if one of the parked ones has ended already", async () => {
      const blocked = tenants[2] ?? assert.fail();
      const user = (await blocked.store.users.byLoginName(email)) ?? assert.fail();
      await blockUser(blocked.store, user.id);
      await signIn(await newTenant());
      assert.deepEqual(await listed(), idsOf(tenants.filter((one) => one !== blocked)));
    });

    it("changes nothing if the session that it switches to has just ended", async () => {
      const id = sidOf(client.cookies.get("session"));
      const cookie = client.cookies.get("parked-sessions") ?? "";
      const [parkedId = ""] = cookie.split(".");
      const ids = parkedId.split("~");
      const key = Buffer.from(hkdfSync("sha256", sessionSecret, "", "parked-sessions", 32));
      assert.equal(cookie, `${parkedId}.${createHmac("sha256", key).update(parkedId).digest("base64url")}`);
      const sessions = sessionStore(use().database);
      const req = {
        headers: { cookie: `parked-sessions=${cookie}` },
        sessionID: id,
        person: {},
        sessionStore: { get: (_id: string, done: (error: null, found: null) => void) => done(null, null) },
      } as unknown as Request;
      const never = () => assert.fail("the cookie is not changed");
      const res = { cookie: never, clearCookie: never } as unknown as Response;
      const parked = parkedSessions({ sessions, secret: sessionSecret, baseUrl: "http://localhost" })(
        req,
        res,
      );
      assert.equal(await parked.makeCurrent(req, ids[0] ?? ""), false);
      assert.deepEqual([parked.ids(), req.sessionID], [ids, id]);
      assert.ok(await sessions.load(hashToken(id)));
    });
  });
});
