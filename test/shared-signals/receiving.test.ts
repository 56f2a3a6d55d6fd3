import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { revokeUserAccess } from "../../src/directory/access.ts";
import { issueAccessToken } from "../../src/directory/access-tokens.ts";
import { createAgent } from "../../src/directory/agents.ts";
import { enableSending } from "../../src/shared-signals/sending.ts";
import { removeExpired } from "../../src/store/housekeeping.ts";
import { hashToken } from "../../src/store/secrets.ts";
import { defaultSessionLimits } from "../../src/store/session-store.ts";
import { isAccepted } from "../helpers/access-tokens.ts";
import { startTestApp, type TestApp } from "../helpers/app.ts";
import { pooledKeys } from "../helpers/certificates.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { connectionRefused, faulty } from "../helpers/faults.ts";
import { createLocalAccount, createTestTenant } from "../helpers/people.ts";
import { audience, caep, connectStream, email, ssf, useSignalSite } from "./world.ts";

const revoked = `${caep}/session-revoked`;
const changed = `${caep}/credential-change`;
const verification = `${ssf}/verification`;
const updated = `${ssf}/stream-updated`;
const options = { insecureAllowPrivateNetwork: true };

describe("a security event", () => {
  onEachDatabase((use) => {
    const site = useSignalSite(use);
    let replica: TestApp;
    before(async () => {
      replica = await startTestApp(use().openAnother(), options);
    });
    after(() => replica.close());

    const signedIn = async () => {
      const client = await site().session();
      assert.equal((await client.get("/me")).status, 200);
      return async () => (await client.get("/me")).status === 200;
    };
    const activity = async () =>
      (await site().acme.store.activity.latest(50)).filter(({ actorKind }) => actorKind === "shared-signals");
    const results = () =>
      site()
        .app.logged.filter(({ event }) => event === "shared_signals.received")
        .map(({ result }) => result);

    it("that arrives at one replica ends sessions and access tokens on the other", async () => {
      const { acme, ada, connection, push, set } = site();
      const isSignedIn = await signedIn();
      const registered = { tenantId: acme.store.tenantId, name: "Helper", scopes: ["tasks.read"] };
      const { agent } = await createAgent(use().database, { ...registered, jwksUri: null });
      const user = (await acme.store.users.byId(ada.id)) ?? assert.fail();
      const bound = { act: null, scopes: ["tasks.read"], resources: ["api"], keyThumbprint: null };
      const grant = { user, role: "member", connectionId: connection.id, agent, ...bound } as const;
      const { token } = await issueAccessToken(acme.store, grant, defaultSessionLimits);
      assert.ok(await isAccepted(use().database, token));

      const answer = await push(await set(), {}, { app: replica });
      assert.deepEqual([answer.status, answer.text], [202, ""]);
      assert.equal(await isSignedIn(), false);
      assert.equal(await isAccepted(use().database, token), false);
    });

    it("that is repeated, also at once on two replicas, is acted on once and gets 202 each time", async () => {
      const { app, push, set, stream } = site();
      const before = (await activity()).length;
      const given = await set();
      const at = [app, replica, app, replica, app, replica];
      const answers = await Promise.all(at.map((one) => push(given, {}, { app: one })));
      assert.deepEqual([...new Set(answers.map(({ status, text }) => `${status}${text}`))], ["202"]);
      assert.equal((await activity()).length, before + 1);
      const isSignedIn = await signedIn();
      const { lastEventAt } = await stream();
      assert.equal((await push(given)).status, 202);
      assert.deepEqual([await isSignedIn(), (await stream()).lastEventAt], [true, lastEventAt]);
    });

    it("with the id of another one does nothing, but ids of different streams are different", async () => {
      const { acme, org, push, set } = site();
      const claims = { jti: randomUUID() };
      assert.equal((await push(await set({ claims: { ...claims, events: { "urn:x": {} } } }))).status, 202);
      const isSignedIn = await signedIn();
      assert.equal((await push(await set({ claims }))).status, 202);
      assert.equal(await isSignedIn(), true);
      const other = await acme.connection({ settings: { issuer: org.issuer, clientId: "other" } });
      await connectStream(acme.store, other, org.issuer);
      await push(await set({ claims }), {}, { path: `/shared-signals/${other.key}` });
      assert.equal(await isSignedIn(), false);
    });

    it("is forgotten by housekeeping only when its SET is too old to be accepted", async () => {
      const { push, set } = site();
      const sql = use().database.sql();
      const iat = Math.floor(Date.now() / 1000) - 29 * 86_400;
      const given = await set({ claims: { iat, jti: "old" } });
      assert.equal((await push(given)).status, 202);
      await removeExpired(use().database);
      const ids = () => sql("received_signals").where({ jti_hash: hashToken("old") });
      const [row] = await ids();
      assert.ok(row.expires_at >= (iat + 30 * 86_400) * 1000);
      await ids().update({ expires_at: Date.now() - 1 });
      await removeExpired(use().database);
      assert.deepEqual(await ids(), []);
    });

    it("of a changed credential is recorded, and ends sessions if the administrator wants it", async () => {
      const { acme, pushEvent, stream } = site();
      const cases = [
        [false, "revoke", true],
        [false, "delete", true],
        [true, "create", true],
        [true, "update", true],
        [true, "revoke", false],
        [true, "delete", false],
      ] as const;
      for (const [credentialChangeEndsSessions, change, stays] of cases) {
        await acme.store.signalStreams.update((await stream()).id, { credentialChangeEndsSessions });
        const isSignedIn = await signedIn();
        const event = { credential_type: "fido2-roaming", change_type: change };
        const sub_id = { format: "email", email: email.toUpperCase() };
        assert.equal((await pushEvent(changed, event, { sub_id })).status, 202);
        assert.equal(await isSignedIn(), stays, `${credentialChangeEndsSessions} ${change}`);
        const entry = (await activity()).find(({ action }) => action === `user.credential_${change}d`);
        assert.deepEqual(entry?.changed, ["fido2-roaming"]);
        assert.equal(entry?.targetId, site().ada.id);
      }
    });

    it("about a person without an account gets the same answer, and no entry in the activity", async () => {
      const { app, push, set } = site();
      const unknown = [
        { format: "email", email: "unknown@acme.example" },
        { format: "opaque", id: "unknown" },
        { format: "phone_number", phone_number: "+1 206 555 0123" },
        { format: "complex", session: { format: "opaque", id: "1" } },
      ];
      const known = await push(await set());
      const before = await activity();
      for (const sub_id of unknown) {
        const answer = await push(await set({ claims: { sub_id } }));
        assert.deepEqual([answer.status, answer.text], [known.status, known.text]);
      }
      assert.deepEqual(await activity(), before);
      assert.deepEqual(
        results().slice(-unknown.length),
        unknown.map(() => "person-unknown"),
      );
      assert.doesNotMatch(JSON.stringify(app.logged), /unknown@acme\.example/);
    });

    it("acts in its own tenant only, on a person whom both tenants know by the same address", async () => {
      const { pushEvent, acme } = site();
      const bravo = await createTestTenant(use().database);
      const theirs = await createLocalAccount(bravo.store, email);
      const isSignedIn = await signedIn();
      const sub_id = { format: "email", email };
      assert.equal((await pushEvent(revoked, {}, { sub_id })).status, 202);
      assert.equal(await isSignedIn(), false);
      const now = await bravo.store.users.byId(theirs.id);
      assert.equal(now?.accessEpoch, theirs.accessEpoch);
      assert.equal((await acme.store.activity.latest(1))[0]?.action, "user.signed_out");
    });

    it("that verifies the stream counts once, and only with the state in flight", async () => {
      const { acme, pushEvent, stream } = site();
      const { id } = await stream();
      await acme.store.signalStreams.update(id, {
        stateHash: hashToken("state"),
        verificationRequestedAt: 1,
        verifiedAt: null,
      });
      const sub_id = { format: "opaque", id: "esc1" };
      assert.equal((await pushEvent(verification, {}, { sub_id })).status, 202);
      assert.equal((await stream()).verifiedAt, null);
      assert.equal((await pushEvent(verification, { state: "state" }, { sub_id })).status, 202);
      const { verifiedAt, verificationRequestedAt } = await stream();
      assert.ok(verifiedAt);
      assert.equal(verificationRequestedAt, null);
      assert.equal((await activity())[0]?.action, "stream.verified");
      const again = await pushEvent(verification, { state: "state" }, { sub_id });
      assert.deepEqual([again.status, JSON.parse(again.text).err], [400, "invalid_state"]);
    });

    it("about the stream changes its status, and enables it again", async () => {
      const { pushEvent, stream } = site();
      const isSignedIn = await signedIn();
      const update = (event: object) =>
        pushEvent(updated, event, { sub_id: { format: "opaque", id: "esc1" } });
      const revoke = async () =>
        (await pushEvent(revoked, {}, { sub_id: { format: "email", email } })).status;
      await update({ status: "disabled", reason: "Too many errors" });
      const { status, statusReason, lastEvent } = await stream();
      assert.deepEqual([status, statusReason, lastEvent], ["disabled", "Too many errors", updated]);
      assert.deepEqual([await revoke(), await isSignedIn()], [400, true]);
      await update({ status: "enabled" });
      assert.deepEqual([(await stream()).status, (await stream()).statusReason], ["enabled", null]);
      assert.deepEqual([await revoke(), await isSignedIn()], [202, false]);
    });

    it("that was under way when the stream was paused still ends sessions", async () => {
      const { acme, push, set, stream } = site();
      const isSignedIn = await signedIn();
      await acme.store.signalStreams.update((await stream()).id, { status: "paused" });
      assert.equal((await push(await set())).status, 202);
      assert.equal(await isSignedIn(), false);
      await acme.store.signalStreams.update((await stream()).id, { status: "enabled" });
    });

    it("changes nothing while the stream is paused here, also if the org says that it is on", async () => {
      const { acme, push, pushEvent, set, stream } = site();
      const { id } = await stream();
      await acme.store.signalStreams.update(id, { isPausedHere: true });
      const isSignedIn = await signedIn();
      await pushEvent(updated, { status: "enabled" }, { sub_id: { format: "opaque", id: "esc1" } });
      assert.equal((await push(await set())).status, 202);
      assert.deepEqual([await isSignedIn(), (await activity())[0]?.action], [true, "signal.passed_over"]);
      await acme.store.signalStreams.update(id, { isPausedHere: false });
      assert.equal((await push(await set())).status, 202);
      assert.equal(await isSignedIn(), false);
    });

    it("is not echoed: the org hears only of sessions that ended here", async () => {
      const { acme, ada, connection, push, sealer, set } = site();
      const maker = { sealer, generateKeys: pooledKeys };
      await enableSending(acme.store, maker, connection, async () => undefined);
      const told = async () => (await acme.store.outbox.ofConnection(connection.id, 9)).length;
      await signedIn();
      assert.equal((await push(await set())).status, 202);
      assert.equal(await told(), 0);
      await signedIn();
      await acme.store.transaction((inside) => revokeUserAccess(inside, ada.id, "person"));
      assert.equal(await told(), 1, "it is on");
      await acme.store.signalTransmitters.setSending(connection.id, false);
    });

    it("may have the other spellings of the type, of the media type and of the audience", async () => {
      const { push, set } = site();
      for (const typ of ["secevent+jwt", "SECEVENT+JWT", "application/secevent+jwt"])
        assert.equal((await push(await set({ header: { typ } }))).status, 202, typ);
      for (const type of ["Application/SecEvent+JWT", "application/secevent+jwt; charset=utf-8"])
        assert.equal((await push(await set(), { "content-type": type })).status, 202, type);
      const aud = ["https://elsewhere.example", audience];
      assert.equal((await push(await set({ claims: { aud } }))).status, 202);
    });

    it("is not lost while the database does not answer: 503 with Retry-After, and then 202", async () => {
      const { push, set } = site();
      const { database, fail } = faulty(use().openAnother());
      const app = await startTestApp(database, options);
      const isSignedIn = await signedIn();
      const given = await set();
      fail(connectionRefused());
      const answer = await push(given, {}, { app });
      assert.deepEqual([answer.status, answer.text], [503, ""]);
      assert.match(answer.headers.get("retry-after") ?? "", /^\d+$/);
      assert.equal(await isSignedIn(), true);
      fail(null);
      assert.equal((await push(given, {}, { app })).status, 202);
      assert.equal(await isSignedIn(), false);
      await app.close();
    });

    it("whose effect fails is not stored, so that a retry acts on it", async () => {
      const { push, set } = site();
      const rename = (from: string, to: string) => use().database.sql().schema.renameTable(from, to);
      const isSignedIn = await signedIn();
      const given = await set();
      await rename("activity", "activity_away");
      const failed = await push(given);
      await rename("activity_away", "activity");
      assert.deepEqual([failed.status, await isSignedIn()], [500, true]);
      assert.deepEqual([(await push(given)).status, await isSignedIn()], [202, false]);
    });

    it("is counted by its type and result, with few labels", async () => {
      const { app, push, pushEvent, set } = site();
      const sub_id = { format: "email", email };
      for (const name of ["one", "two"]) await pushEvent(`urn:example:${name}`, {}, { sub_id });
      await push(await set({ claims: { iss: "https://evil.example" } }));
      const { text } = await app.client().get("/metrics");
      const counted = (event: string, result: string) =>
        Number(
          new RegExp(`^shared_signals_received_total{event="${event}",result="${result}"} (\\d+)$`, "m").exec(
            text,
          )?.[1],
        );
      assert.ok(counted("other", "ignored") >= 2);
      assert.ok(counted("session-revoked", "sessions-ended") >= 1);
      assert.ok(counted("session-revoked", "repeated") >= 1);
      assert.ok(counted("unread", "invalid_issuer") >= 1);
      assert.doesNotMatch(text, /urn:example/);
    });
  });
});
