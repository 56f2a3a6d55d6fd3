import assert from "node:assert/strict";
import { describeFlow, sequenceOf } from "../../src/inspector/flow.ts";
import { signalPolicy } from "../../src/shared-signals/policy.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { until } from "../helpers/processes.ts";
import { recorded, startRecording } from "../helpers/recorded.ts";
import { strangersKey } from "../helpers/revocation.ts";
import { caep, email, type SignalSite, ssf, useSignalSite } from "./world.ts";

const revoked = `${caep}/session-revoked`;

describe("the inspector's message of a security event", () => {
  onOneDatabase((use) => {
    const site = useSignalSite(use);
    before(() => startRecording(site().acme.store));

    const one = async () => (await recorded(site().acme.store, 1))[0] ?? assert.fail();

    it("has the decoded SET, the person, the result and each check, but neither the SET nor the header", async () => {
      const { connection, org, push, set } = site();
      const given = await set();
      assert.equal((await push(given)).status, 202);
      const message = await one();
      assert.deepEqual(
        [message.protocol, message.connectionKey, message.person, message.step, message.summary],
        ["shared-signals", connection.key, email, "Session revoked", "202 Accepted"],
      );
      const passed = signalPolicy.map(({ name }) => [name, "passed"]);
      assert.deepEqual(
        message.checks.map(({ name, verdict }) => [name, verdict]),
        passed,
      );
      const [jwt] = message.request?.jwts ?? [];
      assert.deepEqual(jwt?.header, { typ: "secevent+jwt", alg: "RS256", kid: "k1" });
      assert.equal(Object(jwt?.claims).iss, org.issuer);
      assert.equal(
        message.facts?.find(({ label }) => label === "Result")?.value,
        "The person's sessions ended",
      );
      const kept = JSON.stringify(message);
      assert.ok(!kept.includes(given.split(".")[2] ?? ""));
      assert.doesNotMatch(kept, /a-header-of-our-choice/);
    });

    for (const [unit, scale] of [
      ["seconds", 1],
      ["milliseconds", 1000],
    ] as const) {
      it(`says when the event happened, from a time in ${unit}`, async () => {
        const { pushEvent } = site();
        const happened = 1_615_304_991;
        const sub_id = { format: "email", email };
        await pushEvent(revoked, { event_timestamp: happened * scale }, { sub_id });
        const fact = (await one()).facts?.find(({ label }) => label === "Happened");
        assert.equal(fact?.at, happened * 1000);
      });
    }

    it("names the credential that changed", async () => {
      const event = { credential_type: "fido2-roaming", change_type: "create" };
      await site().pushEvent(`${caep}/credential-change`, event, { sub_id: { format: "email", email } });
      const message = await one();
      assert.equal(message.step, "Credential changed");
      assert.ok(message.facts?.some(({ value }) => value === "fido2-roaming (create)"));
    });

    it("redacts the state of a verification", async () => {
      const sub_id = { format: "opaque", id: "esc1" };
      await site().pushEvent(`${ssf}/verification`, { state: "a secret state" }, { sub_id });
      const message = await one();
      assert.deepEqual([message.step, message.person], ["Stream verification", null]);
      assert.match(message.summary, /^400 Bad Request\. Failed: The state is that of the verification/);
      assert.doesNotMatch(JSON.stringify(message), /a secret state/);
    });

    const failures: [name: string, send: (world: SignalSite) => Promise<unknown>, RegExp, file: string][] = [
      [
        "another header",
        async ({ push, set }) => push(await set(), { authorization: "Bearer guess" }),
        /^401 Unauthorized\. Failed: The Authorization header/,
        "routes.ts",
      ],
      [
        "a stranger's key",
        async ({ push, set }) => push(await set({ key: strangersKey })),
        /^400 Bad Request\. Failed: The key verifies the signature/,
        "token.ts",
      ],
      [
        "another issuer",
        async ({ push, set }) => push(await set({ claims: { iss: "https://evil.example" } })),
        /^400 Bad Request\. Failed: The issuer is the stream's transmitter \("https:\/\/evil/,
        "routes.ts",
      ],
      [
        "no subject",
        async ({ push, set }) => push(await set({ claims: { sub_id: undefined } })),
        /^400 Bad Request\. Failed: The event names a subject/,
        "events.ts",
      ],
    ];
    for (const [name, send, summary, file] of failures) {
      it(`says what failed: ${name}`, async () => {
        await send(site());
        const message = await one();
        assert.match(message.summary, summary);
        assert.deepEqual([message.verdict, message.file], ["failed", `src/shared-signals/${file}`]);
      });
    }

    it("is a flow of its own, from Okta to the product, with a title that says what happened", async () => {
      const { acme, push, set } = site();
      await push(await set());
      await push(await set({ claims: { sub_id: undefined } }));
      const flows = () => acme.store.inspector.flows({}, null, 9);
      await until("both are recorded", async () => (await flows()).length === 2, 30);
      const [last, first] = await flows();
      assert.ok(first && last);
      assert.equal(describeFlow(first).title, `Okta sent an event about ${email}: Session revoked`);
      assert.equal(describeFlow(last).title, "An event was refused");
      const { lanes, steps } = sequenceOf(first, null);
      assert.deepEqual(
        lanes.map(({ id }) => id),
        ["product", "okta"],
      );
      assert.deepEqual([steps[0]?.from, steps[0]?.to, steps[0]?.code], ["okta", "product", 202]);
    });

    it("is shown in the console, with the connection's activity next to it", async () => {
      const { clientOf, owner } = site();
      const client = await clientOf(owner);
      const inspector = await client.get("/admin/inspector");
      assert.match(inspector.text, /Shared signals/);
      const activity = await client.get("/admin/activity?kind=shared-signals");
      assert.match(activity.text, /Okta \(Shared signals\)/);
      assert.match(activity.text, /User signed out/);
    });
  });
});
