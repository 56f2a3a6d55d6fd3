import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { createLog, redactedNames } from "../src/log.ts";
import { requestContext } from "../src/web/request.ts";

function collectingLog() {
  const lines: string[] = [];
  return { lines, log: createLog("info", { write: (line: string) => void lines.push(line) }) };
}

describe("the log", () => {
  const wraps: ((value: object) => object)[] = [
    (value) => value,
    (value) => ({ outer: value }),
    (value) => ({ outer: { inner: value } }),
  ];
  for (const name of redactedNames) {
    for (const [depth, wrap] of wraps.entries()) {
      it(`never shows ${name} at depth ${depth}`, () => {
        const { lines, log } = collectingLog();
        log.info(wrap({ [name]: "do-not-show", kept: "shown" }), "tested");
        assert.equal(lines.length, 1);
        assert.doesNotMatch(lines.join(), /do-not-show/);
        assert.match(lines.join(), /shown/);
      });
    }
  }

  const secretNames = ["password", "token", "secret", "clientSecret", "authorization", "cookie", "email"];
  // Of a token request and its answer, as they are sent.
  const ofAgents = ["assertion", "client_secret", "client_assertion", "dpop", "access_token"];
  for (const name of [...secretNames, ...ofAgents]) {
    it(`redacts ${name}`, () => assert.ok(redactedNames.includes(name)));
  }

  it("writes one line of JSON per event, with level and time", () => {
    const { lines, log } = collectingLog();
    log.warn({ tenantId: "t1" }, "tested");
    const { time, ...line } = JSON.parse(lines.join());
    assert.deepEqual(line, { level: "warn", tenantId: "t1", event: "tested" });
    assert.ok(Math.abs(Date.parse(time) - Date.now()) < 60_000);
  });
});

describe("a request's line", () => {
  const cases: [string, string][] = [
    ["/oidc/acme/callback?code=do-not-show&state=do-not-show", "/oidc/acme/callback"],
    ["/login?returnTo=do-not-show?do-not-show", "/login"],
    ["/setup/do-not-show", "/setup/[redacted]"],
    ["/setup/do-not-show?x=do-not-show", "/setup/[redacted]"],
  ];
  for (const [url, path] of cases) {
    it(`contains only ${path} of ${url}`, async () => {
      const { lines, log } = collectingLog();
      const app = express().use(requestContext(log));
      app.use((_req, res) => void res.status(204).end());
      const server = createServer(app);
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${url}`);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      assert.equal(lines.length, 1);
      const line = JSON.parse(lines.join());
      assert.deepEqual([line.event, line.path, line.status], ["request.answered", path, 204]);
      assert.doesNotMatch(lines.join(), /do-not-show/);
    });
  }
});
