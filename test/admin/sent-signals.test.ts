import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { okta } from "okta-labels/labels";
import { addTo, startStandIn, type TestOrg } from "okta-stand-in/testing";
import { brand } from "../../config/brand.ts";
import { signIn } from "../../src/directory/sign-in.ts";
import type { Connection } from "../../src/model.ts";
import type { Client } from "../helpers/client.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { formOn, shownOn, submit } from "../helpers/forms.ts";
import { createLocalAccount, identityOf } from "../helpers/people.ts";
import { protocolsWithoutOrg } from "../helpers/protocols.ts";
import { answerOf, messagesOn } from "../helpers/seen.ts";
import { runnerOf } from "../helpers/signal-receiver.ts";
import { useSite } from "../helpers/site.ts";
import { valueToCopy, visibleText } from "./pages-read.ts";

describe("the signals that we send, in the admin console", () => {
  onOneDatabase((use) => {
    const dataKey = randomBytes(32);
    const site = useSite(use, { dataKey, insecureAllowPrivateNetwork: true });
    let org: TestOrg;
    let owner: Client;
    let connection: Connection;
    let runner: ReturnType<typeof runnerOf>;
    before(async () => {
      org = await startStandIn({ apiToken: "admin" });
      owner = await site().clientOf(site().owner);
      runner = runnerOf(use().database, { app: site().app, dataKey });
    });
    beforeEach(async () => {
      connection = await site().acme.connection({ settings: { issuer: org.url, clientId: "0oa1" } });
    });
    after(() => org.close());

    const page = () => `/admin/connections/${connection.id}/signals`;
    const shown = async (client = owner) => visibleText(await client.get(page()));
    const press = async (button: string) =>
      messagesOn(await answerOf(owner, await submit(owner, page(), `/sending/${button}`)));
    /** Tells the org about us, as its administrator does. */
    async function register(): Promise<number> {
      const settings = {
        well_known_url: valueToCopy(await owner.get(page()), okta.receivedSignals.wellKnownUrl),
      };
      const answer = await fetch(`${org.url}/api/v1/security-events-providers`, {
        method: "POST",
        headers: { authorization: "SSWS admin", "content-type": "application/json" },
        body: JSON.stringify({ name: brand.productName, type: brand.slug, settings }),
      });
      return answer.status;
    }

    it("are off at first, and an owner switches them on", async () => {
      assert.match(await shown(), /Signals that we send Off/);
      assert.match(await press("on"), /Signals are on/);
      const text = await shown();
      assert.match(text, /Signals that we send On/);
      for (const label of [okta.receivedSignals.menu, okta.receivedSignals.tab, okta.receivedSignals.create])
        assert.ok(text.includes(label), label);
      const answer = await owner.get(page());
      const wellKnown = valueToCopy(answer, okta.receivedSignals.wellKnownUrl);
      const document = await fetch(wellKnown).then((response) => response.json());
      assert.equal(document.issuer, valueToCopy(answer, okta.signOn.issuer));
      assert.equal(document.jwks_uri, valueToCopy(answer, "JWKS URL"));
      assert.match(text, /No signal yet. The next sign-in/);
      const [entry] = await site().acme.store.activity.latest(1);
      assert.deepEqual(
        [entry?.action, entry?.targetId],
        ["shared_signals.sending_switched_on", connection.id],
      );
    });

    it("reach an org that has registered the well-known URL, which then knows the risk", async () => {
      await press("on");
      assert.equal(await register(), 201);
      const person = addTo(org, { login: "grace@acme.example" });
      addTo(org, { login: "owner@acme.example" });
      const { user } = await signIn(site().acme.store, identityOf(connection, "grace@acme.example"));
      assert.match(await press("test"), /The test event is on its way/);
      await submit(owner, `/admin/people/${user.id}`, "/block");
      assert.match(await shown(), /grace@acme\.example Waiting [^.]*0 attempts\. Next attempt /);
      await runner.runDue();
      const logged = org.events.latest(10).map(({ type, what }) => `${type} ${what}`);
      const received = `security.events.provider.receive_event ${brand.productName} sent`;
      assert.deepEqual(logged.sort(), [
        `${received} session-established about grace@acme.example`,
        `${received} session-established about owner@acme.example`,
        `${received} user-risk-change about grace@acme.example`,
        "user.risk.detect The risk of grace@acme.example changed from low to high",
      ]);
      assert.match((await org.browser().get(`/admin/users/${person.id}`)).text, /Risk: high/);
      const text = await shown();
      assert.match(text, /Sent, 7 days 3/);
      assert.match(text, /User risk change, grace@acme\.example Sent [^.]*1 attempt, answer: 202/);
      assert.doesNotMatch(text, /Waiting/);
    });

    it("are refused by an org that does not know us, and the page and the inspector say so", async () => {
      await press("on");
      await press("test");
      await runner.runDue();
      assert.match(
        await shown(),
        /Test event, owner@acme\.example Refused [^.]*1 attempt, answer: 400 invalid_issuer/,
      );
      const sent = runner.sent.at(-1) ?? assert.fail();
      assert.deepEqual([sent.status, sent.attempt.state], [400, "refused"]);
    });

    it("get a new key, while the former one stays published", async () => {
      await press("on");
      assert.match(await press("key"), /The new key is published/);
      assert.match(await shown(), /Our keys \S+ created [^<]*? Signs \S+ created .*? Signs from /);
      assert.equal((await site().acme.store.signalTransmitters.keys(connection.id)).length, 2);
    });

    it("are switched off, also for those who still have the page open", async () => {
      await press("on");
      const former = await owner.get(page());
      assert.match(await press("off"), /Nothing is sent any more/);
      const late = await formOn(former, "/sending/test").send(owner);
      assert.match(messagesOn(await answerOf(owner, late)), /another person or a machine has made changes/);
      assert.deepEqual(await site().acme.store.outbox.ofConnection(connection.id, 9), []);
      assert.equal((await fetch(valueToCopy(former, okta.receivedSignals.wellKnownUrl))).status, 404);
    });

    it("are for owners to switch; an administrator sees them", async () => {
      const account = await createLocalAccount(
        site().acme.store,
        `a-${connection.key}@acme.example`,
        "admin",
      );
      const admin = await site().clientOf(account);
      assert.match(await shown(admin), /Only an owner switches signals on/);
      const form = shownOn(await owner.get(page()));
      for (const button of ["on", "off", "key", "test"])
        assert.equal((await admin.post(`${page()}/sending/${button}`, { shown: form })).status, 404);
      assert.equal((await site().acme.store.connections.byId(connection.id))?.sendsSignals, false);
    });

    for (const { type, settings } of protocolsWithoutOrg)
      it(`need the URL of the org at ${type} connections`, async () => {
        const off = shownOn(await owner.get(page()));
        connection = await site().acme.connection({ type, settings });
        assert.match(await shown(), /The org URL is missing/);
        const answer = await owner.post(`${page()}/sending/on`, { shown: off });
        assert.match(messagesOn(await answerOf(owner, answer)), /Enter the org URL/);
        assert.deepEqual(await site().acme.store.signalTransmitters.keys(connection.id), []);
      });
  });
});
