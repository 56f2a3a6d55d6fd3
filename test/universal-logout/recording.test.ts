import assert from "node:assert/strict";
import { connectionPolicy } from "../../src/universal-logout/policy.ts";
import { startTestApp, type TestApp } from "../helpers/app.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { createLocalAccount, createTestTenant, type TestTenant } from "../helpers/people.ts";
import { recorded, startRecording } from "../helpers/recorded.ts";
import {
  type RevokingOrg,
  revocationToken,
  startRevokingOrg,
  strangersKey,
  type TokenParts,
} from "../helpers/revocation.ts";

const path = "/global-token-revocation";
const email = "ada@acme.example";

describe("the inspector's message of a Universal Logout call", () => {
  onOneDatabase((use) => {
    let org: RevokingOrg;
    let app: TestApp;
    let acme: TestTenant;
    let other: TestTenant;
    let key = "";
    let sent = "";

    before(async () => {
      org = await startRevokingOrg();
      app = await startTestApp(use().database, { insecureAllowPrivateNetwork: true });
      [acme, other] = [await createTestTenant(use().database), await createTestTenant(use().database)];
      key = (await acme.connection({ settings: { issuer: org.issuer, clientId: "app" } })).key;
      await acme.connection({ settings: { issuer: org.issuer, clientId: "off", universalLogout: false } });
      await other.connection({ settings: { issuer: org.issuer, clientId: "theirs" } });
      await createLocalAccount(acme.store, email);
      await other.store.inspector.recordUntil(Date.now() + 600_000);
      await startRecording(acme.store);
    });
    after(async () => {
      await app.close();
      await org.close();
    });

    async function revoke(body: unknown, sub = "app", parts: TokenParts = {}): Promise<number> {
      sent = await revocationToken(org, sub, app.url + path, parts);
      const headers = { "content-type": "application/json", authorization: `Bearer ${sent}` };
      return (await app.client().send("POST", path, headers, JSON.stringify(body))).status;
    }
    const bySubject = (address = email) => ({ sub_id: { format: "email", email: address } });
    const one = async () => (await recorded(acme.store, 1))[0] ?? assert.fail();

    it("has the decoded token, the person, each check and the file, but never the token", async () => {
      assert.equal(await revoke(bySubject()), 204);
      const message = await one();
      assert.deepEqual(
        [message.protocol, message.connectionKey, message.person, message.summary, message.file],
        ["universal-logout", key, email, "204 No Content", "src/universal-logout/routes.ts"],
      );
      assert.deepEqual(
        message.checks.map(({ name, verdict }) => [name, verdict]),
        connectionPolicy.map(({ name }) => [name, "passed"]),
      );
      const { jwt, body } = (message.request?.json ?? {}) as { jwt: Record<string, object>; body: object };
      assert.deepEqual(body, bySubject().sub_id);
      assert.deepEqual(
        { ...jwt.claims, jti: "", iat: 0, nbf: 0, exp: 0 },
        {
          iss: org.issuer,
          sub: "app",
          aud: app.url + path,
          jti: "",
          iat: 0,
          nbf: 0,
          exp: 0,
        },
      );
      const kept = JSON.stringify(message);
      assert.ok(!kept.includes(sent) && !kept.includes(sent.split(".")[2] ?? ""), kept);
    });

    const failures: [string, () => Promise<number>, RegExp, string][] = [
      [
        "a stranger's key",
        () => revoke(bySubject(), "app", { key: strangersKey }),
        /^401 Unauthorized\. Failed: .* \(signature verification failed\)$/,
        "src/universal-logout/token.ts",
      ],
      [
        "a token that is too old",
        () => revoke(bySubject(), "app", { claims: { iat: 1, exp: 2 } }),
        /^401 Unauthorized\. Failed: .*"exp"/,
        "src/universal-logout/token.ts",
      ],
      [
        "a connection where it is off",
        () => revoke(bySubject(), "off"),
        /^403 Forbidden\. Failed: Universal Logout is switched on$/,
        "src/universal-logout/routes.ts",
      ],
      [
        "an unknown person",
        () => revoke(bySubject("unknown@acme.example")),
        /^404 Not Found\. Failed: A user of the tenant has that name$/,
        "src/universal-logout/routes.ts",
      ],
      [
        "a body without a person",
        () => revoke({}),
        /^400 Bad Request\. Failed: The body names a person \(sub_id is missing/,
        "src/universal-logout/routes.ts",
      ],
      [
        "an org whose keys cannot be read",
        async () => {
          org.down = true;
          const status = await revoke(bySubject(), "app", { header: { kid: `new-${Date.now()}` } });
          org.down = false;
          return status;
        },
        /^(503 Service Unavailable|401 Unauthorized)\. Failed: /,
        "src/universal-logout/token.ts",
      ],
    ];
    for (const [what, call, summary, file] of failures) {
      it(`says what failed: ${what}`, async () => {
        assert.notEqual(await call(), 204);
        const message = await one();
        assert.match(message.summary, summary);
        assert.deepEqual([message.verdict, message.file], ["failed", file]);
      });
    }

    it("says that a token was replayed", async () => {
      const claims = { jti: "the-same" };
      assert.equal(await revoke(bySubject(), "app", { claims }), 204);
      assert.equal(await revoke(bySubject(), "app", { claims }), 401);
      const [, second] = await recorded(acme.store, 2);
      assert.equal(second?.summary, "401 Unauthorized. Failed: The token was not used before");
    });

    it("is a flow of its own", async () => {
      await revoke(bySubject());
      await revoke(bySubject());
      const calls = await recorded(acme.store, 2);
      assert.deepEqual(
        calls.map(({ seq, flow, flowKind }) => [flow === seq, flowKind]),
        [
          [true, "logout"],
          [true, "logout"],
        ],
      );
    });

    it("reaches only the tenant whose connection the call names", async () => {
      await revoke(bySubject(), "theirs");
      await revoke(bySubject());
      assert.equal((await recorded(acme.store, 1)).length, 1);
      assert.equal((await recorded(other.store, 1))[0]?.summary.slice(0, 3), "404");
    });
  });
});
