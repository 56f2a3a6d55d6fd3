import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { productActivity } from "../../config/activity.ts";
import { activityKinds } from "../../src/store/tenant/activity.ts";
import type { Client } from "../helpers/client.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { shownOn, submit } from "../helpers/forms.ts";
import { createLocalAccount } from "../helpers/people.ts";
import { answerOf, messagesOn } from "../helpers/seen.ts";
import { useSite } from "../helpers/site.ts";
import {
  startWebhookReceiver,
  verifiedWebhook,
  type WebhookReceiver,
  webhookRunner,
} from "../helpers/webhook-receiver.ts";
import { visibleText } from "./pages-read.ts";

const list = "/admin/activity/webhooks";

const productKinds: readonly string[] = productActivity.map(({ kind }) => kind);

/** A form with the chosen areas. */
const formOf = (fields: Record<string, string>, kinds: readonly string[]) =>
  new URLSearchParams([...Object.entries(fields), ...kinds.map((kind) => ["kinds", kind])]);

describe("webhooks in the admin console", () => {
  onOneDatabase((use) => {
    const dataKey = randomBytes(32);
    const site = useSite(use, { dataKey, insecureAllowPrivateNetwork: true });
    let receiver: WebhookReceiver;
    let owner: Client;
    before(async () => {
      receiver = await startWebhookReceiver();
      owner = await site().clientOf(site().owner);
    });
    after(() => receiver.close());
    beforeEach(async () => {
      await use().database.sql()("webhook_endpoints").delete();
      Object.assign(receiver, { received: [], answer: null });
    });

    const webhooks = () => site().acme.store.webhooks;
    const only = async () => (await webhooks().list())[0] ?? assert.fail();
    const run = () => webhookRunner(use().database, { dataKey }).runDue();
    const types = () => receiver.received.map(({ body }) => JSON.parse(body).type as string);
    const actions = async () => (await site().acme.store.activity.latest(2)).map(({ action }) => action);
    /** Adds an endpoint. Returns its page, and the secret that the page shows. */
    async function add(kinds: readonly string[] = [...activityKinds, ...productKinds]) {
      const answer = await owner.post(list, formOf({ url: receiver.url }, kinds));
      const page = answer.location ?? "";
      const { text } = await answerOf(owner, answer);
      return { page, secret: /whsec_[\w+/=]+/.exec(text)?.[0] ?? assert.fail(text) };
    }
    const press = async (page: string, button: string, entered = {}) =>
      messagesOn(await answerOf(owner, await submit(owner, page, button, entered)));

    it("begin with an empty list, to which the activity leads", async () => {
      assert.match((await owner.get("/admin/activity")).text, /href="\/admin\/activity\/webhooks"/);
      assert.match(visibleText(await owner.get(list)), /There is none yet/);
    });

    it("are added with a secret that is shown once, and get what happens from then on", async () => {
      const { page, secret } = await add();
      assert.doesNotMatch((await owner.get(page)).text, /whsec_/);
      assert.deepEqual((await actions())[0], "webhook.added");
      await run();
      assert.deepEqual(types(), ["webhook.added"]);
      assert.equal(verifiedWebhook(receiver.received[0] ?? assert.fail(), secret).data.actorKind, "admin");
      const text = visibleText(await owner.get(page));
      assert.match(text, /It accepts what is sent/);
      assert.match(text, /Webhook added Accepted/);
      assert.match(text, /1 attempt, answer: 204/);
      const stored = JSON.stringify(await use().database.sql()("webhook_endpoints"));
      assert.equal(stored.includes(secret.slice(6)), false, "the secret is encrypted");
      const logged = JSON.stringify(site().app.logged);
      assert.equal(logged.includes(secret.slice(6)), false, "the secret is not logged");
    });

    it("get only the areas that were chosen", async () => {
      const { page } = await add(["people"]);
      assert.deepEqual((await only()).kinds, ["people"]);
      const shown = shownOn(await owner.get(page));
      const changed = await owner.post(`${page}/areas`, formOf({ shown }, ["settings", "tokens"]));
      assert.match(messagesOn(await answerOf(owner, changed)), /The areas are saved/);
      const stale = await owner.post(`${page}/areas`, formOf({ shown }, ["agents"]));
      assert.match(messagesOn(await answerOf(owner, stale)), /another person or a machine/);
      const none = await owner.post(`${page}/areas`, { shown: shownOn(await owner.get(page)) });
      assert.match(messagesOn(await answerOf(owner, none)), /Choose at least one area/);
      assert.deepEqual((await only()).kinds, ["tokens", "settings"]);
    });

    for (const { kind, label, actions } of productActivity) {
      it(`offer the product's area ${kind}, and get it alone`, async () => {
        const { page } = await add([kind]);
        assert.deepEqual((await only()).kinds, [kind]);
        assert.match(visibleText(await owner.get(list)), new RegExp(label));
        assert.match((await owner.get(page)).text, new RegExp(`value="${kind}" checked`));
        const action = Object.keys(actions)[0] ?? assert.fail();
        const entry = {
          actorKind: "member",
          actor: "ada@acme.example",
          targetId: null,
          changed: [],
        } as const;
        await site().acme.store.activity.record({ ...entry, kind, action, requestId: null });
        await site().acme.store.activity.record({ ...entry, action: "user.blocked", requestId: null });
        await run();
        assert.deepEqual(types(), [action]);
      });
    }

    const wrong: [string, { url: string; kinds: string[] }, RegExp][] = [
      ["no URL", { url: "siem.example", kinds: ["people"] }, /is not a web address/],
      ["a user name in the URL", { url: "https://a:b@siem.example", kinds: ["people"] }, /user name/],
      ["no area", { url: "https://192.0.2.1/", kinds: [] }, /Choose at least one area/],
    ];
    for (const [what, form, problem] of wrong) {
      it(`refuse ${what}, and keep what was entered`, async () => {
        const answer = await answerOf(owner, await owner.post(list, formOf({ url: form.url }, form.kinds)));
        assert.match(messagesOn(answer), problem);
        assert.ok(answer.text.includes(`value="${form.url}"`));
        assert.deepEqual(await webhooks().list(), []);
      });
    }

    it("are at most ten", async () => {
      for (let count = 0; count < 10; count++) await add(["people"]);
      assert.match(visibleText(await owner.get(list)), /which is the maximum/);
      const answer = await owner.post(list, formOf({ url: receiver.url }, ["people"]));
      assert.match(messagesOn(await answerOf(owner, answer)), /10 endpoints already/);
    });

    it("are tested at once, also while they are paused, and the page says the answer", async () => {
      const { page, secret } = await add(["agents"]);
      assert.match(await press(page, "/pause"), /paused/);
      assert.match(await press(page, "/test"), /accepted the message \(204\)/);
      assert.equal(verifiedWebhook(receiver.received[0] ?? assert.fail(), secret).type, "webhook.test");
      receiver.answer = (res) => res.writeHead(401).end();
      assert.match(await press(page, "/test"), /did not accept the message. Answer: 401/);
    });

    it("are paused and resumed without loss", async () => {
      const { page } = await add();
      await run();
      await press(page, "/pause");
      await run();
      assert.deepEqual(types(), ["webhook.added"]);
      assert.match(visibleText(await owner.get(page)), /1 waiting, 0 failed/);
      await press(page, "/resume");
      await run();
      assert.deepEqual(types().sort(), ["webhook.added", "webhook.paused", "webhook.resumed"]);
    });

    it("count a long backlog only up to a thousand", async () => {
      const { page } = await add(["settings"]);
      const copies = Array.from({ length: 1_000 }, (_, index) => `copy-${index}`);
      for (const [table, id] of [
        ["activity", "id"],
        ["webhook_deliveries", "activity_id"],
      ] as const) {
        const rows = use().database.sql()(table).where("tenant_id", site().acme.store.tenantId);
        const newest = await rows.orderBy("at", "desc").first();
        const copied = copies.map((copy) => ({ ...newest, [id]: copy }));
        await use().database.sql().batchInsert(table, copied, 50);
      }
      assert.match(visibleText(await owner.get(page)), /1,000 or more waiting, 0 failed/);
    });

    it("show what failed, and send one or all of it again", async () => {
      const { page } = await add(["settings"]);
      receiver.answer = (res) => res.writeHead(422).end();
      await run();
      const text = visibleText(await owner.get(page));
      assert.match(text, /Webhook added Failed/);
      assert.match(text, /0 waiting, 1 failed/);
      receiver.answer = null;
      assert.match(await press(page, "/replay"), /is sent again/);
      await run();
      assert.equal(types().filter((type) => type === "webhook.added").length, 2);
      await use().database.sql()("webhook_deliveries").update({ state: "failed" });
      assert.match(await press(page, "/replay-failed"), /All failed messages are sent again/);
      await run();
      assert.equal(types().filter((type) => type === "webhook.added").length, 3);
      const unknown = await owner.post(`${page}/replay`, { entry: "unknown" });
      assert.match(messagesOn(await answerOf(owner, unknown)), /no longer kept/);
    });

    it("sign by both secrets after a rotation", async () => {
      const { page, secret: former } = await add();
      const answer = await answerOf(owner, await submit(owner, page, "/secret"));
      const secret = /whsec_[\w+/=]+/.exec(answer.text)?.[0] ?? assert.fail();
      assert.notEqual(secret, former);
      assert.match(visibleText(await owner.get(page)), /The former secret signs, too, until/);
      await run();
      for (const one of [former, secret])
        assert.ok(verifiedWebhook(receiver.received[0] ?? assert.fail(), one));
    });

    it("are deleted with what waits", async () => {
      const { page } = await add();
      assert.match(await press(page, "/delete"), /The endpoint is deleted/);
      assert.deepEqual(await webhooks().list(), []);
      assert.equal((await actions())[0], "webhook.deleted");
      assert.equal((await owner.get(page)).status, 404);
      await run();
      assert.deepEqual(types(), []);
    });

    it("can be seen by administrators, and changed by owners only", async () => {
      const { page } = await add();
      const person = await createLocalAccount(site().acme.store, "admin@acme.example", "admin");
      const admin = await site().clientOf(person);
      for (const path of [list, page]) {
        const { status, text } = await admin.get(path);
        assert.equal(status, 200);
        assert.match(text, /Only an owner/);
        assert.doesNotMatch(text, /<form[^>]*webhooks/);
      }
      assert.equal((await admin.post(list, formOf({ url: receiver.url }, ["people"]))).status, 404);
      const buttons = ["areas", "pause", "resume", "replay", "replay-failed", "secret", "test", "delete"];
      for (const button of buttons) assert.equal((await admin.post(`${page}/${button}`)).status, 404, button);
      assert.equal((await webhooks().list()).length, 1);
    });
  });

  onOneDatabase((use) => {
    const site = useSite(use);

    for (const [url, problem] of [
      ["http://siem.example/", /must start with https/],
      ["https://127.0.0.1/", /private/],
      ["https://[::1]/", /private/],
      ["https://169.254.169.254/latest", /private/],
      ["https://localhost/", /private/],
    ] as const) {
      it(`are not added at ${url}`, async () => {
        const owner = await site().clientOf(site().owner);
        const answer = await owner.post(list, formOf({ url }, ["people"]));
        assert.match(messagesOn(await answerOf(owner, answer)), problem);
        assert.deepEqual(await site().acme.store.webhooks.list(), []);
      });
    }
  });
});
