import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { refusalThreshold, refusalWindowMs, tellRefusals } from "../../src/directory/access-events.ts";
import { blockPerson, unblockPerson } from "../../src/directory/administration.ts";
import { provisionUser, updateProvisionedUser } from "../../src/directory/provisioning.ts";
import { signIn } from "../../src/directory/sign-in.ts";
import { ConflictError, RefusedError } from "../../src/errors.ts";
import type { Connection, User } from "../../src/model.ts";
import { disableSending, sendTestEvent } from "../../src/shared-signals/sending.ts";
import { forTenant } from "../../src/store/tenant-store.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { submit } from "../helpers/forms.ts";
import { createLocalAccount, identityOf, provisioned, testPassword } from "../helpers/people.ts";
import { revocationToken, startRevokingOrg } from "../helpers/revocation.ts";
import {
  runnerOf,
  type SignalReceiver,
  sendingConnection,
  startSignalReceiver,
  verified,
} from "../helpers/signal-receiver.ts";
import { plantSession, useSite } from "../helpers/site.ts";

const caep = "https://schemas.openid.net/secevent/caep/event-type";
const riskChange = "https://schemas.okta.com/secevent/okta/event-type/user-risk-change";

describe("signals to a connection's org", () => {
  onEachDatabase((use) => {
    const dataKey = randomBytes(32);
    const site = useSite(use, { dataKey, insecureAllowPrivateNetwork: true });
    let org: SignalReceiver;
    let connection: Connection;
    let runner: ReturnType<typeof runnerOf>;
    let people = 0;

    before(async () => {
      org = await startSignalReceiver();
      connection = await sendingConnection(site().acme, org, dataKey);
      runner = runnerOf(use().database, { app: site().app, dataKey });
    });
    after(() => org.close());
    beforeEach(async () => {
      await runner.runDue();
      org.tokens = [];
    });

    const issuer = () => `${site().app.url}/shared-signals/${connection.key}`;
    /** Sends what waits. Returns the type of each event, and its claims. */
    async function told() {
      await runner.runDue();
      const tokens = await Promise.all(org.tokens.map((token) => verified(token, issuer(), org.url)));
      return tokens.map(({ events }) => Object.entries(events as Record<string, object>)[0] ?? assert.fail());
    }
    const typesTold = async () => (await told()).map(([type]) => type.split("/").at(-1)).sort();

    /** A person who signed in by the connection, with a session there. */
    async function signedIn(): Promise<{ user: User; email: string }> {
      const email = `person-${people++}@acme.example`;
      const { user } = await signIn(site().acme.store, identityOf(connection, email));
      await plantSession(use(), site().acme.tenant, user, { connectionId: connection.id });
      await runner.runDue();
      org.tokens = [];
      return { user, email };
    }
    const press = async (user: User, button: string, fields = {}) => {
      const owner = await site().clientOf(site().owner);
      const answer = await submit(owner, `/admin/people/${user.id}`, `/${button}`, fields);
      assert.equal(answer.status, 303);
    };

    it("say that a person signed in by the connection, in a token that its keys verify", async () => {
      const before = Math.floor(Date.now() / 1000);
      await signIn(site().acme.store, identityOf(connection, "ada@acme.example"));
      await runner.runDue();
      const { jti, iat, events, ...claims } = await verified(org.tokens[0] ?? "", issuer(), org.url);
      assert.deepEqual(claims, { iss: issuer(), aud: org.url });
      assert.match(String(jti), /^[\da-f-]{36}$/);
      assert.ok(Number(iat) >= before && Number(iat) <= Math.ceil(Date.now() / 1000), "iat is in seconds");
      const event = {
        subject: { user: { format: "email", email: "ada@acme.example" } },
        event_timestamp: iat,
        initiating_entity: "user",
        reason_admin: { en: "The person signed in." },
      };
      assert.deepEqual(events, { [`${caep}/session-established`]: event });
      assert.equal(org.tokens.length, 1);
    });

    it("say that an administrator ended a person's sessions, and who is concerned", async () => {
      const { user, email } = await signedIn();
      await press(user, "sign-out");
      const [[type, event] = assert.fail(), ...others] = await told();
      assert.equal(type, `${caep}/session-revoked`);
      const { initiating_entity, subject } = event as Record<string, unknown>;
      assert.equal(initiating_entity, "admin");
      assert.deepEqual(subject, { user: { format: "email", email } });
      assert.deepEqual(others, []);
    });

    it("are silent if the person had no session by the connection", async () => {
      const { user } = await signedIn();
      await press(user, "sign-out");
      await told();
      org.tokens = [];
      const owner = await site().clientOf(site().owner);
      const signOut = () => owner.post(`/admin/people/${user.id}/sign-out`);
      assert.equal((await signOut()).status, 303);
      const current = (await site().acme.store.users.byId(user.id)) ?? assert.fail();
      await plantSession(use(), site().acme.tenant, current);
      assert.equal((await signOut()).status, 303);
      assert.deepEqual(await typesTold(), []);
    });

    it("say that an administrator blocked a person, once, and unblocked them, once", async () => {
      const { user } = await signedIn();
      await press(user, "block");
      const events = new Map(await told());
      assert.deepEqual([...events.keys()].sort(), [riskChange, `${caep}/session-revoked`]);
      const levels = { previous_level: "low", current_level: "high", initiating_entity: "admin" };
      assert.deepEqual({ ...events.get(riskChange), ...levels }, events.get(riskChange));
      org.tokens = [];
      await press(user, "unblock");
      const [[, event] = assert.fail(), ...others] = await told();
      const back = { previous_level: "high", current_level: "low" };
      assert.deepEqual({ ...event, ...back }, event);
      assert.deepEqual(others, []);
      org.tokens = [];
      const [{ store }, by] = [site().acme, { userId: site().owner.id }];
      await unblockPerson(store, by, user.id);
      await store.users.update(user.id, { blocked: true });
      await blockPerson(store, by, user.id);
      assert.deepEqual(await typesTold(), []);
    });

    it("say that an administrator unlinked the identity", async () => {
      const { user, email } = await signedIn();
      await press(user, "unlink", { connection: connection.id, subject: `subject-of-${email}` });
      assert.deepEqual(await typesTold(), ["session-revoked"]);
    });

    it("say that a person ended their other sessions, but not that they signed out", async () => {
      const { user } = await signedIn();
      const own = await site().clientOf(user, connection.id);
      await own.post("/logout");
      assert.deepEqual(await typesTold(), []);
      const other = await site().clientOf(user);
      assert.equal((await other.post("/account/sessions/end-others")).status, 303);
      const [[type, event] = assert.fail(), ...others] = await told();
      assert.equal(type, `${caep}/session-revoked`);
      assert.equal((event as { initiating_entity: string }).initiating_entity, "user");
      assert.deepEqual(others, []);
    });

    it("say that one session ended, if it began by the connection", async () => {
      const { user } = await signedIn();
      const { store } = site().acme;
      const owner = await site().clientOf(site().owner);
      await site().clientOf(user);
      const sessions = await store.sessions.ofUser(user.id);
      const byConnection = sessions.find((one) => one.connection !== null)?.id ?? assert.fail();
      const byPassword = sessions.find((one) => one.connection === null)?.id ?? assert.fail();
      const end = (session: string) => owner.post("/admin/sessions/end", { user: user.id, session });
      assert.equal((await end(byPassword)).status, 303);
      assert.deepEqual(await typesTold(), []);
      assert.equal((await end(byConnection)).status, 303);
      assert.deepEqual(await typesTold(), ["session-revoked"]);
    });

    it("do not mention the session that goes on", async () => {
      const email = `person-${people++}@acme.example`;
      const { user } = await signIn(site().acme.store, identityOf(connection, email));
      await told();
      org.tokens = [];
      const only = await site().clientOf(user, connection.id);
      await only.post("/account/sessions/end-others");
      assert.deepEqual(await typesTold(), []);
    });

    it("say once in a window that sign-ins of a known person are refused", async () => {
      const { user, email } = await signedIn();
      await site().acme.store.users.update(user.id, { active: false });
      const attempt = () => signIn(site().acme.store, identityOf(connection, email));
      for (let count = 1; count < refusalThreshold; count++) await assert.rejects(attempt, RefusedError);
      assert.deepEqual(await typesTold(), []);
      for (let count = 0; count < refusalThreshold; count++) await assert.rejects(attempt, RefusedError);
      const [[type, event] = assert.fail(), ...others] = await told();
      assert.equal(type, riskChange);
      const levels = { previous_level: "low", current_level: "medium", initiating_entity: "policy" };
      assert.deepEqual({ ...event, ...levels }, event);
      assert.deepEqual(others, []);
      org.tokens = [];
      const later = forTenant(
        use().database,
        site().acme.store.tenantId,
        () => Date.now() + refusalWindowMs + 1,
      );
      for (let count = 0; count < refusalThreshold; count++)
        await later.transaction((inside) => tellRefusals(inside, user.id));
      const messages = await site().acme.store.outbox.ofConnection(connection.id, 99);
      const risks = messages.filter(
        ({ userId, facts }) => userId === user.id && (facts as { event: string }).event === "risk-changed",
      );
      assert.equal(risks.length, 2);
    });

    it("count concurrent refusals, so that one of them is told", async () => {
      const { user, email } = await signedIn();
      await site().acme.store.users.update(user.id, { active: false });
      const attempts = Array.from({ length: 2 * refusalThreshold }, () =>
        signIn(site().acme.store, identityOf(connection, email)).catch((error: unknown) => error),
      );
      for (const outcome of await Promise.all(attempts)) assert.ok(outcome instanceof RefusedError);
      assert.deepEqual(await typesTold(), ["user-risk-change"]);
    });

    it("never lower the risk of a blocked person", async () => {
      const { user, email } = await signedIn();
      await press(user, "block");
      await told();
      org.tokens = [];
      const attempt = () => signIn(site().acme.store, identityOf(connection, email));
      for (let count = 0; count < refusalThreshold; count++) await assert.rejects(attempt, RefusedError);
      assert.deepEqual(await typesTold(), []);
    });

    it("never repeat what provisioning did", async () => {
      const { store, writer } = site().acme;
      const email = `person-${people++}@acme.example`;
      const wanted = provisioned(email, { email, sourceKey: `subject-of-${email}` });
      const user = await provisionUser(store, writer, wanted);
      await signIn(store, identityOf(connection, email));
      await plantSession(use(), site().acme.tenant, user, { connectionId: connection.id });
      assert.deepEqual(await typesTold(), ["session-established"]);
      org.tokens = [];
      await updateProvisionedUser(store, writer, user.id, { active: false });
      assert.deepEqual(await typesTold(), []);
    });

    it("never repeat a Universal Logout", async () => {
      const { store, tenant } = site().acme;
      const revoking = await startRevokingOrg();
      try {
        const other = await sendingConnection(site().acme, { url: revoking.issuer }, dataKey);
        const { user } = await signIn(store, identityOf(other, "margaret@acme.example"));
        const cookie = await plantSession(use(), tenant, user, { connectionId: other.id });
        const address = `${site().app.url}/global-token-revocation`;
        const answer = await fetch(address, {
          method: "POST",
          headers: {
            authorization: `Bearer ${await revocationToken(revoking, "0oa1", address)}`,
            "content-type": "application/json",
          },
          body: JSON.stringify({ sub_id: { format: "email", email: "margaret@acme.example" } }),
        });
        assert.equal(answer.status, 204);
        const client = site().app.client();
        client.cookies.set("session", cookie);
        assert.equal((await client.get("/me")).status, 401);
        const messages = await store.outbox.ofConnection(other.id, 9);
        assert.deepEqual(
          messages.map(({ facts }) => facts),
          [{ event: "session-began" }],
        );
      } finally {
        await revoking.close();
      }
    });

    it("are silent about people who do not sign in by the connection, or have no address", async () => {
      const { store, tenant } = site().acme;
      const local = await createLocalAccount(store, "local@acme.example");
      await site().app.client().signIn(tenant.slug, "local@acme.example", testPassword);
      await plantSession(use(), tenant, local, { connectionId: connection.id });
      await press(local, "block");
      const profile = { givenName: null, familyName: null, displayName: null, email: null };
      const without = identityOf(connection, "no-address", { profile });
      const { user } = await signIn(store, without);
      await press(user, "block");
      assert.deepEqual(await typesTold(), []);
    });

    it("vanish with a change that is rolled back", async () => {
      const { user } = await signedIn();
      const [{ store }, by] = [site().acme, { userId: site().owner.id }];
      const change = store.transaction(async (inside) => {
        await blockPerson(inside, by, user.id);
        throw new Error("rolled back");
      });
      await assert.rejects(change, /rolled back/);
      assert.deepEqual(await typesTold(), []);
    });

    it("test the receiver with an event about the administrator, who needs an address", async () => {
      const { store } = site().acme;
      const step = async () => undefined;
      await sendTestEvent(store, connection, site().owner.id, step);
      const [[type, event] = assert.fail()] = await told();
      assert.equal(type, `${caep}/session-established`);
      const { subject, reason_admin } = event as Record<string, unknown>;
      assert.deepEqual(subject, { user: { format: "email", email: "owner@acme.example" } });
      assert.deepEqual(reason_admin, { en: "A test event of the application." });
      await store.users.update(site().owner.id, { email: null });
      await assert.rejects(() => sendTestEvent(store, connection, site().owner.id, step), ConflictError);
    });

    it("do not exist while they are off: nothing is stored, and no key is published", async () => {
      const { store } = site().acme;
      const off = await site().acme.connection({ settings: { issuer: org.url, clientId: "0oa2" } });
      const paths = [
        `/.well-known/ssf-configuration/shared-signals/${off.key}`,
        `/shared-signals/${off.key}/jwks.json`,
      ];
      const { user } = await signIn(store, identityOf(off, "grace@acme.example"));
      await plantSession(use(), site().acme.tenant, user, { connectionId: off.id });
      await press(user, "block");
      assert.deepEqual(await store.outbox.ofConnection(off.id, 9), []);
      assert.deepEqual(await store.signalTransmitters.keys(off.id), []);
      for (const path of paths) assert.equal((await site().app.client().get(path)).status, 404);
    });

    it("stop at once when they are switched off, also those that wait", async () => {
      const other = await sendingConnection(site().acme, org, dataKey);
      await signIn(site().acme.store, identityOf(other, "linus@acme.example"));
      await disableSending(site().acme.store, other, async () => undefined);
      await runner.runDue();
      assert.deepEqual(org.tokens, []);
      const [message] = await site().acme.store.outbox.ofConnection(other.id, 9);
      assert.deepEqual([message?.state, message?.answer], ["given-up", "signals are off"]);
      const path = `/shared-signals/${other.key}/jwks.json`;
      assert.equal((await site().app.client().get(path)).status, 404);
    });
  });
});
