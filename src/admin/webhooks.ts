import { randomUUID } from "node:crypto";
import { type Request, type Response, Router } from "express";
import { paths } from "../endpoints.ts";
import { InvalidError, NotFoundError } from "../errors.ts";
import { rateLimiter } from "../store/rate-limits.ts";
import type { WebhookEndpoint } from "../store/tenant/webhooks.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import type { Fact } from "../trust/connection-facts.ts";
import { checkReachable } from "../trust/guarded-fetch.ts";
import { answerChange, answerForm, answerProblems, submittedForm } from "../web/answers.ts";
import { requireOwner, signedIn, storeOf } from "../web/guards.ts";
import { countUse, formField, formFields } from "../web/request.ts";
import { postMessage, webhookSecretContext } from "../webhooks/post.ts";
import { newWebhookSecret } from "../webhooks/signature.ts";
import { allKinds, kindNames } from "./activity.ts";
import { actionInWords } from "./activity-words.ts";
import { adminEntry, makeChange, pathParameter } from "./change.ts";
import type { AdminDeps } from "./deps.ts";
import { FormReader } from "./form-reader.ts";
import { checkShown, shownValue } from "./shown.ts";

/** The id of the form that adds an endpoint. */
const addForm = "add-webhook";
/** Each entry of the activity is queued for each of them. */
const maxEndpoints = 10;
const maxUrl = 2_000;
/** How many of the last deliveries the page shows. */
const shownDeliveries = 50;
/** More are not counted one by one. */
const mostCounted = 1_000;
/** How long the secret before a rotation signs, too. */
const formerSecretMs = 24 * 3_600_000;
const copyNow = "Copy the secret now, and give it to the receiver: it is shown only once.";
const pattern = paths.admin.webhook(":webhook");

/** The endpoints to which the activity is sent. Every administrator sees them; owners change them, because they send it out. */
export function webhookRoutes(deps: AdminDeps): Router {
  const router = Router();
  addList(router, deps);
  addPage(router, deps);
  addSecrets(router, deps);
  addActions(router, deps);
  addTest(router, deps);
  return router;
}

function addList(router: Router, { database, limits, sealer }: AdminDeps): void {
  router.get(paths.admin.webhooks, async (req, res) => {
    const endpoints = await storeOf(req, database).webhooks.list();
    const form = submittedForm(res, addForm);
    res.render("admin/webhooks", {
      title: "Webhooks",
      endpoints: endpoints.map((endpoint) => ({ ...endpoint, areas: areasInWords(endpoint) })),
      form: form ?? { values: {}, problems: {}, notes: {} },
      chosen: form ? allKinds.filter((kind) => form.values[`kind-${kind}`] === "on") : allKinds,
      kindNames,
      isFull: endpoints.length >= maxEndpoints,
      maxEndpoints,
      isOwner: signedIn(req).role === "owner",
    });
  });

  router.post(paths.admin.webhooks, requireOwner, async (req, res) => {
    const place = { page: paths.admin.webhooks, at: addForm };
    const form = new FormReader(req);
    const kinds = kindsIn(req);
    for (const kind of kinds) form.values[`kind-${kind}`] = "on";
    const url = await form.checked("url", async (text) => {
      if (text.length > maxUrl) throw new InvalidError(`The URL has more than ${maxUrl} characters.`);
      await checkReachable(text, limits);
      return { value: text, note: null };
    });
    if (kinds.length === 0) form.problems.kinds = "Choose at least one area.";
    if (!form.isValid || url === null) return await answerProblems({ req, res }, place, form);
    await answerChange({ req, res }, { ...place, entered: form.values, field: "url" }, async () => {
      const [id, secret] = [randomUUID(), newWebhookSecret()];
      await storeOf(req, database).transaction(async (store) => {
        // Locked, so that two requests cannot exceed the maximum together.
        await store.settings.lock();
        if ((await store.webhooks.list()).length >= maxEndpoints)
          throw new InvalidError(`There are ${maxEndpoints} endpoints already. Delete one first.`);
        const sealedSecret = sealer.seal(secret, webhookSecretContext(store.tenantId, id));
        await store.webhooks.add({ id, url, kinds: allOr(kinds), sealedSecret });
        await store.activity.record(adminEntry(req, "webhook.added", id));
      });
      const text = `The endpoint is added, and gets everything from now on. ${copyNow}`;
      return { text, secrets: { secret }, page: paths.admin.webhook(id) };
    });
  });
}

function addPage(router: Router, { database }: AdminDeps): void {
  router.get(pattern, async (req, res) => {
    const store = storeOf(req, database);
    const endpoint = await endpointOf(store, req);
    const [deliveries, waiting, failed] = await Promise.all([
      store.webhooks.deliveries(endpoint.id, shownDeliveries),
      store.webhooks.count(endpoint.id, "waiting", mostCounted),
      store.webhooks.count(endpoint.id, "failed", mostCounted),
    ]);
    // Only the oldest waits for a time; the others wait for it.
    const next = waiting > 0 ? (await store.webhooks.waiting(endpoint.id, 1))[0] : undefined;
    const now = Date.now();
    res.render("admin/webhook", {
      title: new URL(endpoint.url).host,
      stylesheets: ["lists.css"],
      endpoint,
      page: paths.admin.webhook(endpoint.id),
      deliveries: deliveries.map((one) => ({
        ...one,
        what: actionInWords(one.action),
        nextAt: one.activityId === next?.activityId && endpoint.dueAt > now ? endpoint.dueAt : null,
      })),
      waiting,
      failed,
      countText,
      kindNames,
      chosen: endpoint.kinds ?? allKinds,
      shown: shownValue(endpointFacts(endpoint)),
      formerUntil: endpoint.former && endpoint.former.until > now ? endpoint.former.until : null,
      isOwner: signedIn(req).role === "owner",
    });
  });
}

function countText(count: number): string {
  return count < mostCounted ? String(count) : `${mostCounted.toLocaleString("en")} or more`;
}

function addSecrets(router: Router, { database, sealer }: AdminDeps): void {
  router.post(`${pattern}/secret`, requireOwner, async (req, res) => {
    const { id } = await endpointOf(storeOf(req, database), req);
    await answerChange({ req, res }, { page: paths.admin.webhook(id), at: "secret" }, async () => {
      const secret = newWebhookSecret();
      await storeOf(req, database).transaction(async (store) => {
        const sealed = sealer.seal(secret, webhookSecretContext(store.tenantId, id));
        await store.webhooks.replaceSecret(id, sealed, Date.now() + formerSecretMs);
        await store.activity.record(adminEntry(req, "webhook.secret_rotated", id));
      });
      const text = `For 24 hours, messages have a signature by each of both secrets. ${copyNow}`;
      return { text, secrets: { secret } };
    });
  });
}

interface EndpointAction {
  /** The activity entry. */
  action: string;
  /** The id of the section that shows the answer. */
  at: string;
  done: string;
  /** Elsewhere than on the endpoint's page. */
  donePage?: string;
  apply(store: TenantStore, endpoint: WebhookEndpoint, req: Request): Promise<unknown>;
}

/** By the last segment of the form's path. */
const actions: Record<string, EndpointAction> = {
  areas: {
    action: "webhook.areas_changed",
    at: "areas",
    done: "The areas are saved. They count for what happens from now on.",
    async apply({ webhooks }, endpoint, req) {
      checkShown(req, endpointFacts(endpoint), paths.admin.webhook(endpoint.id));
      const kinds = kindsIn(req);
      if (kinds.length === 0) throw new InvalidError("Choose at least one area.");
      await webhooks.setKinds(endpoint.id, allOr(kinds));
    },
  },
  pause: {
    action: "webhook.paused",
    at: "state",
    done: "The endpoint is paused. New entries wait here until you resume it.",
    apply: ({ webhooks }, { id }) => webhooks.setState(id, "paused"),
  },
  resume: {
    action: "webhook.resumed",
    at: "state",
    done: "The endpoint is active again, and gets what has waited.",
    apply: ({ webhooks }, { id }) => webhooks.setState(id, "active"),
  },
  replay: {
    action: "webhook.replayed",
    at: "deliveries",
    done: "The message is sent again.",
    async apply({ webhooks }, { id }, req) {
      const count = await webhooks.replay(id, formField(req, "entry"));
      if (count === 0) throw new InvalidError("This message waits already, or is no longer kept.");
    },
  },
  "replay-failed": {
    action: "webhook.replayed",
    at: "deliveries",
    done: "All failed messages are sent again.",
    apply: ({ webhooks }, { id }) => webhooks.replay(id, null),
  },
  delete: {
    action: "webhook.deleted",
    at: "delete",
    done: "The endpoint is deleted. Nothing is sent to it any more.",
    donePage: paths.admin.webhooks,
    apply: ({ webhooks }, { id }) => webhooks.remove(id),
  },
};

function addActions(router: Router, { database }: AdminDeps): void {
  for (const [end, { action, at, done, donePage, apply }] of Object.entries(actions)) {
    router.post(`${pattern}/${end}`, requireOwner, async (req, res) => {
      const { id } = await endpointOf(storeOf(req, database), req);
      const change = {
        entry: adminEntry(req, action, id),
        async apply(store: TenantStore) {
          const endpoint = await store.webhooks.lock(id);
          if (!endpoint) throw new NotFoundError("There is no such endpoint.");
          await apply(store, endpoint, req);
        },
        done,
        page: paths.admin.webhook(id),
        at,
      };
      await makeChange({ req, res, database }, donePage === undefined ? change : { ...change, donePage });
    });
  }
}

/** Sends a message at once, outside the order, so that it also tests an endpoint that is paused. */
function addTest(router: Router, deps: AdminDeps): void {
  const { database } = deps;
  const tests = rateLimiter(database, { name: "webhook-test", points: 30, seconds: 600 });

  router.post(`${pattern}/test`, requireOwner, async (req, res) => {
    const store = storeOf(req, database);
    const endpoint = await endpointOf(store, req);
    await countUse(tests, store.tenantId);
    await store.activity.record(adminEntry(req, "webhook.tested", endpoint.id));
    await answerTest(req, res, deps, { ...endpoint, tenantId: store.tenantId });
  });
}

async function answerTest(
  req: Request,
  res: Response,
  deps: AdminDeps,
  endpoint: WebhookEndpoint & { tenantId: string },
): Promise<void> {
  const data = { note: "An administrator tests this endpoint." };
  const message = { id: `test-${randomUUID()}`, type: "webhook.test", at: Date.now(), data };
  const { result, answer } = await postMessage(deps, endpoint, message);
  const page = paths.admin.webhook(endpoint.id);
  if (result === "accepted")
    return await answerForm(req, res, page, {
      kind: "done",
      at: "test",
      text: `The endpoint accepted the message (${answer}).`,
    });
  const text = `The endpoint did not accept the message. Answer: ${answer}`;
  await answerForm(req, res, page, { kind: "problem", at: "test", text });
}

/** The endpoint that the path names. Throws NotFoundError. */
async function endpointOf(store: TenantStore, req: Request): Promise<WebhookEndpoint> {
  const endpoint = await store.webhooks.byId(pathParameter(req, "webhook"));
  if (!endpoint) throw new NotFoundError("There is no such endpoint.");
  return endpoint;
}

function kindsIn(req: Request): string[] {
  const sent = formFields(req, "kinds");
  return allKinds.filter((kind) => sent.includes(kind));
}

/** All areas include those that a later version adds. */
function allOr(kinds: readonly string[]): readonly string[] | null {
  return kinds.length === allKinds.length ? null : kinds;
}

function areasInWords({ kinds }: WebhookEndpoint): string {
  return kinds === null ? "All areas" : kinds.map((kind) => kindNames[kind] ?? kind).join(", ");
}

function endpointFacts(endpoint: WebhookEndpoint): Fact[] {
  return [["What is sent", areasInWords(endpoint)]];
}
