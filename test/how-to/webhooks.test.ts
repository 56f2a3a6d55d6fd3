import assert from "node:assert/strict";
import { createHmac, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { incomingWebhooks } from "../../config/webhooks.ts";
import { crossSiteEndpoints, isApiPath } from "../../src/endpoints.ts";
import { createLog } from "../../src/log.ts";
import type { Database } from "../../src/store/database.ts";
import { requestContext } from "../../src/web/request.ts";
import { verifyStandardWebhook, type WebhookReceiver, webhookRoutes } from "../../src/web/webhooks.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { createTestTenant, type TestTenant } from "../helpers/people.ts";
import { billingWebhook, verifyHubSignature } from "./billing.ts";
import { assertQuotes } from "./quotes.ts";

const page = "docs/how-to/receive-webhooks.md";
const webhooks = [
  { name: "billing", caller: "Our billing provider", path: "/webhooks/billing" },
  { name: "code", caller: "Our code host", path: "/webhooks/code" },
  { name: "unset", caller: "No one yet", path: "/webhooks/unset" },
] as const;
/** The secret of the specification's own example, and one that replaces it. */
const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const nextSecret = `whsec_${Buffer.alloc(24, "next").toString("base64")}`;
const hubSecret = "a text of any form, as the code host has it";

describe(page, () => {
  it("shows code as it is", () => assertQuotes(page));

  it("verifies the example of Standard Webhooks", () => {
    const headers = {
      "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
      "webhook-timestamp": "1614265330",
      "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    };
    const delivery = {
      headers,
      body: Buffer.from('{"test": 2432232314}'),
      secrets: [secret],
      now: 1614265330_000,
    };
    assert.equal(verifyStandardWebhook(delivery), "msg_p5jXN8AQM9LWM0D4loKWxJek");
  });

  onEachDatabase((use) => {
    let server: ReturnType<typeof createServer>;
    let base: string;
    let acme: TestTenant;
    let failing: Error | null = null;
    const logged: Record<string, unknown>[] = [];

    before(async () => {
      server = createServer(appOf(use().database));
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    });
    after(async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
    beforeEach(async () => {
      acme = await createTestTenant(use().database);
      [failing, logged.length] = [null, 0];
    });

    function appOf(database: Database) {
      const log = createLog("debug", { write: (line: string) => void logged.push(JSON.parse(line)) });
      const unreliable: WebhookReceiver = {
        ...billingWebhook,
        async receive(message, transaction) {
          await billingWebhook.receive(message, transaction);
          if (failing) throw failing;
        },
      };
      const code: WebhookReceiver = {
        name: "code",
        verify: verifyHubSignature,
        receive: async () => undefined,
      };
      const unset: WebhookReceiver = { name: "unset", receive: async () => undefined };
      const secrets = { billing: [secret, nextSecret], code: [hubSecret] };
      return express()
        .use(requestContext(log))
        .use(webhookRoutes({ database, log, secrets }, webhooks, [unreliable, code, unset]));
    }

    const event = (plan = "team") =>
      JSON.stringify({ type: "subscription.changed", data: { tenant: acme.tenant.slug, plan } });
    const plans = async () => (await acme.store.activity.latest(50)).map(({ changed }) => changed[0]);
    async function deliver(
      wanted: { headers: Record<string, string>; body: string },
      path = "/webhooks/billing",
    ) {
      const response = await fetch(base + path, { method: "POST", ...wanted });
      return { status: response.status, headers: response.headers, text: await response.text() };
    }
    const reason = () => logged.find(({ event }) => event === "webhook.refused")?.reason;

    it("acts on a signed message, and writes what it did in the tenant's activity", async () => {
      assert.equal((await deliver(sign({ body: event() }))).status, 204);
      assert.deepEqual(await plans(), ["plan"]);
    });

    it("takes both secrets while one replaces the other, and a header with several signatures", async () => {
      const delivery = sign({ body: event(), by: nextSecret });
      delivery.headers["webhook-signature"] = `v1a,other v1,AAAA ${delivery.headers["webhook-signature"]}`;
      assert.equal((await deliver(delivery)).status, 204);
    });

    it("acts once on a message that comes twice, also at the same moment", async () => {
      const delivery = sign({ body: event() });
      const answers = await Promise.all([delivery, delivery, delivery].map((one) => deliver(one)));
      assert.deepEqual(
        answers.map(({ status }) => status),
        [204, 204, 204],
      );
      // A retry has the same id, and a time and a signature of its own.
      const id = delivery.headers["webhook-id"];
      assert.equal(
        (await deliver(sign({ body: event(), ...(id ? { id } : {}), at: Date.now() / 1000 + 60 }))).status,
        204,
      );
      assert.deepEqual(await plans(), ["plan"]);
    });

    it("keeps nothing of a message that failed, and acts on the next delivery", async () => {
      const delivery = sign({ body: event() });
      failing = new Error("stays private");
      const failed = await deliver(delivery);
      assert.deepEqual([failed.status, await plans()], [500, []]);
      assert.doesNotMatch(failed.text, /stays private/);
      failing = null;
      assert.equal((await deliver(delivery)).status, 204);
      assert.deepEqual(await plans(), ["plan"]);
    });

    it("tells the caller about a message that it must not repeat as it is", async () => {
      const unknown = JSON.stringify({
        type: "subscription.changed",
        data: { tenant: "unknown-tenant", plan: "team" },
      });
      const answer = await deliver(sign({ body: unknown }));
      assert.equal(answer.status, 422);
      assert.equal(JSON.parse(answer.text).detail, "There is no such tenant.");
      assert.equal((await deliver(sign({ body: '{"type":"invoice.paid"}' }))).status, 204);
      assert.equal((await deliver(sign({ body: "{" }))).status, 400);
    });

    const day = 86_400;
    const signatureOf = (one: Signed) => one.headers["webhook-signature"] ?? "";
    const refused: [what: string, change: (signed: Signed) => Signed, why: RegExp][] = [
      [
        "another body",
        (one) => ({ ...one, body: one.body.replace("team", "free") }),
        /no signature is valid/,
      ],
      ["another id", (one) => withHeader(one, "id", randomUUID()), /no signature is valid/],
      ["no signature", (one) => withHeader(one, "signature", null), /is missing/],
      ["no id", (one) => withHeader(one, "id", null), /is missing/],
      ["an empty signature", (one) => withHeader(one, "signature", "v1,"), /no signature is valid/],
      [
        "the asymmetric scheme",
        (one) => withHeader(one, "signature", `v1a,${signatureOf(one).slice(3)}`),
        /no signature is valid/,
      ],
      ["an unsigned time", (one) => withHeader(one, "timestamp", "1e12"), /not a time/],
    ];
    for (const [what, change, why] of refused) {
      it(`refuses ${what}`, async () => {
        const answer = await deliver(change(sign({ body: event() })));
        assert.equal(answer.status, 401);
        assert.equal(answer.headers.get("content-type"), "application/problem+json");
        assert.match(String(reason()), why);
        assert.doesNotMatch(JSON.stringify(logged), /whsec_|v1,/);
        assert.deepEqual(await plans(), []);
      });
    }
    for (const [what, seconds] of [
      ["older", -301],
      ["later", 301],
      ["a day older", -day],
    ] as const) {
      it(`refuses a signed message that is ${what} than five minutes`, async () => {
        assert.equal((await deliver(sign({ body: event(), at: Date.now() / 1000 + seconds }))).status, 401);
        assert.match(String(reason()), /too old, in the future/);
      });
    }
    it("refuses a signature by another secret", async () => {
      const by = `whsec_${Buffer.alloc(24, "other").toString("base64")}`;
      assert.equal((await deliver(sign({ body: event(), by }))).status, 401);
    });

    it("refuses other methods, large bodies and compressed ones as problems", async () => {
      const get = await fetch(`${base}/webhooks/billing`);
      assert.deepEqual([get.status, get.headers.get("allow")], [405, "POST"]);
      assert.equal((await deliver(sign({ body: "x".repeat(300_000) }))).status, 413);
      const gzip = sign({ body: event() });
      gzip.headers["content-encoding"] = "gzip";
      assert.equal((await deliver(gzip)).status, 415);
    });

    it("answers 503 and changes nothing while the webhook has no secret", async () => {
      const empty = sign({ body: event(), by: "whsec_" });
      assert.equal((await deliver(empty, "/webhooks/unset")).status, 503);
    });

    it("verifies another scheme, where a replay is known by the body", async () => {
      const body = '{"action":"published"}';
      const signature = createHmac("sha256", hubSecret).update(body).digest("hex");
      const headers = { "x-hub-signature-256": `sha256=${signature}` };
      assert.equal((await deliver({ body, headers }, "/webhooks/code")).status, 204);
      assert.equal((await deliver({ body, headers }, "/webhooks/code")).status, 204);
      assert.ok(logged.some(({ event }) => event === "webhook.repeated"));
      assert.equal((await deliver({ body: `${body} `, headers }, "/webhooks/code")).status, 401);
      assert.equal((await deliver({ body, headers: {} }, "/webhooks/code")).status, 401);
    });

    it("does not start with a webhook that no code receives, or with code for an unlisted one", () => {
      const deps = { database: use().database, log: createLog("silent"), secrets: {} };
      assert.throws(() => webhookRoutes(deps, webhooks, []), /no code receives the webhook billing/);
      assert.throws(() => webhookRoutes(deps, [], [billingWebhook]), /does not list billing/);
    });

    it("fails for a secret of another form, because anyone could sign with a short key", async () => {
      const deps = {
        log: createLog("silent"),
        database: use().database,
        secrets: { billing: ["?".repeat(32)] },
      };
      const app = express()
        .use(requestContext(deps.log))
        .use(webhookRoutes(deps, webhooks.slice(0, 1), [billingWebhook]));
      const other = createServer(app);
      await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
      const forged = sign({ body: event(), by: "whsec_" });
      const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}/webhooks/billing`;
      assert.equal((await fetch(url, { method: "POST", ...forged })).status, 500);
      assert.deepEqual(await plans(), []);
      other.closeAllConnections();
      other.close();
    });
  });

  it("lists each path once, below /webhooks, with a name that WEBHOOK_SECRETS can have", () => {
    for (const { name, path } of incomingWebhooks) {
      assert.match(name, /^[a-z][a-z0-9-]*$/);
      assert.match(path, /^\/webhooks\/[a-z0-9-]+$/);
    }
    for (const key of ["name", "path"] as const)
      assert.equal(new Set(incomingWebhooks.map((one) => one[key])).size, incomingWebhooks.length);
    assert.ok(isApiPath("/webhooks/billing"));
    for (const { caller, proof } of crossSiteEndpoints) assert.ok(caller && proof);
  });

  it("is mounted before the same-origin check and before the session", () => {
    const app = readFileSync("src/app.ts", "utf8");
    const at = (text: string) => {
      const position = app.indexOf(text, app.indexOf("newExpress("));
      assert.ok(position > 0, text);
      return position;
    };
    for (const later of ["hostRouters(routers", "sameOrigin(", "formBodies(", "app.use(session)"])
      assert.ok(at("webhookRoutes(") < at(later), later);
  });
});

interface Signed {
  headers: Record<string, string>;
  body: string;
}

/** With another value of a header; null removes it. */
function withHeader({ headers, body }: Signed, name: string, value: string | null): Signed {
  const { [`webhook-${name}`]: _, ...others } = headers;
  return { body, headers: value === null ? others : { ...others, [`webhook-${name}`]: value } };
}

/** Signs as Standard Webhooks 1.0 says; written without the code that verifies. */
function sign({
  body,
  by = secret,
  id = randomUUID(),
  at = Date.now() / 1000,
}: {
  body: string;
  by?: string;
  id?: string;
  at?: number;
}): Signed {
  const sent = String(Math.floor(at));
  const key = Buffer.from(by.slice("whsec_".length), "base64");
  const signature = createHmac("sha256", key).update([id, sent, body].join(".")).digest("base64");
  return {
    body,
    headers: { "webhook-id": id, "webhook-timestamp": sent, "webhook-signature": `v1,${signature}` },
  };
}
