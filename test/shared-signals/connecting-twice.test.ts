import assert from "node:assert/strict";
import type { Connection } from "../../src/model.ts";
import { hashToken } from "../../src/store/secrets.ts";
import { forTenant } from "../../src/store/tenant-store.ts";
import type { Answer, Client } from "../helpers/client.ts";
import { onEachDatabase, someoneWaits } from "../helpers/databases.ts";
import { formOn, submit } from "../helpers/forms.ts";
import { leavingTo, orgOptions, orgSealer } from "../helpers/org.ts";
import { assertRedirect } from "../helpers/pages.ts";
import { answerOf, messagesOn } from "../helpers/seen.ts";
import { SignalOrg } from "../helpers/signal-org.ts";
import { useSite } from "../helpers/site.ts";

const createCall = "POST /api/v1/ssf/stream";
const changeCall = "PATCH /api/v1/ssf/stream";

describe("two requests that connect a stream", () => {
  onEachDatabase((use, engine) => {
    const site = useSite(use, orgOptions);
    const org = new SignalOrg();
    let owner: Client;
    let connection: Connection;
    before(async () => {
      await org.start();
      owner = await site().clientOf(site().owner);
    });
    after(() => org.close());

    /** An owner has consented, but the org could not create the stream. */
    beforeEach(async () => {
      org.reset();
      connection = await site().acme.connection({
        settings: { issuer: org.issuer, clientId: "0oa-sign-in" },
        secret: { text: "secret", sealer: orgSealer },
      });
      org.answers.set(createCall, { status: 500 });
      const client = { clientId: org.client.id, clientSecret: org.client.secret };
      const url = leavingTo(await submit(owner, page(), "/connect", client));
      await owner.get(org.consent(url).slice(site().app.url.length));
      org.answers.clear();
      assert.deepEqual([(await stream()).isAuthorized, (await stream()).providerStreamId], [true, null]);
    });

    const page = () => `/admin/connections/${connection.id}/signals`;
    const stream = async () =>
      (await site().acme.store.signalStreams.ofConnection(connection.id)) ?? assert.fail();
    const create = () => submit(owner, page(), "/create");
    const takeOverForm = async () => formOn(await owner.get(`${page()}/take-over`), "/take-over");
    /** The forms of two owners who look at a stream that another system has created. */
    async function takeOverForms() {
      const delivery = { method: "urn:ietf:rfc:8935", endpoint_url: "https://siem.acme.example/events" };
      org.stream = { id: "esc-other", configuration: { delivery }, status: "enabled" };
      return [await takeOverForm(), await takeOverForm()] as const;
    }
    const saidBy = async (answer: Answer) => messagesOn(await answerOf(owner, answer));

    /** The stream is the org's, and its events are accepted: also the verification event that connecting asked for. */
    async function assertHears(): Promise<void> {
      assert.equal((await stream()).providerStreamId, org.stream?.id);
      await org.revokeSession("00u-unknown");
      assert.ok(org.sent.length >= 2, "an event for the verification, and this one");
      for (const { status } of org.sent) assert.equal(status, 202);
    }

    it("keep the header of the one that the org accepted", async () => {
      const held = org.hold(createCall, "acted");
      const first = create();
      await held.reached;
      assertRedirect(await create(), `${page()}/take-over`);
      held.release();
      assert.match(await saidBy(await first), /The stream is connected/);
      await assertHears();
    });

    it("refuse the one that comes after the other has connected it", async () => {
      const [first, second] = await takeOverForms();
      const held = org.hold("GET /api/v1/ssf/stream", "acted");
      const slow = first.send(owner);
      await held.reached;
      assert.match(await saidBy(await second.send(owner)), /The stream is connected/);
      held.release();
      assert.match(await saidBy(await slow), /Another request has connected the stream/);
      assert.equal(org.calls.filter((call) => call === changeCall).length, 1);
      await assertHears();
    });

    for (const when of ["received", "acted"] as const)
      it(`agree with the org on a header if both take its stream over, and one is held once ${when}`, async () => {
        const [first, second] = await takeOverForms();
        const seen = org.hold("GET /api/v1/ssf/stream", "acted");
        const later = second.send(owner);
        await seen.reached;
        const changed = org.hold(changeCall, when);
        const earlier = first.send(owner);
        await changed.reached;
        seen.release();
        assert.match(await saidBy(await later), /The stream is connected/);
        changed.release();
        assert.match(await saidBy(await earlier), /The stream is connected/);
        await assertHears();
      });

    it("leave the header to the one that takes over what the other created", async () => {
      const held = org.hold(createCall, "acted");
      const creating = create();
      await held.reached;
      const [form, late] = [await takeOverForm(), await takeOverForm()];
      assert.match(await saidBy(await form.send(owner)), /The stream is connected/);
      held.release();
      assert.match(await saidBy(await creating), /Another request has connected the stream/);
      assert.match(await saidBy(await late.send(owner)), /Another request has connected the stream/);
      assert.equal(org.calls.filter((call) => call === changeCall).length, 1);
      await assertHears();
    });

    if (engine !== "PostgreSQL") return;

    it("wait for each other before they choose a header", async () => {
      const { id } = await stream();
      const headerHash = hashToken("Bearer of the other request");
      const held = org.hold("GET /.well-known/ssf-configuration", "acted");
      const refused = create();
      await held.reached;
      await use().database.transaction(async (joined) => {
        const inside = forTenant(joined, site().acme.tenant.id);
        await inside.connections.lock(connection.id);
        await inside.signalStreams.update(id, { providerStreamId: "esc-other", headerHash });
        held.release();
        await someoneWaits(joined);
      });
      assert.match(await saidBy(await refused), /Another request has connected the stream/);
      const [row] = await use().database.sql()("signal_streams").where("connection_id", connection.id);
      assert.equal(row.header_hash, headerHash);
    });

    it("wait for each other before they keep the stream", async () => {
      const { id } = await stream();
      const held = org.hold(createCall, "acted");
      const connected = create();
      await held.reached;
      await use().database.transaction(async (joined) => {
        const inside = forTenant(joined, site().acme.tenant.id);
        await inside.connections.lock(connection.id);
        held.release();
        await someoneWaits(joined);
        await inside.signalStreams.update(id, { headerHash: hashToken("Bearer of the other request") });
      });
      assert.match(await saidBy(await connected), /The stream is connected/);
      await assertHears();
    });
  });
});
