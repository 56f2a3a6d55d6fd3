import assert from "node:assert/strict";
import { issueAccessToken } from "../../src/directory/access-tokens.ts";
import { blockAgent, createAgent } from "../../src/directory/agents.ts";
import { provisionGroup } from "../../src/directory/groups.ts";
import { inviteOwner } from "../../src/directory/local-accounts.ts";
import { provisionUser } from "../../src/directory/provisioning.ts";
import type { Agent, Connection, User } from "../../src/model.ts";
import { agentStore } from "../../src/store/agents.ts";
import { defaultSessionLimits } from "../../src/store/session-store.ts";
import { landingPath } from "../../src/web/home.ts";
import { isAccepted } from "../helpers/access-tokens.ts";
import type { Client } from "../helpers/client.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { submit } from "../helpers/forms.ts";
import { countAs, deviceEntry, usersIn } from "../helpers/known-devices.ts";
import { assertRedirect, factOf } from "../helpers/pages.ts";
import { createLocalAccount, testPassword } from "../helpers/people.ts";
import { shownOnce } from "../helpers/seen.ts";
import { useSite } from "../helpers/site.ts";

describe("/account", () => {
  onOneDatabase((use) => {
    const site = useSite(use);
    let grace: User;
    let connection: Connection;
    before(async () => {
      const { store, writer, connection: connect } = site().acme;
      connection = await connect();
      grace = await provisionUser(store, writer, {
        loginName: "Grace.Hopper@acme.example",
        email: "grace@mail.example",
        displayName: "Amazing Grace",
        givenName: "Grace",
        familyName: "Hopper",
        sourceKey: "00u1",
        active: true,
      });
      await store.roles.grant(grace.id, "admin");
      await provisionGroup(store, writer, { displayName: "Compilers & Co", sourceKey: null }, [grace.id]);
    });

    it("shows the person's names, e-mail, login name, role, organisation, connection and groups", async () => {
      const page = await (await site().clientOf(grace, connection.id)).get("/account");
      const expected = {
        "First name": "Grace",
        "Last name": "Hopper",
        "E-mail": "grace@mail.example",
        "Login name": "Grace.Hopper@acme.example",
        Role: "Admin",
        Organisation: site().acme.tenant.name,
        "Signed in with": "Single sign-on (OIDC)",
        Groups: "Compilers &amp; Co",
      };
      const actual = Object.fromEntries(Object.keys(expected).map((fact) => [fact, factOf(page, fact)]));
      assert.deepEqual(actual, expected);
    });

    it("shows None for missing details", async () => {
      const page = await (await site().clientOf(site().owner)).get("/account");
      assert.equal(factOf(page, "First name"), "None");
      assert.equal(factOf(page, "Groups"), "None");
      assert.equal(factOf(page, "Signed in with"), "Password");
      assert.equal(factOf(page, "Short name"), site().acme.tenant.slug);
    });

    it("offers a password change only to people with a password", async () => {
      const withPassword = await (await site().clientOf(site().owner)).get("/account");
      const without = await (await site().clientOf(grace, connection.id)).get("/account");
      assert.ok(withPassword.text.includes('action="/account/password"'));
      assert.ok(!without.text.includes('action="/account/password"'));
    });

    it("sends signed-out people to the sign-in page", async () => {
      assertRedirect(await site().app.client().get("/account"), "/login?returnTo=%2Faccount");
    });

    it("lists the person's browsers, and signs out all other ones", async () => {
      const user = await createLocalAccount(site().acme.store, "busy@acme.example");
      const here = await site().clientOf(user);
      const there = await site().clientOf(user);
      const before = await here.get("/account");
      assert.equal(before.text.match(/Signed in <time/g)?.length, 2);
      assert.equal(before.text.match(/This browser/g)?.length, 1);
      assertRedirect(await here.post("/account/sessions/end-others"), "/account");
      assert.equal((await there.get("/me")).status, 401);
      const after = await here.get("/account");
      assert.match(after.text, /You are signed out everywhere else/);
      assert.equal(after.text.match(/Signed in <time/g)?.length, 1);
      assert.ok(!after.text.includes("/account/sessions/end-others"));
    });

    it("does not touch other people's sessions", async () => {
      const user = await createLocalAccount(site().acme.store, "bystander@acme.example");
      const bystander = await site().clientOf(user);
      await (await site().clientOf(site().owner)).post("/account/sessions/end-others");
      assert.equal((await bystander.get("/me")).status, 200);
    });
  });
});

describe("apps and agents with access, on the account page", () => {
  onOneDatabase((use) => {
    const site = useSite(use);
    let connectionId: string;
    let agent: Agent;
    before(async () => {
      const { connection, tenant } = site().acme;
      connectionId = (await connection()).id;
      const wanted = { tenantId: tenant.id, name: "Task helper", scopes: ["tasks.read"], jwksUri: null };
      agent = (await createAgent(use().database, wanted)).agent;
    });
    let people = 0;
    /** A person for whom the agent acts, with its access token. */
    async function served() {
      const user = await createLocalAccount(site().acme.store, `served-${people++}@acme.example`);
      const bound = { act: null, scopes: ["tasks.read"], resources: [`${site().app.url}/api/v1`] };
      const grant = { user, role: "member", connectionId, agent, keyThumbprint: null, ...bound } as const;
      const { token } = await issueAccessToken(site().acme.store, grant, defaultSessionLimits);
      return { user, token, client: await site().clientOf(user) };
    }
    const isAlive = async (token: string) => await isAccepted(use().database, token);
    const latest = async () => {
      const [entry = assert.fail()] = await site().acme.store.activity.latest(1);
      return [entry.kind, entry.action, entry.actorKind, entry.actor, entry.targetId];
    };

    it("says that none has acted", async () => {
      const page = await (await site().clientOf(site().owner)).get("/account");
      assert.match(page.text, /No app or agent has acted for you/);
    });

    it("shows what an agent may do; the person revokes it, and allows it again", async () => {
      const { user, token, client } = await served();
      const page = await client.get("/account");
      assert.match(page.text, /Task helper[\s\S]*May: Read the team&#39;s tasks\.[\s\S]*First used <time/);
      assertRedirect(await submit(client, "/account", "/agents/revoke"), "/account");
      assert.equal(await isAlive(token), false);
      const by = ["person", user.loginName, agent.clientId];
      assert.deepEqual(await latest(), ["agents", "agent.access_revoked", ...by]);
      const after = await client.get("/account");
      assert.match(after.text, /The agent has no access to your account any more/);
      assert.match(after.text, /No access[\s\S]*You revoked its access/);
      assertRedirect(await submit(client, "/account", "/agents/allow"), "/account");
      assert.deepEqual(await latest(), ["agents", "agent.access_allowed", ...by]);
      assert.match((await client.get("/account")).text, /May: Read the team&#39;s tasks/);
      assert.equal(await isAlive(token), false, "the agent needs a new token");
    });

    it("changes nothing for other people, and knows no agent that never acted for the person", async () => {
      const [{ token }, stranger] = [await served(), await site().clientOf(site().owner)];
      const entry = await latest();
      for (const end of ["revoke", "allow"])
        assert.equal((await stranger.post(`/account/agents/${end}`, { agent: agent.clientId })).status, 404);
      assert.equal(await isAlive(token), true);
      assert.deepEqual(await latest(), entry);
    });

    it("says that administrators blocked it, or that it is revoked, and offers no button", async () => {
      const { client } = await served();
      await blockAgent(site().acme.store, agent, true);
      const blocked = (await client.get("/account")).text;
      assert.match(blocked, /Your administrators blocked it/);
      assert.doesNotMatch(blocked, /account\/agents/);
      await blockAgent(site().acme.store, agent, false);
      await agentStore(use().database).revoke(agent.clientId);
      const revoked = (await client.get("/account")).text;
      assert.match(revoked, /It was revoked for everyone/);
      assert.doesNotMatch(revoked, /account\/agents/);
    });
  });
});

describe("changing the password", () => {
  const wanted = "a rather different password";

  onOneDatabase((use) => {
    const site = useSite(use);
    let people = 0;
    const account = () => createLocalAccount(site().acme.store, `changer-${people++}@acme.example`);
    const form = { current: testPassword, password: wanted, repeated: wanted };
    const signsIn = async (user: User, password: string) => {
      const answer = await site().app.client().signIn(site().acme.tenant.slug, user.loginName, password);
      return answer.status === 303;
    };

    it("replaces the old password, and ends all other sessions", async () => {
      const user = await account();
      const here = await site().clientOf(user);
      const there = await site().clientOf(user);
      const oldCookie = here.cookies.get("session") as string;
      assertRedirect(await here.post("/account/password", form), "/account");
      assert.match((await here.get("/account")).text, /Your password is changed/);
      assert.equal((await there.get("/me")).status, 401);
      here.cookies.set("session", oldCookie);
      assert.equal((await here.get("/me")).status, 401, "this browser has a new session id");
      assert.deepEqual([await signsIn(user, testPassword), await signsIn(user, wanted)], [false, true]);
    });

    it("refuses a wrong current password and changes nothing", async () => {
      const user = await account();
      const client = await site().clientOf(user);
      const there = await site().clientOf(user);
      const posted = await client.post("/account/password", { ...form, current: "wrong" });
      const page = await shownOnce(client, posted, "/account", "The current password is not right.");
      assert.match(page.text, /id="current"[^>]* aria-invalid="true"[^>]* autofocus/);
      assert.ok(!page.text.includes(wanted), "it keeps no password");
      assert.equal((await there.get("/me")).status, 200);
      assert.deepEqual([await signsIn(user, testPassword), await signsIn(user, wanted)], [true, false]);
    });

    const unacceptable: [string, Record<string, string>][] = [
      ["a short password", { password: "short", repeated: "short" }],
      ["a very long password", { password: "x".repeat(257), repeated: "x".repeat(257) }],
      ["two different passwords", { repeated: `${wanted}!` }],
    ];
    for (const [what, change] of unacceptable) {
      it(`refuses ${what}`, async () => {
        const user = await account();
        const client = await site().clientOf(user);
        const posted = await client.post("/account/password", { ...form, ...change });
        await shownOnce(client, posted, "/account", "Nothing was changed. Correct this field:");
        assert.equal(await signsIn(user, testPassword), true);
      });
    }

    it("refuses the sixth attempt within 15 minutes, even with the right password", async () => {
      const user = await account();
      const client = await site().clientOf(user);
      const wrong = () => client.post("/account/password", { ...form, current: "wrong" });
      assertRedirect(await wrong(), "/account");
      // Pretend that all attempts but one have been made.
      await use()
        .database.sql()("rate_limits")
        .where("key", "like", "password-change:%")
        .update({ points: 4 });
      assertRedirect(await wrong(), "/account");
      const answer = await client.post("/account/password", form);
      assert.equal(answer.status, 429);
      assert.match(answer.headers.get("retry-after") ?? "", /^[1-9]\d*$/);
      assert.equal(await signsIn(user, testPassword), true);
    });

    describe("while an attacker guesses with a stolen session", () => {
      const limit = (name: string, points: number) => countAs(use().database, name, points);
      /** Two browsers with one session, one of them on a device that knows the account. */
      async function stolen() {
        const user = await account();
        const [own, thief] = [await site().clientOf(user), site().app.client()];
        thief.cookies.set("session", own.cookies.get("session") ?? "");
        own.cookies.set("known-device", deviceEntry({ tenantId: site().acme.tenant.id, userId: user.id }));
        const wrong = async (client: Client) =>
          (await client.post("/account/password", { ...form, current: "wrong" })).status;
        assert.equal(await wrong(thief), 303);
        await limit("password-change", 5);
        assert.equal(await wrong(thief), 429);
        return { user, own, thief, wrong };
      }

      it("still works on a known device, and resets that device's count", async () => {
        const { user, own, thief } = await stolen();
        assertRedirect(await own.post("/account/password", form), "/account");
        assert.equal(await signsIn(user, wanted), true);
        assert.equal((await thief.get("/me")).status, 401);
        assert.deepEqual(usersIn(own.cookies.get("known-device")), [user.id]);
      });

      it("gives a known device ten attempts of its own, and then the limit of the session", async () => {
        const { user, own, wrong } = await stolen();
        assert.equal(await wrong(own), 303);
        await limit("password-device", 9);
        assert.equal(await wrong(own), 303);
        assert.equal((await own.post("/account/password", form)).status, 429);
        assert.equal(await signsIn(user, testPassword), true);
      });

      it("does not accept the device cookie of another account", async () => {
        const { own } = await stolen();
        const other = deviceEntry({ tenantId: site().acme.tenant.id, userId: (await account()).id });
        own.cookies.set("known-device", other);
        assert.equal((await own.post("/account/password", form)).status, 429);
      });
    });

    it("counts attempts, not invalid forms, and resets the count after a change", async () => {
      const user = await account();
      const client = await site().clientOf(user);
      const change = async (words: Record<string, string>) =>
        (await client.post("/account/password", { ...form, ...words })).status;
      assert.equal(await change({ current: "wrong" }), 303);
      await countAs(use().database, "password-change", 4);
      assert.equal(await change({ password: "short", repeated: "short" }), 303);
      assert.equal(await change({ repeated: "not the same" }), 303);
      assert.equal(await change({}), 303);
      const rows = use().database.sql()("rate_limits").where("key", "like", "password-change:%");
      assert.deepEqual(await rows.where({ points: 5 }).select("key"), []);
    });

    it("is unlimited again after the operator's link", async () => {
      const user = await account();
      const client = await site().clientOf(user);
      await client.post("/account/password", { ...form, current: "wrong" });
      await countAs(use().database, "password-change", 5);
      const newDevice = site().app.client();
      const token = await inviteOwner(site().acme.store, user.loginName);
      await newDevice.post(`/setup/${token}`, { password: testPassword, repeated: testPassword });
      newDevice.cookies.delete("known-device");
      assertRedirect(await newDevice.post("/account/password", form), "/account");
    });

    it("does not give a password to a person without one", async () => {
      const { store, writer } = site().acme;
      const [loginName, profile] = ["sso@acme.example", { givenName: null, familyName: null }];
      const wantedUser = {
        ...profile,
        displayName: null,
        email: null,
        loginName,
        sourceKey: null,
        active: true,
      };
      const user = await provisionUser(store, writer, wantedUser);
      await (await site().clientOf(user)).post("/account/password", { ...form, current: "" });
      assert.equal(await store.credentials.passwordHash(user.id), null);
    });
  });
});

describe("/me", () => {
  onOneDatabase((use) => {
    const site = useSite(use);

    it("returns the signed-in person", async () => {
      const { tenant, store } = site().acme;
      const { id } = site().owner;
      await store.users.update(id, { givenName: "Ada", familyName: "Lovelace", displayName: "Ada L." });
      const connection = await site().acme.connection({ settings: null });
      await store.connections.update(connection.id, { status: "active" });
      const expected = {
        tenant: { id: site().acme.tenant.id, slug: tenant.slug, name: tenant.name },
        user: {
          id,
          loginName: "owner@acme.example",
          email: "owner@acme.example",
          givenName: "Ada",
          familyName: "Lovelace",
          role: "owner",
        },
        groups: [],
        entitlements: [],
        connection: null as unknown,
      };
      const byPassword = await (await site().clientOf(site().owner)).get("/me");
      assert.match(byPassword.headers.get("content-type") ?? "", /^application\/json/);
      assert.deepEqual(JSON.parse(byPassword.text), expected);
      expected.connection = { key: connection.key, type: "oidc" };
      const bySso = await (await site().clientOf(site().owner, connection.id)).get("/me");
      assert.deepEqual(JSON.parse(bySso.text), expected);
    });

    it("answers 401 when no one is signed in", async () => {
      const answer = await site().app.client().get("/me");
      assert.equal(answer.status, 401);
      assert.deepEqual(JSON.parse(answer.text), { error: "Not signed in" });
      assert.equal(answer.headers.get("cache-control"), "no-store");
    });
  });
});

describe("signing out", () => {
  onOneDatabase((use) => {
    const site = useSite(use);

    it("is offered on every page for signed-in people", async () => {
      const client = await site().clientOf(site().owner);
      for (const path of [landingPath, "/account", "/no-such-page", "/signed-out", "/login/password"]) {
        assert.ok((await client.get(path)).text.includes('action="/logout"'), path);
      }
    });

    it("is not possible by a link", async () => {
      const client = await site().clientOf(site().owner);
      assertRedirect(await client.get("/logout"), "/");
      assert.equal((await client.get("/me")).status, 200);
    });

    it("does nothing when no one is signed in", async () => {
      assertRedirect(await site().app.client().post("/logout"), "/signed-out");
    });
  });
});
