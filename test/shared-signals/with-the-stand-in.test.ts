import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { OrgApp, OrgPerson } from "okta-stand-in/state";
import { addSignalsApp, addTo, startStandIn, type TestOrg } from "okta-stand-in/testing";
import type { Connection, User } from "../../src/model.ts";
import { checkDataKeys } from "../../src/store/reencryption.ts";
import { sealer } from "../../src/store/secrets.ts";
import { startTestApp, type TestApp } from "../helpers/app.ts";
import type { Client } from "../helpers/client.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { submit } from "../helpers/forms.ts";
import { leavingTo, orgOptions, orgSealer } from "../helpers/org.ts";
import { createLocalAccount } from "../helpers/people.ts";
import { answerOf, messagesOn } from "../helpers/seen.ts";
import { sessionSecret, useSite } from "../helpers/site.ts";

describe("shared signals of the stand-in org", () => {
  onEachDatabase((use) => {
    const site = useSite(use, orgOptions);
    let org: TestOrg;
    let replica: TestApp;
    let signals: OrgApp;
    let atOrg: OrgPerson;
    let ada: User;
    let connection: Connection;
    let owner: Client;
    before(async () => {
      org = await startStandIn({ wait: async () => undefined });
      replica = await startTestApp(use().database, { sessionSecret, ...orgOptions, baseUrl: site().app.url });
      atOrg = addTo(org, { login: "ada@acme.example" });
      connection = await site().acme.connection({
        settings: { issuer: org.url, clientId: "0oa-sign-in" },
        secret: { text: "secret", sealer: orgSealer },
      });
      signals = addSignalsApp(org, `${site().app.url}/shared-signals/${connection.key}/callback`, [atOrg]);
      ada = await createLocalAccount(site().acme.store, "ada@acme.example");
      await site().acme.store.identities.add(connection.id, atOrg.id, ada.id);
      owner = await site().clientOf(site().owner);
    });
    after(async () => {
      await replica.close();
      await org.close();
    });

    const page = () => `/admin/connections/${connection.id}/signals`;
    const stream = () => site().acme.store.signalStreams.ofConnection(connection.id);
    const press = async (button: string) =>
      messagesOn(await answerOf(owner, await submit(owner, page(), `/${button}`)));
    const inOrg = async (action: string) => {
      await org.browser().post(`/admin/users/${atOrg.id}/${action}`);
      await org.signals.resume();
    };
    const isSignedIn = async (client: Client) => (await client.get("/me")).status === 200;

    /** Goes through the org as an administrator who is signed in there. Returns the path of the callback. */
    async function consent(url: string): Promise<string> {
      const browser = await org.signedIn(atOrg);
      let next = new URL(url);
      while (next.origin === org.url) {
        const answer = await browser.get(next.pathname + next.search);
        next = new URL(answer.location ?? assert.fail(answer.text), org.url);
      }
      assert.equal(next.origin, site().app.url);
      return next.pathname + next.search;
    }

    async function connect(): Promise<string> {
      const { id: clientId, signOn } = signals;
      assert.ok(signOn.kind === "oidc");
      Object.assign(signOn, { clientSecret: "a-secret-without-spaces" });
      const { clientSecret } = signOn;
      const left = await submit(owner, page(), "/connect", { clientId, clientSecret });
      if (left.status === 303) assert.fail(messagesOn(await answerOf(owner, left)));
      const answer = await owner.get(await consent(leavingTo(left)));
      const message = messagesOn(await answerOf(owner, answer));
      await org.signals.resume();
      return message;
    }

    it("are connected, verified, acted on at each replica, paused, resumed and deleted", async () => {
      assert.match(await connect(), /The stream is connected/);
      const verified = await owner.get(page());
      assert.match(verified.text, /<dt>Verified<\/dt><dd><span class="done">/);
      assert.ok((await stream())?.verifiedAt);
      // The list of encrypted columns names the places of the stream's secrets.
      await checkDataKeys(use().database, sealer(randomBytes(32), [orgOptions.dataKey]));

      const client = await site().clientOf(ada, connection.id);
      const elsewhere = replica.client();
      elsewhere.cookies.set("session", client.cookies.get("session") ?? "");
      assert.ok((await isSignedIn(client)) && (await isSignedIn(elsewhere)));
      await inOrg("clear-sessions");
      assert.ok(!(await isSignedIn(elsewhere)) && !(await isSignedIn(client)));
      const acted = await owner.get(page());
      assert.match(acted.text, /Session revoked, <time/);
      assert.match(acted.text, /Events, 7 days<\/span>\s*<strong class="figure-count">2</);

      // Okta has no call to pause a stream.
      assert.match(await press("pause"), /The stream is paused here/);
      const paused = await site().clientOf(
        (await site().acme.store.users.byId(ada.id)) ?? ada,
        connection.id,
      );
      await inOrg("clear-sessions");
      assert.ok(await isSignedIn(paused));
      const { actorKind, action } = (await site().acme.store.activity.latest(1))[0] ?? assert.fail();
      assert.deepEqual([actorKind, action], ["shared-signals", "signal.passed_over"]);
      assert.match(await press("resume"), /The stream is on again/);
      await inOrg("clear-sessions");
      assert.ok(!(await isSignedIn(paused)));

      assert.match(await press("delete"), /deleted in Okta and here/);
      assert.equal(await stream(), null);
      assert.match(await connect(), /The stream is connected/, "the client may have a stream again");
      await press("delete");
    });

    it("end sessions for a removed credential only if the owner wants it", async () => {
      await connect();
      const fresh = async () => {
        const user = await site().acme.store.users.byId(ada.id);
        return await site().clientOf(user ?? ada, connection.id);
      };
      const before = await fresh();
      await inOrg("reset-multifactor");
      assert.ok(await isSignedIn(before));
      const wanted = { credentialChangeEndsSessions: "on" };
      const saved = await answerOf(owner, await submit(owner, page(), "/settings", wanted));
      assert.match(messagesOn(saved), /a removed credential ends the person’s sessions/);
      await inOrg("reset-multifactor");
      assert.ok(!(await isSignedIn(before)));
      const after = await fresh();
      await inOrg("enroll-factor");
      assert.ok(await isSignedIn(after), "a new factor ends nothing");
      await press("delete");
    });

    it("survive the rotation of the refresh token", async () => {
      Object.assign(signals.signOn, { rotatesRefreshTokens: true });
      await connect();
      for (const button of ["status", "status", "verify"]) {
        assert.doesNotMatch(await press(button), /authorization/, button);
      }
      await press("delete");
    });
  });
});
