import assert from "node:assert/strict";
import type { Connection } from "../../src/model.ts";
import { hashToken } from "../../src/store/secrets.ts";
import type { Client } from "../helpers/client.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { formOn, submit } from "../helpers/forms.ts";
import { leavingTo, orgOptions, orgSealer } from "../helpers/org.ts";
import { assertRedirect, headingOf } from "../helpers/pages.ts";
import { createLocalAccount } from "../helpers/people.ts";
import { protocolsWithoutOrg } from "../helpers/protocols.ts";
import { answerOf, messagesOn, shownOnce } from "../helpers/seen.ts";
import { SignalOrg } from "../helpers/signal-org.ts";
import { useSite } from "../helpers/site.ts";
import { valueToCopy } from "./pages-read.ts";

describe("shared signals in the admin console", () => {
  onOneDatabase((use) => {
    const site = useSite(use, orgOptions);
    const org = new SignalOrg();
    let owner: Client;
    let connection: Connection;
    before(async () => {
      await org.start();
      owner = await site().clientOf(site().owner);
    });
    beforeEach(async () => {
      org.reset();
      connection = await site().acme.connection({
        settings: { issuer: org.issuer, clientId: "0oa-sign-in" },
        secret: { text: "secret", sealer: orgSealer },
      });
    });
    after(() => org.close());

    const page = () => `/admin/connections/${connection.id}/signals`;
    const stream = () => site().acme.store.signalStreams.ofConnection(connection.id);
    const client = { clientId: org.client.id, clientSecret: org.client.secret };
    const actions = async () =>
      (await site().acme.store.activity.latest(50))
        .filter(({ targetId }) => targetId === connection.id)
        .map(({ action }) => action.replace("stream.", ""))
        .reverse();

    /** Enters the client, and returns where the browser goes in the org. */
    async function leave(entered = client, as = owner): Promise<string> {
      const left = await submit(as, page(), "/connect", entered);
      if (left.status === 303)
        assert.fail(messagesOn(await answerOf(as, left)) + JSON.stringify(site().app.logged.slice(-4)));
      return leavingTo(left);
    }
    const comeBack = (url: string, as = owner) => as.get(url.slice(site().app.url.length));
    async function connect(as = owner): Promise<string> {
      return messagesOn(await answerOf(as, await comeBack(org.consent(await leave(client, as)), as)));
    }
    const press = async (button: string) =>
      messagesOn(await answerOf(owner, await submit(owner, page(), `/${button}`)));

    it("leads in Okta's order to a connected stream, and asks for a verification event", async () => {
      const before = await owner.get(page());
      assert.match(before.text, /Why a second app integration\?/);
      const callback = valueToCopy(before, "Sign-in redirect URIs");
      assert.equal(callback, `${site().app.url}/shared-signals/${connection.key}/callback`);
      const url = new URL(await leave());
      const asked = Object.fromEntries(url.searchParams);
      assert.deepEqual(
        [asked.redirect_uri, asked.scope, asked.response_type],
        [callback, "ssf.manage ssf.read openid offline_access", "code"],
      );
      const done = "The stream is connected. Okta now sends a verification event.";
      await shownOnce(owner, await comeBack(org.consent(url.href)), page(), done);
      const { delivery, events_requested } = org.stream?.configuration ?? assert.fail();
      assert.equal(delivery.method, "urn:ietf:rfc:8935");
      assert.equal(delivery.endpoint_url, `${site().app.url}/shared-signals/${connection.key}`);
      assert.deepEqual(events_requested, [
        "https://schemas.openid.net/secevent/caep/event-type/session-revoked",
        "https://schemas.openid.net/secevent/caep/event-type/credential-change",
      ]);
      const { providerStreamId, audiences, transmitter, status, isAuthorized } =
        (await stream()) ?? assert.fail();
      assert.deepEqual(
        [providerStreamId, audiences, transmitter?.issuer, status, isAuthorized],
        [org.stream?.id, [org.audience], org.issuer, "enabled", true],
      );
      assert.deepEqual((await actions()).slice(0, 4), [
        "client_entered",
        "authorized",
        "connected",
        "verification_requested",
      ]);
    });

    it("keeps the header of the events only as a hash, and shows no secret on any page", async () => {
      await connect();
      await press("verify");
      const { authorization_header: header = "" } = org.stream?.configuration.delivery ?? assert.fail();
      const [row] = await use().database.sql()("signal_streams").where("connection_id", connection.id);
      assert.equal(row.header_hash, hashToken(header));
      const shown = (await owner.get(page())).text + JSON.stringify(row) + JSON.stringify(site().app.logged);
      assert.ok(org.secrets.length >= 6, `${org.secrets.length} secrets`);
      for (const secret of org.secrets) assert.ok(!shown.includes(secret), "a secret is shown or stored");
    });

    it("pauses and resumes the stream at the transmitter, and reads its status", async () => {
      await connect();
      assert.match(await press("pause"), /The stream is paused\. Okta keeps/);
      assert.equal(org.stream?.status, "paused");
      assert.match((await owner.get(page())).text, /<span class="badge warning">Paused<\/span>/);
      await press("resume");
      assert.equal(org.stream?.status, "enabled");
      (org.stream ?? assert.fail()).status = "disabled";
      await press("status");
      assert.match((await owner.get(page())).text, /Switched off by Okta/);
    });

    it("pauses the stream here if the transmitter cannot, as Okta cannot", async () => {
      await connect();
      org.answers.set("POST /api/v1/ssf/stream/status", { status: 405 });
      const state = async () => [(await stream())?.status, (await stream())?.isPausedHere];
      assert.match(await press("pause"), /The stream is paused here\. Okta has no call to pause it/);
      assert.deepEqual(await state(), ["enabled", true]);
      const { text } = await owner.get(page());
      assert.match(text, /<span class="badge warning">Paused here<\/span><span class="badge">On in Okta</);
      (org.stream ?? assert.fail()).status = "disabled";
      await press("status");
      assert.deepEqual(await state(), ["disabled", true], "both are known");
      assert.match(await press("resume"), /The stream is on again here/);
      assert.deepEqual(await state(), ["disabled", false], "Okta's status is Okta's");
    });

    it("stores a rotated refresh token before it is used", async () => {
      await connect();
      org.answers.set("POST /api/v1/ssf/stream/verification", { status: 500 });
      assert.match(await press("verify"), /Okta does not answer right now/);
      org.answers.clear();
      assert.match(await press("verify"), /Okta was asked for a verification event/);
    });

    const verification = "POST /api/v1/ssf/stream/verification";

    it("accepts the event of a verification although the org refuses another request for one", async () => {
      await connect();
      const { id } = (await stream()) ?? assert.fail();
      await site().acme.store.signalStreams.update(id, { verifiedAt: null });
      const held = org.hold(verification, "received");
      const first = submit(owner, page(), "/verify");
      await held.reached;
      org.answers.set(verification, { status: 429, headers: { "retry-after": "60" } });
      assert.match(await press("verify"), /Wait a minute/);
      org.answers.clear();
      held.release();
      assert.match(messagesOn(await answerOf(owner, await first)), /Okta was asked for a verification event/);
      assert.equal(org.sent.at(-1)?.status, 202);
      assert.notEqual((await stream())?.verifiedAt, null);
    });

    it("waits for a verification event if no answer says that there will be none", async () => {
      await connect();
      const isWaiting = async () => (await stream())?.verificationRequestedAt !== null;
      assert.equal(await isWaiting(), false);
      org.answers.set(verification, { status: 404 });
      await press("verify");
      assert.equal(await isWaiting(), false);
      org.answers.set(verification, { status: 504 });
      assert.match(await press("verify"), /Okta does not answer right now/);
      assert.equal(await isWaiting(), true);
    });

    it("deletes the stream at the transmitter, gives the authorization back, and forgets both", async () => {
      await connect();
      assert.match(await press("delete"), /deleted in Okta and here/);
      assert.equal(org.stream, null);
      assert.equal(org.revoked.length, 1);
      assert.equal(await stream(), null);
      assert.equal((await actions()).at(-1), "deleted");
    });

    it("offers to forget a stream that the transmitter does not delete", async () => {
      await connect();
      assert.doesNotMatch((await owner.get(page())).text, /Forget it here only/);
      org.answers.set("DELETE /api/v1/ssf/stream", { status: 503 });
      const refused = await answerOf(owner, await submit(owner, page(), "/delete"));
      assert.match(messagesOn(refused), /Okta does not answer right now/);
      assert.match(refused.text, /Forget it here only/);
      assert.ok(await stream());
      await shownOnce(
        owner,
        await formOn(refused, "/forget").send(owner),
        page(),
        "The stream is forgotten here. Delete the app integration in Okta: it ends the stream there.",
      );
      assert.ok(org.stream, "the transmitter still has it");
      assert.equal(await stream(), null);
    });

    it("shows an existing stream of the client, and takes it over only on request", async () => {
      const other = { method: "urn:ietf:rfc:8935", endpoint_url: "https://siem.acme.example/events" };
      org.stream = { id: "esc-other", configuration: { delivery: other }, status: "enabled" };
      const asked = await comeBack(org.consent(await leave()));
      assertRedirect(asked, `${page()}/take-over`);
      const question = await owner.get(`${page()}/take-over`);
      assert.equal(headingOf(question), "Take over a stream");
      assert.match(messagesOn(question), /has a stream already/);
      assert.match(question.text, /https:\/\/siem\.acme\.example\/events/);
      assert.equal(org.stream.configuration.delivery.endpoint_url, other.endpoint_url);
      const form = formOn(question, "/take-over");
      // Another system changes it while the owner looks at the page.
      org.stream.configuration.delivery = { ...other, endpoint_url: "https://other.acme.example/events" };
      assert.match(messagesOn(await answerOf(owner, await form.send(owner))), /Nothing was changed/);
      assert.equal((await stream())?.providerStreamId, null);
      const again = await submit(owner, `${page()}/take-over`, "/take-over");
      assert.match(messagesOn(await answerOf(owner, again)), /The stream is connected/);
      assert.equal(
        org.stream.configuration.delivery.endpoint_url,
        `${site().app.url}/shared-signals/${connection.key}`,
      );
      assert.equal((await stream())?.providerStreamId, "esc-other");
      assert.ok((await actions()).includes("taken_over"));
    });

    it("connects again after the org has ended the authorization, and says so on the overview", async () => {
      await connect();
      const { id } = (await stream()) ?? assert.fail();
      org.endAuthorization();
      assert.match(await press("verify"), /Okta has ended the authorization/);
      const ended = await owner.get(page());
      assert.match(ended.text, /<h2 id="reconnect">Connect again<\/h2>/);
      const named = `Connect again<span class="visually-hidden">: Shared signals of ${connection.key}`;
      assert.ok((await owner.get("/admin")).text.includes(named));
      // The stored secret is used.
      const url = leavingTo(await formOn(ended, "/connect").send(owner, { clientId: org.client.id }));
      assert.match(
        messagesOn(await answerOf(owner, await comeBack(org.consent(url)))),
        /The stream is connected/,
      );
      assert.equal((await stream())?.id, id);
      assert.ok(!(await owner.get("/admin")).text.includes(named));
      assert.equal(org.calls.filter((call) => call === "POST /api/v1/ssf/stream").length, 1);
    });

    it("lets only owners change a stream; administrators see its page", async () => {
      await connect();
      const admin = await site().clientOf(
        await createLocalAccount(site().acme.store, `admin-${connection.key}@acme.example`, "admin"),
      );
      const seen = await admin.get(page());
      assert.match(seen.text, /Only an owner connects, pauses or deletes a stream/);
      assert.doesNotMatch(seen.text, new RegExp(`action="${page()}`));
      const calls = org.calls.length;
      for (const button of [
        "connect",
        "create",
        "verify",
        "status",
        "pause",
        "resume",
        "settings",
        "delete",
        "forget",
      ])
        assert.equal((await admin.post(`${page()}/${button}`)).status, 404, button);
      for (const path of [`${page()}/take-over`, `/shared-signals/${connection.key}/callback?state=x`])
        assert.equal((await admin.get(path)).status, 404, path);
      assert.equal((await admin.post(`${page()}/take-over`)).status, 404);
      assert.equal(org.calls.length, calls);
      assert.ok(await stream());
    });

    it("is not shown to the guest of a set-up link", async () => {
      const guest = site().app.client();
      for (const path of ["/setup/unknown/signals", `/setup/unknown?tab=signals`])
        assert.notEqual((await guest.get(path)).status, 200, path);
      assertRedirect(await guest.get(page()), `/login?returnTo=${encodeURIComponent(page())}`);
      assertRedirect(await guest.post(`${page()}/connect`, client), "/login");
    });

    for (const { type, settings, settingsAt } of protocolsWithoutOrg)
      it(`asks for the org URL of ${type} connections first`, async () => {
        connection = await site().acme.connection({ type, settings });
        assert.match((await owner.get(page())).text, /This connection does not know your org/);
        await owner.post(`${page()}/connect`, client);
        assert.equal(await stream(), null);
        connection = await site().acme.connection({ type, settings: settingsAt(org.issuer) });
        assert.match(await connect(), /The stream is connected/);
      });

    it("refuses a client ID or a secret that is missing, and keeps the client ID", async () => {
      const answer = await answerOf(
        owner,
        await submit(owner, page(), "/connect", { clientId: "0oa-typed" }),
      );
      assert.match(messagesOn(answer), /Client secret: The client secret is missing/);
      assert.match(answer.text, /id="clientId"[^>]*value="0oa-typed"/);
      assert.equal(await stream(), null);
    });
  });
});
