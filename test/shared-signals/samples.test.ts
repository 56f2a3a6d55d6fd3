import assert from "node:assert/strict";
import { onEachDatabase } from "../helpers/databases.ts";
import { deliverySample, frameworkSamples, oktaSamples, profileSamples } from "./samples.ts";
import { useSignalSite } from "./world.ts";

const samples = [...oktaSamples, ...frameworkSamples, ...profileSamples, deliverySample];

describe("published examples of security events", () => {
  onEachDatabase((use) => {
    const site = useSignalSite(use);
    before(async () => {
      const { acme, stream } = site();
      await acme.store.signalStreams.update((await stream()).id, { credentialChangeEndsSessions: true });
    });

    for (const { source, name, claims, result } of samples) {
      it(`${source}: ${name}: ${result}`, async () => {
        const { app, org, push, session, set, stream } = site();
        const client = await session();
        const own = JSON.parse(JSON.stringify(claims).replaceAll("{org}", org.issuer));
        const answer = await push(await set({ claims: { sub_id: undefined, ...own } }));
        assert.deepEqual([answer.status, answer.text], [202, ""]);
        const received = app.logged.findLast(({ event }) => event === "shared_signals.received");
        assert.equal(received?.result, result);
        assert.equal((await client.get("/me")).status, result === "sessions-ended" ? 401 : 200);
        assert.equal((await stream()).lastEvent, Object.keys(own.events)[0]);
      });
    }

    it("come in both shapes: the subject in the event, and in the SET", () => {
      const hasInner = (claims: object) => JSON.stringify(claims).includes('"subject":{');
      const ending = samples.filter(({ result }) => result === "sessions-ended");
      assert.ok(ending.some(({ claims }) => hasInner(claims)));
      assert.ok(ending.some(({ claims }) => "sub_id" in claims));
      assert.equal(samples.length, 23);
    });
  });
});
