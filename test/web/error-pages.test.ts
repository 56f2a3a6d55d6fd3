import assert from "node:assert/strict";
import { createServer, type Server, STATUS_CODES } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { ConflictError, InvalidError, type RefusalReason, RefusedError } from "../../src/errors.ts";
import { createLog } from "../../src/log.ts";
import { errorPages } from "../../src/web/error-pages.ts";
import { requestContext } from "../../src/web/request.ts";
import { startTestApp, type TestApp } from "../helpers/app.ts";
import type { Answer, Client } from "../helpers/client.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { connectionRefused, type FaultyDatabase, faulty } from "../helpers/faults.ts";
import { headingOf } from "../helpers/pages.ts";
import { createLocalAccount, createTestTenant } from "../helpers/people.ts";
import { plantSession, sessionSecret } from "../helpers/site.ts";

const secretDetail = "a detail that stays private";

interface Failure {
  status: number;
  heading: string;
  /** The expected log line. */
  logged: Record<string, unknown>;
  retryAfter?: RegExp;
  fault?: () => Error;
  ask(client: Client, headers: Record<string, string>): Promise<Answer>;
}

const failures: Failure[] = [
  {
    status: 400,
    heading: "That did not work",
    logged: { event: "request.refused", reason: "InvalidError" },
    fault: () => new InvalidError("A sentence for the person."),
    ask: (client, headers) => client.get("/account", headers),
  },
  {
    status: 403,
    heading: "That came from another site",
    logged: { event: "request.refused", reason: "CrossSiteError" },
    ask: (client, headers) =>
      client.post("/account/sessions/end-others", {}, { ...headers, "sec-fetch-site": "cross-site" }),
  },
  {
    status: 403,
    heading: "This link no longer works",
    logged: { event: "request.refused", reason: "link-not-valid" },
    ask: (client, headers) => client.get("/setup/unknown", headers),
  },
  {
    status: 404,
    heading: "Page not found",
    logged: { event: "request.refused", reason: "NotFoundError" },
    ask: (client, headers) => client.get("/no/such/page", headers),
  },
  {
    status: 409,
    heading: "That did not work",
    logged: { event: "request.refused", reason: "ConflictError" },
    fault: () => new ConflictError("last-owner", "A sentence for the person."),
    ask: (client, headers) => client.get("/account", headers),
  },
  {
    status: 413,
    heading: "That was too much",
    logged: { event: "request.refused", reason: "PayloadTooLargeError" },
    ask: (client, headers) => client.post("/account/password", { password: "x".repeat(40_000) }, headers),
  },
  {
    status: 400,
    heading: "That did not work",
    logged: { event: "request.refused", reason: "URIError" },
    ask: (client, headers) => client.get("/login/password/%E0%A4%A", headers),
  },
  {
    status: 500,
    heading: "Something went wrong on our side",
    logged: { event: "request.failed" },
    fault: () => new Error(secretDetail),
    ask: (client, headers) => client.get("/account", headers),
  },
  {
    status: 503,
    heading: "We cannot answer right now",
    logged: { event: "request.failed" },
    retryAfter: /^30$/,
    fault: connectionRefused,
    ask: (client, headers) => client.get("/account", headers),
  },
];

describe("error pages", () => {
  onOneDatabase((use) => {
    let app: TestApp;
    let faults: FaultyDatabase;
    let client: Client;
    before(async () => {
      faults = faulty(use().database);
      app = await startTestApp(faults.database, { sessionSecret });
      const { tenant, store } = await createTestTenant(use().database);
      const user = await createLocalAccount(store, "ada@acme.example");
      client = app.client();
      client.cookies.set("session", await plantSession(use(), tenant, user));
    });
    after(() => app.close());
    afterEach(() => faults.fail(null));

    async function fail(failure: Failure, headers: Record<string, string> = {}) {
      app.logged.length = 0;
      faults.fail(failure.fault?.() ?? null);
      const answer = await failure.ask(client, headers);
      const reference = answer.headers.get("x-request-id") ?? "";
      assert.match(reference, /^[0-9a-f-]{36}$/);
      const lines = app.logged.filter(({ requestId }) => requestId === reference);
      return { answer, reference, lines };
    }

    it("offers no second try at an address that a browser takes for another host", async () => {
      for (const path of [
        "//evil.example/account",
        "/\\\\evil.example",
        "/\\evil.example",
        "///evil.example",
      ]) {
        faults.fail(connectionRefused());
        const page = await client.get(path);
        assert.equal(page.status, 503, path);
        assert.doesNotMatch(page.text, /evil\.example/, path);
      }
    });

    it("offers to try again first where that can help: at the refused sign-in, or on the same page", async () => {
      const again = async (failure: Failure) =>
        /<a class="button primary" href="([^"]*)">Try again</.exec((await fail(failure)).answer.text)?.[1];
      const refused = (path: string, reason: RefusalReason): Failure => ({
        status: 403,
        heading: "You could not be signed in",
        logged: {},
        fault: () => new RefusedError(reason),
        ask: (one, headers) => one.get(path, headers),
      });
      const callback = refused("/oidc/acme/callback?code=1&state=2", "provider-refused");
      assert.equal(await again(callback), "/oidc/acme/login");
      assert.equal(await again(refused("/oidc/acme/login", "connection-not-active")), "/login");
      assert.equal(await again(refused("/account?x=1", "user-blocked")), "/login");
      for (const failure of failures) {
        const canHelp = [500, 503].includes(failure.status);
        assert.equal(await again(failure), canHelp ? "/account" : undefined, failure.heading);
      }
    });

    for (const failure of failures) {
      const name = `${failure.status} (${failure.logged.reason ?? failure.logged.event})`;

      it(`${name}: shows what happened, what to do next and the reference, but no internals`, async () => {
        const { answer, reference } = await fail(failure);
        assert.equal(answer.status, failure.status);
        assert.equal(headingOf(answer), failure.heading);
        assert.match(answer.headers.get("content-type") ?? "", /^text\/html/);
        assert.ok(answer.text.includes(`<code>${reference}</code>`));
        assert.match(answer.headers.get("retry-after") ?? "", failure.retryAfter ?? /^$/);
        assert.doesNotMatch(answer.text, /node_modules|\.ts:\d|ECONNREFUSED|stays private|at .*\(/);
      });

      for (const accept of [
        "application/json",
        "application/problem+json",
        "application/json, text/html;q=0.5",
      ]) {
        it(`${name}: answers with a problem to Accept: ${accept}`, async () => {
          const { answer, reference } = await fail(failure, { accept });
          assert.equal(answer.status, failure.status);
          assert.equal(answer.headers.get("content-type"), "application/problem+json");
          const { title, status, detail, ...rest } = JSON.parse(answer.text);
          assert.deepEqual(
            [title, status, rest],
            [STATUS_CODES[failure.status], failure.status, { type: "about:blank", reference }],
          );
          assert.doesNotMatch(detail, /node_modules|\.ts:\d|ECONNREFUSED|stays private|at .*\(/);
        });
      }

      for (const accept of [
        "*/*",
        "text/html,application/xhtml+xml,*/*;q=0.8",
        "image/png",
        "text/html, application/json",
      ]) {
        it(`${name}: answers with a page to Accept: ${accept}`, async () => {
          const { answer } = await fail(failure, { accept });
          assert.equal(answer.status, failure.status);
          assert.match(answer.headers.get("content-type") ?? "", /^text\/html/);
        });
      }

      it(`${name}: logs the reason under the reference`, async () => {
        const { lines } = await fail(failure);
        const line = lines.find(({ event }) => event === failure.logged.event);
        assert.ok(line, `no ${String(failure.logged.event)} among ${JSON.stringify(lines)}`);
        if (failure.status < 500) assert.equal(line.reason, failure.logged.reason);
        else assert.match(JSON.stringify(line.err), /stays private|ECONNREFUSED/);
        const answered = lines.find(({ event }) => event === "request.answered");
        assert.equal(answered?.status, failure.status);
      });
    }

    it("429 says how many minutes to wait", async () => {
      const path = "/login/password/anything";
      const statuses: number[] = [];
      let answer: Answer | undefined;
      while (statuses.length < 6) {
        answer = await app
          .client()
          .post(path, { loginName: "x", password: "y" }, { accept: "application/json" });
        statuses.push(answer.status);
      }
      assert.equal(statuses.at(-1), 429);
      assert.match(
        JSON.parse(answer?.text ?? "").detail,
        /^There were too many attempts in a short time\. Wait/,
      );
      assert.match(answer?.headers.get("retry-after") ?? "", /^\d+$/);
    });

    it("keep the session after an error", async () => {
      faults.fail(new Error(secretDetail));
      assert.equal((await client.get("/account")).status, 500);
      faults.fail(null);
      assert.equal((await client.get("/account")).status, 200);
    });

    it("keep the query out of the log", async () => {
      await client.get("/no-such-page?code=a-secret-code");
      assert.doesNotMatch(JSON.stringify(app.logged), /a-secret-code/);
    });
  });
});

/** test/helpers/console-guard.ts checks that Express itself writes nothing to the console. */
describe("an error after the answer has started", () => {
  const logged: Record<string, unknown>[] = [];
  /** More than a socket buffers, so the answer has started when the error occurs. */
  const large = "hole".repeat(2_000_000);
  let server: Server;
  let url: string;
  before(async () => {
    const log = createLog("info", { write: (line: string) => void logged.push(JSON.parse(line)) });
    const app = express().use(requestContext(log));
    app.get("/half", (_req, res, next) => void res.write("half", () => next(new Error("too late"))));
    app.get("/whole", (_req, res, next) => {
      res.write("w");
      res.end(large);
      next(new Error("too late"));
    });
    app.use(errorPages);
    server = createServer(app);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  beforeEach(() => void logged.splice(0));
  after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it("breaks the answer off, and is logged", async () => {
    const answer = await fetch(`${url}/half`);
    await assert.rejects(answer.text());
    assert.deepEqual(
      logged.map(({ event }) => event),
      ["request.failed", "request.answered"],
    );
  });

  it("does not change a complete answer, and is logged", async () => {
    const text = await (await fetch(`${url}/whole`)).text();
    assert.ok(text === `w${large}`, `${text.length} characters arrived`);
    assert.ok(logged.some(({ event }) => event === "request.failed"));
  });
});
