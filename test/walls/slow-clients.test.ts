import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { createApp } from "../../src/app.ts";
import { createToken } from "../../src/directory/provisioning-tokens.ts";
import { type HttpLimits, httpLimits, httpServer } from "../../src/http-server.ts";
import { createLog } from "../../src/log.ts";
import { maxPendingLogins } from "../../src/store/tenant/pending-logins.ts";
import { quietConfig } from "../../tools/guide/src/quiet-config.ts";
import { apiKeyOf } from "../helpers/api-keys.ts";
import { pooledKeys } from "../helpers/certificates.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import {
  createLocalAccount,
  createTestTenant,
  type TestTenant,
  testPasswordCost,
} from "../helpers/people.ts";
import { until } from "../helpers/processes.ts";
import { type RawAnswer, requestHead, sendSlowly } from "../helpers/raw.ts";
import { everyRoute } from "../helpers/routes.ts";
import { samlSettings } from "../helpers/saml-settings.ts"; // SAML

/** Short, so that the tests are. The order is that of production. */
const short: HttpLimits = {
  headersMs: 300,
  bodyMs: 900,
  requestMs: 3_000,
  idleMs: 300,
  checkMs: 50,
  headerBytes: 16_384,
  connections: 12,
};
/** For requests that have to be answered, or held, before a limit: also on a busy machine. */
const patient: HttpLimits = {
  ...short,
  headersMs: 10_000,
  bodyMs: 5_000,
  requestMs: 20_000,
};
/** A body that is too large is answered when its time is up, and must be refused for its size, not for its lateness. */
const largeBody: HttpLimits = { ...short, bodyMs: 3_000, requestMs: 4_500 };
/** Much later than each of these limits but the patient ones, and much earlier than a test's end. */
const soonMs = 15_000;

const form = { "Content-Type": "application/x-www-form-urlencoded" };
const json = { "Content-Type": "application/json" };

/** A request with a body, and the answer of its protocol to a client's error. */
interface Exchange {
  method: string;
  path: string;
  headers: Record<string, string>;
  /** The type of the answer. */
  type: RegExp;
  /** Whether the answer's body is an error of the protocol, with this status where the protocol repeats it. */
  isError(body: string, status: number): boolean;
  /** Of a late body; 408 unless the protocol has an answer of its own. */
  late?: number;
}

const wide = (count: number) =>
  `{${Array.from({ length: count }, (_, index) => `"a${index}":${index}`).join(",")}}`;
const pairs = (count: number) => Array.from({ length: count }, (_, index) => `a${index}=1`).join("&");

describe("a slow or greedy client", () => {
  onOneDatabase((use) => {
    let acme: TestTenant;
    const servers: Server[] = [];
    let port: number;
    let patientPort: number;
    let largeBodyPort: number;
    let exchanges: Record<string, Exchange>;
    let drops = 0;
    before(async () => {
      const { database } = use();
      acme = await createTestTenant(database);
      const log = createLog("warn", {
        write(line: string) {
          if (/connection_dropped/.test(line)) drops += 1;
        },
      });
      const config = quietConfig({ baseUrl: "http://localhost" });
      const app = createApp({
        config,
        database,
        log: createLog("silent"),
        passwordCost: testPasswordCost,
        generateKeys: pooledKeys,
      });
      const listen = async (limits: HttpLimits) => {
        const server = httpServer(app, log, limits);
        servers.push(server);
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
        return (server.address() as AddressInfo).port;
      };
      port = await listen(short);
      patientPort = await listen(patient);
      largeBodyPort = await listen(largeBody);
      const { token } = await createToken(acme.store);
      const owner = await createLocalAccount(acme.store, "owner@acme.example", "owner");
      const { key } = await apiKeyOf(acme.store, owner);
      const apiPost = everyRoute(app).find(
        ({ method, path }) => method === "POST" && path.startsWith("/api/"),
      );
      exchanges = await exchangesOf(acme, { token, key, apiPath: apiPost?.path ?? null });
    });
    after(() => {
      for (const server of servers) {
        server.closeAllConnections();
        server.close();
      }
    });

    const names = ["SCIM", "the API", "the token endpoint", "a form"];
    names.push("SAML's ACS"); // SAML
    const exchange = (name: string) => exchanges[name] ?? null;

    function assertAnswer(
      name: string,
      answer: RawAnswer,
      wanted: Exchange,
      statuses: readonly number[],
    ): void {
      const shown = `${name}: ${answer.status} ${answer.header}\n${answer.body.slice(0, 300)}`;
      assert.ok(statuses.includes(answer.status), shown);
      assert.match(/content-type: ([^\r\n]*)/.exec(answer.header)?.[1] ?? "", wanted.type, shown);
      assert.ok(wanted.isError(answer.body, answer.status), shown);
      assert.ok(answer.ms < soonMs, `${name}: ${answer.ms} ms`);
    }

    it("whose header dribbles is told so in plain text, and cut off", async () => {
      const answer = await sendSlowly(port, "GET /login HTTP/1.1\r\nHost: localhost\r\nX-Slow: ", "a");
      assert.equal(answer.status, 408);
      assert.match(answer.header, /content-type: text\/plain/);
      assert.match(answer.body, /did not arrive in time/);
      assert.ok(answer.ms >= short.headersMs && answer.ms < soonMs, `${answer.ms} ms`);
    });

    it("that says nothing at all is cut off", async () => {
      const { ms } = await sendSlowly(port, "");
      assert.ok(ms < soonMs, `${ms} ms`);
    });

    it("that keeps its half of the connection open after the answer does not hold it", async () => {
      const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
      socket.resume().on("error", () => undefined);
      await new Promise((resolve) => socket.once("end", resolve));
      const [server] = servers;
      const held = () =>
        new Promise<number>((resolve) => server?.getConnections((_, count) => resolve(count)));
      await until("the server has let go", async () => (await held()) === 0);
      socket.destroy();
    });

    it("with a header above 16 KB is told so in plain text", async () => {
      const begin = requestHead("GET", "/login", { Cookie: "a".repeat(short.headerBytes) });
      const answer = await sendSlowly(port, begin);
      assert.equal(answer.status, 431);
      assert.match(answer.body, /delete this site's cookies/);
    });

    it("that does not speak HTTP, or smuggles a second length, gets 400", async () => {
      const smuggled = [
        "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\r\n\r\n",
        requestHead("POST", "/login", { "Content-Length": 5, "Transfer-Encoding": "chunked" }),
        "POST /login HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "GET /login HTTP/1.1\r\nHost: a\r\n folded: b\r\n\r\n",
        "GET /login HTTP/1.1\r\nHost: a\r\nX\u0000Y: b\r\n\r\n",
      ];
      for (const begin of smuggled) {
        const answer = await sendSlowly(port, begin);
        assert.equal(answer.status, 400, JSON.stringify(begin));
        assert.match(answer.body, /not valid HTTP/);
      }
    });

    for (const name of names) {
      it(`whose body dribbles gets the answer of the protocol, and is cut off: ${name}`, async () => {
        const wanted = exchange(name);
        if (!wanted) return assert.ok(name === "the API");
        const { method, path, headers, late = 408 } = wanted;
        const head = requestHead(method, path, { ...headers, "Content-Length": 1_000 });
        const answer = await sendSlowly(port, head, "a");
        assertAnswer(name, answer, wanted, [late]);
        assert.match(answer.header, /connection: close/);
        assert.ok(answer.ms >= short.bodyMs, `${answer.ms} ms`);
      });
    }

    it("with too large a body gets the answer of the protocol, also if it never sends the body", async () => {
      const wanted = Object.entries(exchanges);
      assert.ok(wanted.length >= 3);
      // At the same time, because each takes as long as the limit.
      await Promise.all(
        wanted.map(async ([name, one]) => {
          const head = requestHead(one.method, one.path, { ...one.headers, "Content-Length": 50_000_000 });
          assertAnswer(name, await sendSlowly(largeBodyPort, head, "a"), one, [413, 403]);
        }),
      );
    });

    it("without a credential does not make the server wait for its body", async () => {
      for (const [path, type] of [
        ["/scim/v2/Users", "application/scim+json"],
        ["/global-token-revocation", "application/json"],
        ["/shared-signals/none", "application/secevent+jwt"],
        ["/mcp", "application/json"],
      ] as const) {
        const head = requestHead("POST", path, {
          "Content-Type": type,
          "Content-Length": 1_000,
          Connection: "close",
        });
        const answer = await sendSlowly(patientPort, head, "a");
        assert.equal(answer.status, 401, `${path}: ${answer.status}`);
        assert.ok(answer.ms < patient.bodyMs, `${path}: ${answer.ms} ms`);
      }
    });

    it("that keeps a connection without a request loses it", async () => {
      const answer = await sendSlowly(port, requestHead("GET", "/healthz", {}));
      assert.equal(answer.status, 200);
      assert.ok(answer.ms >= short.idleMs && answer.ms < soonMs, `${answer.ms} ms`);
    });

    it("with many connections gets no more than the limit, and others get in again when they end", async () => {
      const open = () =>
        new Promise<Socket>((resolve) => {
          const socket = connect(patientPort, "127.0.0.1", () => resolve(socket));
          socket.on("error", () => undefined);
        });
      const held = await Promise.all(Array.from({ length: patient.connections }, open));
      for (let tries = 0; tries < 3; tries++) {
        const head = requestHead("GET", "/healthz", { Connection: "close" });
        assert.equal((await sendSlowly(patientPort, head)).status, 0);
      }
      assert.equal(drops, 1, "a flood of connections is one line a minute");
      for (const socket of held) socket.destroy();
      await Promise.all(
        held.map(
          (socket) => new Promise((resolve) => (socket.closed ? resolve(0) : socket.on("close", resolve))),
        ),
      );
      let again = await sendSlowly(patientPort, requestHead("GET", "/healthz", { Connection: "close" }));
      // The server sees the ends of the connections a moment later than their client.
      for (let tries = 0; again.status === 0 && tries < 100; tries++)
        again = await sendSlowly(patientPort, requestHead("GET", "/healthz", { Connection: "close" }));
      assert.equal(again.status, 200);
    });

    it("is limited in production, and the limits are in their order", () => {
      const { headersMs, bodyMs, requestMs, idleMs, headerBytes, connections } = httpLimits;
      assert.ok(headersMs < bodyMs && headersMs + bodyMs < requestMs && requestMs <= 120_000);
      // Common proxies close an idle connection after 60 seconds, and must be the ones who do.
      assert.ok(idleMs > 60_000 && headerBytes <= 16_384 && connections <= 10_000);
      const page = readFileSync("docs/reference/security.md", "utf8");
      const seconds = [headersMs, bodyMs, requestMs, idleMs].map((ms) => `${ms / 1_000} seconds`);
      for (const limit of [...seconds, `${headerBytes} bytes`, String(connections), String(maxPendingLogins)])
        assert.ok(page.includes(`| ${limit} |`), limit);
      const made = httpServer(() => undefined, createLog("silent"));
      assert.deepEqual(
        [made.headersTimeout, made.requestTimeout, made.keepAliveTimeout, made.maxConnections],
        [headersMs, requestMs, idleMs, connections],
      );
    });

    /** Bodies that are small and cost much: by their depth, or by the number of their parts. */
    const deep = (depth: number) => `${'{"a":['.repeat(depth)}${"]}".repeat(depth)}`;
    // SAML {
    const xml = (depth: number) => Buffer.from("<a>".repeat(depth) + "</a>".repeat(depth)).toString("base64");
    // SAML }
    const bodies: Record<string, Record<string, string>> = {
      SCIM: { "deep JSON": deep(100_000), "deep enough": deep(33), "many attributes": wide(50_000) },
      "the API": { "deep JSON": deep(3_000), "many members": wide(2_000) },
      "the token endpoint": { "many parameters": pairs(2_000), "one parameter, often": "a=1&".repeat(3_000) },
      "a form": { "many fields": pairs(3_000), "one field, often": "a=1&".repeat(5_000) },
      // SAML {
      "SAML's ACS": {
        "deep XML": `SAMLResponse=${encodeURIComponent(xml(30_000))}`,
        "many fields": pairs(3_000),
        "many responses": "SAMLResponse=a&".repeat(500),
      },
      // SAML }
    };
    for (const [name, ofProtocol] of Object.entries(bodies)) {
      for (const [what, body] of Object.entries(ofProtocol)) {
        it(`with ${what} gets an error of the protocol: ${name}`, async () => {
          const wanted = exchange(name);
          if (!wanted) return assert.ok(name === "the API");
          const { method, path, headers } = wanted;
          const length = { "Content-Length": Buffer.byteLength(body), Connection: "close" };
          const answer = await sendSlowly(port, requestHead(method, path, { ...headers, ...length }) + body);
          assertAnswer(name, answer, wanted, [400, 401, 403, 413, 422]);
        });
      }
    }
  });
});

async function exchangesOf(
  acme: TestTenant,
  { token, key, apiPath }: { token: string; key: string; apiPath: string | null },
): Promise<Record<string, Exchange>> {
  const saml = await acme.connection({ type: "saml", settings: samlSettings }); // SAML
  const parsed = (body: string): Record<string, unknown> => JSON.parse(body);
  const isPage = (body: string) => /<h1/.test(body) && /Reference/.test(body);
  const page = { type: /^text\/html/, isError: isPage };
  return {
    SCIM: {
      method: "POST",
      path: "/scim/v2/Users",
      headers: { ...json, Authorization: `Bearer ${token}` },
      type: /^application\/scim\+json/,
      isError: (body, status) =>
        String(parsed(body).schemas).endsWith(":Error") && parsed(body).status === String(status),
    },
    ...(apiPath && {
      "the API": {
        method: "POST",
        path: apiPath.replace(/:\w+/g, "x"),
        headers: { ...json, Authorization: `Bearer ${key}` },
        type: /^application\/problem\+json/,
        isError: (body: string, status: number) => parsed(body).status === status,
      },
    }),
    "the token endpoint": {
      method: "POST",
      path: "/oauth2/token",
      headers: { ...form, Authorization: `Basic ${Buffer.from("a:b").toString("base64")}` },
      type: /^application\/json/,
      isError: (body) => typeof parsed(body).error === "string",
    },
    "a form": {
      method: "POST",
      path: `/login/password/${acme.tenant.slug}`,
      headers: { ...form, Accept: "text/html", Origin: "http://localhost", "Sec-Fetch-Site": "same-origin" },
      ...page,
    },
    // SAML {
    "SAML's ACS": {
      method: "POST",
      path: `/saml/${saml.key}/acs`,
      headers: { ...form, Accept: "text/html", Origin: "https://acme.okta.example" },
      ...page,
      late: 403,
    },
    // SAML }
  };
}
