import assert from "node:assert/strict";
import { tellBlocked } from "../../src/directory/access-events.ts";
import { enableSending } from "../../src/shared-signals/sending.ts";
import { pooledKeys } from "../helpers/certificates.ts";
import type { Client } from "../helpers/client.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { orgOptions, orgSealer } from "../helpers/org.ts";
import { useSignalCircle } from "../helpers/signal-circle.ts";
import { runnerOf } from "../helpers/signal-receiver.ts";

const isSignedIn = async (client: Client) => (await client.get("/account")).status === 200;

describe("shared signals of an Okta-shaped org", () => {
  onEachDatabase((use) => {
    const circle = useSignalCircle(use);

    const stream = () => {
      const { site, connection } = circle();
      return site.acme.store.signalStreams.ofConnection(connection.id);
    };
    /** The states of the SETs that the org sent, with the kind of event. */
    const sent = () =>
      (circle().org.store.state.signals?.sent ?? []).map(({ type, state, answer }) => [
        type.split("/").at(-1),
        state,
        answer,
      ]);

    it("are connected by the administrator's consent, and verified at once", async () => {
      const message = await circle().connect();
      assert.match(message, /The stream is connected/);
      assert.deepEqual(sent(), [["verification", "delivered", "202"]]);
      const { verifiedAt, isAuthorized, status } = (await stream()) ?? assert.fail("no stream");
      assert.deepEqual([isAuthorized, status], [true, "enabled"]);
      assert.ok(verifiedAt !== null, "the state of the verification event is ours");
    });

    it("end the sessions of the person whose sessions the org ends, and no one else's", async () => {
      await circle().connect();
      const ada = await circle().signIn();
      assert.ok(await isSignedIn(ada));
      await circle().act("clear-sessions");
      assert.deepEqual(sent().at(-1), ["session-revoked", "delivered", "202"]);
      assert.ok(!(await isSignedIn(ada)));
      assert.ok(await isSignedIn(circle().owner));
      assert.ok(await isSignedIn(await circle().signIn()), "she may sign in again");
    });

    it("have the shape of the final specifications, too", async () => {
      await circle().admin.post("/admin/signals/shape", { shape: "final" });
      await circle().connect();
      const ada = await circle().signIn();
      await circle().act("clear-sessions");
      assert.deepEqual(sent().at(-1), ["session-revoked", "delivered", "202"]);
      assert.ok(!(await isSignedIn(ada)));
    });

    it("about credentials are recorded, and end nothing unless the tenant wants it", async () => {
      await circle().connect();
      const ada = await circle().signIn();
      for (const action of ["reset-password", "reset-multifactor", "enroll-factor"])
        await circle().act(action);
      assert.deepEqual(
        sent()
          .slice(1)
          .map(([type, state]) => [type, state]),
        Array(3).fill(["credential-change", "delivered"]),
      );
      assert.ok(await isSignedIn(ada));
      const latest = await circle().site.acme.store.activity.latest(20);
      const changes = latest.filter(({ action }) => action.startsWith("user.credential_"));
      assert.equal(changes.length, 3);
    });

    it("change nothing while the administrator has paused the stream", async () => {
      await circle().connect();
      const ada = await circle().signIn();
      assert.match(await circle().press("pause"), /The stream is paused here/);
      await circle().act("clear-sessions");
      assert.equal(sent().at(-1)?.[1], "delivered", "Okta has no call to pause a stream");
      assert.ok(await isSignedIn(ada));
      await circle().press("resume");
      await circle().act("clear-sessions");
      assert.ok(!(await isSignedIn(ada)));
    });

    it("follow an org that pauses the stream and enables it again", async () => {
      await circle().connect();
      const ada = await circle().signIn();
      const { providerStreamId } = (await stream()) ?? assert.fail("no stream");
      await circle().admin.post(`/admin/signals/${providerStreamId}/pause`);
      await circle().act("clear-sessions");
      assert.equal((await stream())?.status, "paused");
      assert.ok(await isSignedIn(ada), "the org holds the event");
      await circle().admin.post(`/admin/signals/${providerStreamId}/resume`);
      await circle().org.signals.resume();
      assert.equal((await stream())?.status, "enabled");
      assert.ok(!(await isSignedIn(ada)));
    });

    it("end with the stream, which the administrator deletes in both places", async () => {
      await circle().connect();
      assert.match(await circle().press("delete"), /deleted in Okta and here/);
      assert.deepEqual(circle().org.store.state.signals?.streams, {});
      assert.equal(await stream(), null);
      const ada = await circle().signIn();
      await circle().act("clear-sessions");
      assert.ok(await isSignedIn(ada));
    });

    it("that the application sends reach the org, which logs them and shows the risk", async () => {
      const { site, org, admin, connection, ada } = circle();
      const maker = { sealer: orgSealer, generateKeys: pooledKeys };
      await enableSending(site.acme.store, maker, connection, async () => undefined);
      await admin.post("/admin/device-integrations", {
        name: "Example",
        settings: "well-known",
        wellKnownUrl: `${site.app.url}/.well-known/ssf-configuration/shared-signals/${connection.key}`,
      });
      await circle().signIn();
      const user = (await site.acme.store.users.byLoginName(ada.login)) ?? assert.fail("no user");
      await site.acme.store.transaction((inside) => tellBlocked(inside, user.id, true));
      await runnerOf(use().database, { app: site.app, dataKey: orgOptions.dataKey }).runDue();
      const logged = org.events.latest(10).map(({ type, what }) => [type, what]);
      assert.deepEqual(logged.sort(), [
        ["security.events.provider.receive_event", `Example sent session-established about ${ada.login}`],
        ["security.events.provider.receive_event", `Example sent user-risk-change about ${ada.login}`],
        ["user.risk.detect", `The risk of ${ada.login} changed from low to high`],
      ]);
      assert.match((await admin.get(`/admin/users/${ada.id}`)).text, /Risk: high/);
    });
  });
});
