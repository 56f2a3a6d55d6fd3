import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { tell } from "../../src/directory/access-events.ts";
import { signIn } from "../../src/directory/sign-in.ts";
import type { Connection, User } from "../../src/model.ts";
import { enableSending } from "../../src/shared-signals/sending.ts";
import { sealer } from "../../src/store/secrets.ts";
import { pooledKeys } from "../helpers/certificates.ts";
import type { Client } from "../helpers/client.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { submit } from "../helpers/forms.ts";
import { leavingTo, orgOptions, orgSealer } from "../helpers/org.ts";
import { createTestTenant, identityOf, type TestTenant } from "../helpers/people.ts";
import { deploymentUrl, newSecrets, type RunningServer, startServer, until } from "../helpers/processes.ts";
import { answerOf, messagesOn } from "../helpers/seen.ts";
import { useSite } from "../helpers/site.ts";
import { startWire, type WireProgram } from "../helpers/wire.ts";
import { audience, caep, connectStream } from "./world.ts";

const revoked = `${caep}/session-revoked`;
const happened = () => ({ event_timestamp: Math.floor(Date.now() / 1000) });
/** CAEP 1.0 §3.1.2. */
const violation = {
  initiating_entity: "policy",
  reason_admin: { en: "Landspeed Policy Violation: C076E82F" },
  reason_user: { en: "Access attempt from multiple regions." },
};

interface PushAnswer {
  jti: string;
  status: number | null;
  body: string;
}

/** RFC 8935, SSF 1.0 and CAEP 1.0 on the wire: test/helpers/wire/transmitter.mjs. */
describe("a transmitter that shares no code with the application", () => {
  onEachDatabase((use) => {
    const site = useSite(use, orgOptions);
    let wire: WireProgram;
    let connection: Connection;
    let owner: Client;
    let ada: User;
    before(async () => {
      wire = await startWire("transmitter");
      owner = await site().clientOf(site().owner);
      connection = await site().acme.connection({
        settings: { issuer: wire.url, clientId: "sign-in" },
        secret: { text: "secret", sealer: orgSealer },
      });
      const identity = identityOf(connection, "ada@acme.example", { subject: "00u1" });
      ({ user: ada } = await signIn(site().acme.store, identity));
    });
    after(() => wire.stop());

    const page = () => `/admin/connections/${connection.id}/signals`;
    const stream = () => site().acme.store.signalStreams.ofConnection(connection.id);
    const press = async (button: string) =>
      messagesOn(await answerOf(owner, await submit(owner, page(), `/${button}`)));
    const about = () =>
      wire.ask<{ client: { id: string; secret: string }; stream: { status: string } | null }>("about");
    const event = (type: string, members: object, subject: object) =>
      wire.ask<PushAnswer>("event", { type, members: { ...members, ...happened() }, subject });
    const subject = () => ({ format: "iss_sub", iss: wire.url, sub: "00u1" });
    const session = async () => {
      const client = await site().clientOf((await site().acme.store.users.byId(ada.id)) ?? assert.fail());
      return async () => (await client.get("/account")).status === 200;
    };

    it("is connected by the administrator's consent, and verifies the stream", async () => {
      const { client } = await about();
      const entered = { clientId: client.id, clientSecret: client.secret };
      const target = leavingTo(await submit(owner, page(), "/connect", entered));
      const { headers } = await fetch(target, { redirect: "manual" });
      const back = (headers.get("location") ?? "").slice(site().app.url.length);
      assert.match(messagesOn(await answerOf(owner, await owner.get(back))), /The stream is connected/);
      await until("the stream is verified", async () => (await stream())?.verifiedAt !== null);
    });

    it("ends the sessions of a person by session-revoked, with each kind of subject", async () => {
      for (const named of [subject(), { format: "email", email: "ada@acme.example" }]) {
        const isSignedIn = await session();
        assert.ok(await isSignedIn());
        const { status, body } = await event(revoked, violation, named);
        assert.deepEqual([status, body], [202, ""]);
        assert.ok(!(await isSignedIn()), JSON.stringify(named));
      }
    });

    it("tells of a new credential, which is recorded and ends nothing", async () => {
      const isSignedIn = await session();
      // CAEP 1.0 §3.3.2.
      const created = {
        ...{
          credential_type: "fido2-roaming",
          change_type: "create",
          friendly_name: "Jane's USB authenticator",
        },
        ...{ fido2_aaguid: "accced6a-63f5-490a-9eea-e59bc1896cfc", initiating_entity: "user" },
      };
      assert.equal((await event(`${caep}/credential-change`, created, subject())).status, 202);
      assert.ok(await isSignedIn());
      const latest = await site().acme.store.activity.latest(20);
      assert.ok(latest.some(({ action }) => action === "user.credential_created"));
    });

    it("gets 202 for an event that the application does not know, and 400 for one that is not about a person", async () => {
      const compliance = { previous_status: "compliant", current_status: "not-compliant" };
      assert.equal((await event(`${caep}/device-compliance-change`, compliance, subject())).status, 202);
      const { status, body } = await event(revoked, violation, { format: "unknown" });
      assert.deepEqual([status, body], [202, ""]);
      const stranger = { format: "iss_sub", iss: "https://other.example", sub: "00u1" };
      const refused = await event(revoked, violation, stranger);
      assert.deepEqual(
        [refused.status, (JSON.parse(refused.body) as { err: string }).err],
        [400, "access_denied"],
      );
    });

    it("is paused, enabled again and deleted from the page of the connection", async () => {
      assert.match(await press("pause"), /The stream is paused/);
      assert.equal((await about()).stream?.status, "paused");
      await press("resume");
      assert.equal((await about()).stream?.status, "enabled");
      assert.match(await press("delete"), /deleted/);
      assert.deepEqual([(await about()).stream, await stream()], [null, null]);
    });
  });
});

/** The application runs in a process of its own, which is killed while SETs are on the wire. */
describe("a kill of the application", () => {
  onEachDatabase((use) => {
    const secrets = { ...newSecrets(), INSECURE_ALLOW_PRIVATE_NETWORK: "1" };
    const start = () => startServer(use().url, secrets);
    let server: RunningServer;
    let acme: TestTenant;
    let connection: Connection;
    let user: User;
    let wire: WireProgram;
    afterEach(async () => {
      wire.stop();
      server.child.kill("SIGKILL");
      await server.ended;
    });

    /** A tenant whose connection's org is the program on the wire, and a person. */
    async function setUp(program: "transmitter" | "receiver"): Promise<void> {
      wire = await startWire(program);
      server = await start();
      acme = await createTestTenant(use().database);
      connection = await acme.connection({ settings: { issuer: wire.url, clientId: "sign-in" } });
      ({ user } = await signIn(acme.store, identityOf(connection, "ada@acme.example", { subject: "00u1" })));
    }

    async function killAndStart(): Promise<void> {
      server.child.kill("SIGKILL");
      assert.equal(await server.ended, null);
      server = await start();
    }

    it("loses no event that it received, and acts on none twice", async () => {
      await setUp("transmitter");
      const transmitter = { issuer: wire.url, jwksUri: `${wire.url}/jwks` };
      const endpoints = { configurationEndpoint: wire.url, statusEndpoint: wire.url };
      await connectStream(acme.store, connection, wire.url, {
        transmitter: { ...transmitter, ...endpoints, verificationEndpoint: wire.url },
      });
      const endpoint = () => `http://127.0.0.1:${server.port}/shared-signals/${connection.key}`;
      const authorization_header = "Bearer a-header-of-our-choice";
      await wire.ask("adopt", { endpoint_url: endpoint(), authorization_header, aud: audience });
      const jtis = Array.from({ length: 150 }, () => randomUUID());
      const subject = { format: "iss_sub", iss: wire.url, sub: "00u1" };
      const queue = () => wire.ask("queue", { type: revoked, members: happened(), subject, jtis });
      const acted = async () =>
        (await acme.store.activity.latest(1_000)).filter(({ action }) => action === "user.signed_out").length;
      await queue();
      const first = wire.ask<PushAnswer[]>("flush", { endpoint: endpoint() });
      await until("some events are acted on", async () => (await acted()) >= 20, 30);
      await killAndStart();
      const answers = await first;
      assert.ok(
        answers.some(({ status }) => status === null),
        "the kill came too late",
      );
      // The transmitter sends everything again, also what was acknowledged.
      await queue();
      const again = await wire.ask<PushAnswer[]>("flush", { endpoint: endpoint() });
      assert.deepEqual([...new Set(again.map(({ status }) => status))], [202]);
      assert.equal(await acted(), jtis.length);
    });

    it("loses no event that it has to send, and none is accepted twice", async () => {
      await setUp("receiver");
      const maker = { sealer: sealer(Buffer.from(secrets.DATA_KEY, "base64")), generateKeys: pooledKeys };
      await enableSending(acme.store, maker, connection, async () => undefined);
      const issuer = `${deploymentUrl}/shared-signals/${connection.key}`;
      const wellKnown = `/.well-known/ssf-configuration/shared-signals/${connection.key}`;
      const metadata = JSON.parse((await server.client().get(wellKnown)).text) as {
        issuer: string;
        jwks_uri: string;
      };
      assert.equal(metadata.issuer, issuer);
      const keysUrl = metadata.jwks_uri.replace(deploymentUrl, `http://127.0.0.1:${server.port}`);
      assert.ok((await wire.ask<number>("trust", { issuer, keysUrl })) > 0);
      await wire.ask("fail", { times: 1 });
      const events = 60;
      const add = async (count: number) => {
        for (let added = 0; added < count; added++)
          await acme.store.transaction((inside) => tell(inside, [connection.id], user.id, { event: "test" }));
      };
      const received = () =>
        wire.ask<{ accepted: { jti: string }[]; requests: number; refused: string[] }>("about");
      const adding = add(events);
      await until("some events arrive", async () => (await received()).accepted.length >= 5, 60);
      await killAndStart();
      await adding;
      const waiting = async () =>
        (await acme.store.outbox.ofConnection(connection.id, 200)).filter(
          ({ settledAt }) => settledAt === null,
        ).length;
      await until("nothing waits", async () => (await waiting()) === 0, 90);
      const { accepted, refused } = await received();
      assert.deepEqual(refused, []);
      const sent = await acme.store.outbox.ofConnection(connection.id, 200);
      assert.deepEqual(accepted.map(({ jti }) => jti).sort(), sent.map(({ id }) => id).sort());
      assert.ok(accepted.length >= events);
    });
  });
});
