import { webhookQueue } from "../../src/store/webhook-queue.ts";
import type { TestDatabase } from "../helpers/databases.ts";
import type { PageCase } from "../helpers/every-page.ts";
import { createLocalAccount } from "../helpers/people.ts";
import type { Site } from "../helpers/site.ts";
import { addEndpoint } from "../helpers/webhook-receiver.ts";

/** The pages of webhooks: an endpoint with a delivery in each state, one that failed for days, and one without any. */
export async function webhookPages(use: () => TestDatabase, { acme, owner }: Site): Promise<PageCase[]> {
  const { webhooks, activity } = acme.store;
  const url =
    "https://siem.example/a-long-path-of-the-receiver/with-a-token-0123456789abcdefghijklmnopqrstuvwxyz";
  const busy = await addEndpoint(acme, url);
  for (const action of ["user.blocked", "token.created", "webhook.secret_rotated", "group.role_changed"]) {
    const who = { actorKind: "admin", actor: owner.loginName, actorId: owner.id } as const;
    await activity.record({ ...who, action, targetId: null, changed: [], requestId: null });
  }
  const queue = webhookQueue(use().database);
  const claim = (await queue.claim(9, 60_000)).find(({ id }) => id === busy.id);
  const ends = [
    { state: "sent", answer: "204" },
    { state: "failed", answer: "422" },
    { state: "again", answer: "https://siem.example could not be read: it did not answer in time." },
  ] as const;
  if (claim) {
    for (const [at, { activityId }] of (await webhooks.waiting(busy.id, ends.length)).entries())
      await queue.settle(claim, activityId, ends[at] ?? ends[0]);
    const at = Date.now();
    await queue.release(claim, { dueAt: at + 3_600_000, failures: 3, failingSince: at - 7_200_000 });
  }
  await webhooks.replaceSecret(busy.id, "sealed", Date.now() + 86_400_000);
  const failing = await addEndpoint(acme, "https://old.siem.example/", ["people", "tokens"]);
  await webhooks.setState(failing.id, "failing");
  const empty = await addEndpoint(acme, "https://new.siem.example/", ["agents"]);
  const admin = await createLocalAccount(acme.store, "webhooks-admin@acme.example", "admin");
  const list = "/admin/activity/webhooks";
  const page = { status: 200, as: owner };
  return [
    { name: "webhooks", path: list, ...page },
    { name: "webhooks, as an administrator", path: list, ...page, as: admin },
    { name: "a new webhook sent empty", path: list, ...page, status: 303, form: {} },
    { name: "a webhook with deliveries", path: `${list}/${busy.id}`, ...page },
    { name: "a webhook that failed for days", path: `${list}/${failing.id}`, ...page },
    { name: "a webhook without deliveries", path: `${list}/${empty.id}`, ...page },
    { name: "a webhook, as an administrator", path: `${list}/${busy.id}`, ...page, as: admin },
  ];
}
