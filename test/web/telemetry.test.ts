import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { createToken } from "../../src/directory/provisioning-tokens.ts";
import { paths } from "../../src/endpoints.ts";
import { createLog } from "../../src/log.ts";
import { serve } from "../../src/serve.ts";
import { openDatabase } from "../../src/store/database.ts";
import { sealer } from "../../src/store/secrets.ts";
import { quietConfig } from "../../tools/guide/src/quiet-config.ts";
import { Client } from "../helpers/client.ts";
import { onDatabase, type TestDatabase } from "../helpers/databases.ts";
import { createTestTenant, type TestTenant } from "../helpers/people.ts";
import { freePort } from "../helpers/postgres-server.ts";
import { oktaUser, ScimClient } from "../helpers/scim.ts";

interface Attribute {
  key: string;
  value: { stringValue?: string; intValue?: number };
}

interface SentSpan {
  name: string;
  kind: number;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  status: { code?: number };
  attributes: Attribute[];
}

/** A collector of OpenTelemetry on loopback, which keeps what is sent to it. */
class Collector {
  readonly bodies: Record<"/v1/traces" | "/v1/metrics", string[]> = { "/v1/traces": [], "/v1/metrics": [] };
  readonly #server: Server;

  constructor() {
    this.#server = createServer(async (req, res) => {
      const body = await text(req);
      this.bodies[req.url as "/v1/traces"]?.push(body);
      res.setHeader("content-type", "application/json").end("{}");
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** All spans. Sent at the latest when the application stops. */
  spans(): SentSpan[] {
    return this.bodies["/v1/traces"].flatMap((body) =>
      JSON.parse(body).resourceSpans.flatMap(({ scopeSpans }: { scopeSpans: { spans: SentSpan[] }[] }) =>
        scopeSpans.flatMap(({ spans }) => spans),
      ),
    );
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

const attributesOf = ({ attributes }: { attributes: Attribute[] }) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue ?? value.intValue]));

describe("telemetry", () => {
  onDatabase("SQLite", (use) => {
    const collector = new Collector();
    const provider = createServer((_req, res) => res.writeHead(500).end());
    let acme: TestTenant;
    let spans: SentSpan[];
    let metrics: string;
    const words = { email: "ada@acme.example", linkToken: randomBytes(32).toString("base64url"), token: "" };
    const dataKey = randomBytes(32);
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    before(async function () {
      this.timeout(60_000);
      acme = await createTestTenant(use().database);
      await new Promise<void>((resolve) => provider.listen(0, "127.0.0.1", resolve));
      const issuer = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`;
      const { key } = await acme.connection({
        settings: { issuer, clientId: "0oa1" },
        secret: { text: "the secret", sealer: sealer(dataKey) },
      });
      words.token = (await createToken(acme.store)).token;
      const { client, scim, stop } = await start(use(), await collector.listen());
      await client.get(paths.login, { traceparent });
      await client.get(paths.setup(words.linkToken));
      await client.get(`/nowhere/${words.email}?code=${words.linkToken}`);
      await scim.send("POST", "/Users", oktaUser(words.email));
      await scim.find(`userName eq "${words.email}"`);
      await client.get(paths.oidc(key).login);
      await stop();
      spans = collector.spans();
      metrics = collector.bodies["/v1/metrics"].join("\n");
    });
    after(() => {
      provider.close();
      collector.close();
    });

    const named = (name: string) =>
      spans.find((span) => span.name === name) ?? assert.fail(`no span ${name}`);

    it("sends a span for each request, with the route's pattern and the status", () => {
      const span = named("GET /login");
      assert.deepEqual(attributesOf(span), {
        "http.request.method": "GET",
        "http.route": "/login",
        "http.response.status_code": 200,
      });
      assert.equal(span.kind, 2, "a server's span");
      assert.equal(attributesOf(named("GET other"))["http.response.status_code"], 404);
    });

    it("continues the trace of the caller", () => {
      const span = named("GET /login");
      assert.equal(`00-${span.traceId}-${span.parentSpanId}-01`, traceparent);
    });

    it("sends a span for a call to an identity provider, as a part of the request", () => {
      // The requests of this test are client's spans, too, because it runs in the same process.
      const host = `127.0.0.1:${(provider.address() as AddressInfo).port}`;
      const call = spans.find((span) => span.kind === 3 && attributesOf(span)["server.address"] === host);
      assert.ok(call);
      assert.equal(call.name, "GET");
      assert.equal(attributesOf(call)["http.response.status_code"], 500);
      const request = spans.find(({ spanId }) => spanId === call.parentSpanId);
      assert.equal(request?.name, "GET /oidc/:connection/login");
    });

    it("measures the duration of requests", () => {
      assert.match(metrics, /"name":"http\.server\.request\.duration"/);
      assert.match(metrics, /\/scim\/v2/);
    });

    it("sends nothing personal or secret: no path, query, header or body", () => {
      const sent = [...collector.bodies["/v1/traces"], metrics].join("\n");
      for (const [what, word] of Object.entries(words)) {
        assert.ok(word.length > 10);
        assert.ok(!sent.includes(word), what);
      }
      assert.ok(!sent.includes("acme"), "no tenant");
      const known = new Set([
        "http.request.method",
        "http.route",
        "http.response.status_code",
        "server.address",
      ]);
      const keys = spans.flatMap(({ attributes }) => attributes.map(({ key }) => key));
      assert.deepEqual(
        keys.filter((key) => !known.has(key)),
        [],
      );
    });

    it("does not keep the server from stopping when the collector is away", async function () {
      this.timeout(30_000);
      const { client, stop } = await start(use(), `http://127.0.0.1:${await freePort()}`);
      assert.equal((await client.get(paths.healthz)).status, 200);
      const started = Date.now();
      await stop();
      assert.ok(Date.now() - started < 5_000, "requests have 15 of the platform's 20 seconds");
    });

    async function start({ url }: TestDatabase, otlpEndpoint: string) {
      const port = await freePort();
      const config = quietConfig({
        port,
        baseUrl: `http://localhost:${port}`,
        dataKey,
        otlpEndpoint,
        insecureAllowPrivateNetwork: true,
      });
      const stop = await serve(config, openDatabase(url, "off"), createLog("silent"));
      const scim = new ScimClient(`http://127.0.0.1:${port}/scim/v2`, `Bearer ${words.token}`);
      return { client: new Client(`http://127.0.0.1:${port}`, config.baseUrl), scim, stop };
    }
  });
});
