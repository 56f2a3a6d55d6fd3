import assert from "node:assert/strict";
import type { SessionLimits } from "../../src/store/session-store.ts";
import type { Client } from "../helpers/client.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { submit } from "../helpers/forms.ts";
import { assertRedirect } from "../helpers/pages.ts";
import { createLocalAccount, createTestTenant, testPassword } from "../helpers/people.ts";
import { type PlantedSession, plantSession, useSite } from "../helpers/site.ts";

const [minute, hour, day] = [60_000, 3_600_000, 86_400_000];
/** Longer than a test takes, and shorter than any limit. */
const slack = minute;
const defaults: SessionLimits = { idleMinutes: 480, absoluteMinutes: 1440 };
const initial = {
  ...defaults,
  samlUnsolicited: true, // SAML
};

/** How old a session is, and when it was last used. */
interface Age {
  created: number;
  seen: number;
}

describe("the limits of a tenant's sessions", () => {
  onEachDatabase((use) => {
    const site = useSite(use);
    beforeEach(() => site().acme.store.sessions.changePolicy(initial));

    async function planted(session: PlantedSession): Promise<Client> {
      const client = site().app.client();
      const expiresAt = Date.now() + 90 * day;
      const cookie = await plantSession(use(), site().acme.tenant, site().owner, { expiresAt, ...session });
      client.cookies.set("session", cookie);
      return client;
    }
    const isAlive = async (session: PlantedSession) =>
      (await (await planted(session)).get("/me")).status === 200;
    const isAliveAt = ({ created, seen }: Age) =>
      isAlive({ createdAt: Date.now() - created, seenAt: Date.now() - seen });
    const limit = (limits: Partial<SessionLimits>) =>
      site().acme.store.sessions.changePolicy({ ...defaults, ...limits });

    it("are eight hours without a request and 24 hours altogether, unless the tenant chose others", async () => {
      assert.deepEqual(await site().acme.store.sessions.limits(), defaults);
      assert.equal(await isAliveAt({ created: 10 * hour, seen: 8 * hour - slack }), true);
      assert.equal(await isAliveAt({ created: 10 * hour, seen: 8 * hour }), false);
      assert.equal(await isAliveAt({ created: 24 * hour - slack, seen: 0 }), true);
      assert.equal(await isAliveAt({ created: 24 * hour, seen: 0 }), false);
    });

    it("end a session that was not used for the tenant's time", async () => {
      await limit({ idleMinutes: 30 });
      assert.equal(await isAliveAt({ created: hour, seen: 30 * minute - slack }), true);
      assert.equal(await isAliveAt({ created: hour, seen: 30 * minute }), false);
    });

    it("end a session after the tenant's time, however busy it is", async () => {
      await limit({ idleMinutes: 60, absoluteMinutes: 120 });
      assert.equal(await isAliveAt({ created: 2 * hour - slack, seen: 0 }), true);
      assert.equal(await isAliveAt({ created: 2 * hour, seen: 0 }), false);
    });

    it("can be longer than the defaults", async () => {
      await limit({ idleMinutes: 3 * 1440, absoluteMinutes: 30 * 1440 });
      assert.equal(await isAliveAt({ created: 29 * day, seen: 2 * day }), true);
    });

    it("are those of the session's own tenant", async () => {
      const { tenant, store } = await createTestTenant(use().database);
      await store.sessions.changePolicy({ idleMinutes: 5, absoluteMinutes: 10 });
      assert.equal(await isAliveAt({ created: 2 * hour, seen: hour }), true);
      const other = await createLocalAccount(store, "ada@other.example");
      const client = site().app.client();
      const times = { createdAt: Date.now() - hour, expiresAt: Date.now() + day };
      client.cookies.set("session", await plantSession(use(), tenant, other, times));
      assert.equal((await client.get("/me")).status, 401);
    });

    it("end a running session as soon as they are shortened", async () => {
      const client = await planted({ createdAt: Date.now() - 2 * hour });
      assert.equal((await client.get("/me")).status, 200);
      await limit({ idleMinutes: 60, absoluteMinutes: 60 });
      const away = await client.get("/account");
      assertRedirect(away, "/login?ended=1&returnTo=%2Faccount");
    });

    it("are written with a new session and with its use", async () => {
      await limit({ idleMinutes: 30, absoluteMinutes: 45 });
      const { acme, owner, app } = site();
      await acme.store.sessions.remove(owner.id, null);
      const client = app.client();
      assert.equal((await client.signIn(acme.tenant.slug, owner.loginName, testPassword)).status, 303);
      const row = () => use().database.sql()("sessions").where("user_id", owner.id).first();
      const begun = await row();
      assert.equal(begun.expires_at - begun.seen_at, 30 * minute);
      const earlier = { created_at: begun.created_at - 20 * minute, seen_at: begun.seen_at - 20 * minute };
      await use().database.sql()("sessions").where("user_id", owner.id).update(earlier);
      assert.equal((await client.get("/me")).status, 200);
      const used = await row();
      assert.equal(used.expires_at, earlier.created_at + 45 * minute);
    });

    it("are not the only end: the identity provider's end comes first if it is earlier", async () => {
      assert.equal(await isAlive({ endsAt: Date.now() + slack }), true);
      assert.equal(await isAlive({ endsAt: Date.now() - 1 }), false);
      await limit({ idleMinutes: 30, absoluteMinutes: 60 });
      const aged = { createdAt: Date.now() - 2 * hour, endsAt: Date.now() + day };
      assert.equal(await isAlive(aged), false, "the provider's end does not extend a session");
    });

    it("appear on the account page, which does not list a session that has ended", async () => {
      const { acme, owner } = site();
      await acme.store.sessions.remove(owner.id, null);
      await planted({ createdAt: Date.now() - 20 * hour, data: { userAgent: "Long ago" } });
      const endsAt = Date.now() + hour;
      const client = await planted({ endsAt });
      const page = await client.get("/account");
      assert.match(
        page.text,
        new RegExp(`ends at the latest <time datetime="${new Date(endsAt).toISOString()}"`),
      );
      assert.match(page.text, /Long ago/);
      await limit({ absoluteMinutes: 10 * 60 });
      assert.doesNotMatch((await client.get("/account")).text, /Long ago/);
    });

    describe("in the console", () => {
      const wanted = { idle: "90", idleUnit: "minutes", absolute: "3", absoluteUnit: "days" };
      const save = async (form: Record<string, string>, client?: Client) =>
        submit(client ?? (await planted({})), "/admin/sessions", "/limits", { ...wanted, ...form });

      it("are saved by an administrator, with an entry in the activity", async () => {
        const admin = await createLocalAccount(site().acme.store, "admin@acme.example", "admin");
        const client = await site().clientOf(admin);
        assertRedirect(await save({}, client), "/admin/sessions");
        assert.deepEqual(await site().acme.store.sessions.limits(), {
          idleMinutes: 90,
          absoluteMinutes: 4320,
        });
        const [entry] = await site().acme.store.activity.latest(1);
        assert.deepEqual([entry?.action, entry?.actor], ["sessions.limits_changed", "admin@acme.example"]);
        const changed = [
          "idleMinutes: 480 → 90",
          "absoluteMinutes: 1440 → 4320",
          "samlUnsolicited: on → off", // SAML
        ];
        assert.deepEqual(entry?.changed, changed, "with the old and the new values");
        const page = await client.get("/admin/sessions");
        assert.match(page.text, /The limits are saved/);
        assert.match(page.text, /name="idle" value="90"/);
        assert.match(page.text, /name="absolute" value="3"/);
        assert.match(page.text, /<option value="days" selected>/);
      });

      it("do not exist for members", async () => {
        const member = await createLocalAccount(site().acme.store, "member@acme.example");
        const client = await site().clientOf(member);
        assert.equal((await client.get("/admin/sessions")).status, 404);
        assert.equal((await client.post("/admin/sessions/limits", wanted)).status, 404);
        assert.deepEqual(await site().acme.store.sessions.limits(), defaults);
      });

      const refused: [name: string, form: Record<string, string>, sentence: RegExp][] = [
        ["no number", { idle: "" }, /The time without a request must be a whole number/],
        ["a fraction", { idle: "1.5", idleUnit: "hours" }, /must be a whole number/],
        ["an exponent", { idle: "1e3" }, /must be a whole number/],
        ["four minutes", { idle: "4" }, /from 5 minutes to 30 days/],
        ["zero", { absolute: "0" }, /The time after the sign-in must be/],
        ["a negative number", { idle: "-90" }, /must be a whole number/],
        ["31 days", { absolute: "31" }, /from 5 minutes to 30 days/],
        ["an unknown unit", { absoluteUnit: "constructor" }, /The time after the sign-in must be/],
        ["four minutes for the console", { fresh: "4", freshUnit: "minutes" }, /from 5 minutes to 24 hours/],
        ["two days for the console", { fresh: "2", freshUnit: "days" }, /from 5 minutes to 24 hours/],
        ["a longer time without a request", { idle: "4", idleUnit: "days" }, /cannot be longer than/],
      ];
      for (const [name, form, sentence] of refused) {
        it(`refuse ${name}`, async () => {
          const client = await planted({});
          await save(form, client);
          assert.match((await client.get("/admin/sessions")).text, sentence);
          assert.deepEqual(await site().acme.store.sessions.limits(), defaults);
        });
      }
    });
  });
});
