import assert from "node:assert/strict";
import type { Client } from "../helpers/client.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { submit } from "../helpers/forms.ts";
import { leavingTo, orgOptions, orgSealer } from "../helpers/org.ts";
import { recorded, startRecording } from "../helpers/recorded.ts";
import { SignalOrg } from "../helpers/signal-org.ts";
import { useSite } from "../helpers/site.ts";

describe("the inspector's messages of managing a stream", () => {
  onOneDatabase((use) => {
    const site = useSite(use, orgOptions);
    const org = new SignalOrg();
    let owner: Client;
    let page = "";
    before(async () => {
      await org.start();
      owner = await site().clientOf(site().owner);
      const { id } = await site().acme.connection({
        settings: { issuer: org.issuer, clientId: "0oa-sign-in" },
        secret: { text: "secret", sealer: orgSealer },
      });
      page = `/admin/connections/${id}/signals`;
      await startRecording(site().acme.store);
    });
    after(() => org.close());

    const { id: clientId, secret: clientSecret } = org.client;
    async function connect(): Promise<void> {
      const back = org.consent(leavingTo(await submit(owner, page, "/connect", { clientId, clientSecret })));
      await owner.get(back.slice(site().app.url.length));
    }

    it("are one flow from the consent to the verification, and have no secret", async () => {
      await connect();
      const all = await recorded(site().acme.store, 6);
      const messages = all.filter(({ flowKind }) => flowKind === "stream");
      assert.deepEqual(
        messages.map(({ step, verdict }) => [step, verdict]),
        [
          "Answer to the request for consent",
          "Token request",
          "Transmitter metadata",
          "Stream",
          "Verification request",
        ].map((step) => [step, "passed"]),
      );
      const text = JSON.stringify(all);
      assert.ok(org.secrets.length >= 5, `${org.secrets.length} secrets`);
      for (const secret of org.secrets) assert.ok(!text.includes(secret), "a message has a secret");
    });

    it("show the rule that a call broke", async () => {
      org.answers.set("GET /api/v1/ssf/stream/status", { status: 404 });
      await owner.post(`${page}/status`);
      const messages = await recorded(site().acme.store, 2);
      const failed = messages.at(-1) ?? assert.fail();
      assert.deepEqual([failed.step, failed.verdict], ["Stream status", "failed"]);
      assert.equal(failed.checks.at(-1)?.name, "The transmitter knows the stream");
      assert.match(failed.checks.at(-1)?.reason ?? "", /stream-gone/);
    });
  });
});
