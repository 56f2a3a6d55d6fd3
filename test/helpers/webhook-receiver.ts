import { randomBytes, randomUUID } from "node:crypto";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";
import { activityFields } from "../../src/admin/activity-entries.ts";
import { createLog, type Log } from "../../src/log.ts";
import { openRunner, type Runner } from "../../src/outbox/runner.ts";
import type { Database } from "../../src/store/database.ts";
import { sealer } from "../../src/store/secrets.ts";
import type { WebhookEndpoint } from "../../src/store/tenant/webhooks.ts";
import type { FetchLimits } from "../../src/trust/guarded-fetch.ts";
import { webhookSecretContext } from "../../src/webhooks/post.ts";
import { type WebhookSenderDeps, webhookSource } from "../../src/webhooks/sender.ts";
import { newWebhookSecret } from "../../src/webhooks/signature.ts";
import { handlersOf } from "./outbox.ts";
import type { TestTenant } from "./people.ts";

export interface ReceivedWebhook {
  id: string;
  headers: Record<string, string>;
  body: string;
}

/** A customer's receiver. */
export interface WebhookReceiver {
  url: string;
  /** Every request, in order. */
  received: ReceivedWebhook[];
  /** Answers instead of 204. */
  answer: ((res: ServerResponse) => void) | null;
  close(): Promise<void>;
}

export async function startWebhookReceiver(): Promise<WebhookReceiver> {
  const server = createServer(async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const headers = req.headers as Record<string, string>;
    receiver.received.push({ id: headers["webhook-id"] ?? "", headers, body: `${Buffer.concat(chunks)}` });
    if (receiver.answer) receiver.answer(res);
    else res.writeHead(204).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const receiver: WebhookReceiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks`,
    received: [],
    answer: null,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return receiver;
}

/** Verifies a request with the library of Standard Webhooks, and returns its payload. Throws if it is not genuine. */
// biome-ignore lint/suspicious/noExplicitAny: tests look at single members
export function verifiedWebhook({ headers, body }: ReceivedWebhook, secret: string): any {
  return new Webhook(secret).verify(body, headers);
}

export const webhookKey = randomBytes(32);

/** Adds an endpoint to a tenant. */
export async function addEndpoint(
  { store }: TestTenant,
  url: string,
  kinds: WebhookEndpoint["kinds"] = null,
  dataKey: Buffer = webhookKey,
): Promise<{ id: string; secret: string }> {
  const [id, secret] = [randomUUID(), newWebhookSecret()];
  const sealedSecret = sealer(dataKey).seal(secret, webhookSecretContext(store.tenantId, id));
  await store.webhooks.add({ id, url, kinds, sealedSecret });
  return { id, secret };
}

/** The runner of a process that sends webhooks. */
export function webhookRunner(
  database: Database,
  more: { now?: () => number; log?: Log; dataKey?: Buffer } & Partial<FetchLimits> = {},
): Runner {
  const { now = Date.now, log = createLog("silent"), dataKey = webhookKey, ...limits } = more;
  const describe: WebhookSenderDeps["describe"] = (store, entries) => activityFields(store, entries, []);
  const sending = { database, log, now, sealer: sealer(dataKey), describe };
  const source = webhookSource({ ...sending, limits: { allowPrivateNetwork: true, ...limits } });
  return openRunner({ database, log, handlers: handlersOf({}), now, sources: [source] });
}
