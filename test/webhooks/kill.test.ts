import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { onEachDatabase } from "../helpers/databases.ts";
import { createTestTenant } from "../helpers/people.ts";
import { newSecrets, startServer } from "../helpers/processes.ts";
import {
  addEndpoint,
  startWebhookReceiver,
  verifiedWebhook,
  webhookRunner,
} from "../helpers/webhook-receiver.ts";

/** The moments at which the server dies: how the receiver treats the request that is under way. */
const moments: Record<string, (res: ServerResponse) => void> = {
  "before the receiver has answered": () => undefined,
  "when the receiver has answered": (res) => res.writeHead(204).end(),
};

describe("webhooks of a server that is killed", () => {
  onEachDatabase((use) => {
    for (const [moment, treat] of Object.entries(moments)) {
      it(`are sent by another process, in order, if it dies ${moment}`, async () => {
        const { database, url } = use();
        const secrets = { ...newSecrets(), INSECURE_ALLOW_PRIVATE_NETWORK: "1" };
        const receiver = await startWebhookReceiver();
        const acme = await createTestTenant(database);
        const dataKey = Buffer.from(secrets.DATA_KEY, "base64");
        const { id, secret } = await addEndpoint(acme, receiver.url, null, dataKey);
        const entry = {
          actorKind: "operator",
          actor: "test",
          targetId: null,
          changed: [],
          requestId: null,
        } as const;
        for (let count = 0; count < 6; count++)
          await acme.store.activity.record({ ...entry, action: `a.n${count}` });
        const wanted = (await acme.store.webhooks.waiting(id, 9)).map(({ activityId }) => activityId);
        const first = await startServer(url, secrets);
        const died = new Promise<void>((resolve) => {
          receiver.answer = (res) => {
            if (receiver.received.length < 3) {
              res.writeHead(204).end();
              return;
            }
            receiver.answer = null;
            treat(res);
            first.child.kill("SIGKILL");
            resolve(first.ended.then(() => undefined));
          };
        });
        await died;
        // The lease of the dead expires now, instead of in 20 seconds.
        await database.sql()("webhook_endpoints").update({ due_at: Date.now() });
        await webhookRunner(database, { dataKey }).runDue();
        assert.equal(await acme.store.webhooks.count(id, "waiting", 10), 0);
        const ids = receiver.received.map((message) => message.id);
        assert.deepEqual([...new Set(ids)], wanted, "each, in order");
        assert.ok(ids.length <= wanted.length + 1, "at most the one that was under way comes again");
        for (const message of receiver.received) verifiedWebhook(message, secret);
        await receiver.close();
      });
    }
  });
});
