import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { noCallCounter } from "../../src/directory/call-counter.ts";
import { createToken } from "../../src/directory/provisioning-tokens.ts";
import { createLog } from "../../src/log.ts";
import { scimRoutes } from "../../src/scim/routes.ts";
import { requestContext } from "../../src/web/request.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { testPasswords } from "../helpers/people.ts";
import { oktaUser, ScimClient } from "../helpers/scim.ts";
import { assertScimError, type ScimTenant, useScim } from "../helpers/scim-site.ts";

const dayMs = 86_400_000;

describe("provisioning tokens", () => {
  onEachDatabase((use) => {
    const site = useScim(use);
    let acme: ScimTenant;
    beforeEach(async () => {
      acme = await site().tenant();
    });
    const call = (authorization: string) => acme.client.get("/Users", { authorization });
    const refused = async (authorization: string) => {
      const answer = await call(authorization);
      assertScimError(answer, 401);
      assert.equal(answer.headers.get("www-authenticate"), 'Bearer realm="scim"');
      return answer.text;
    };

    const accepted: [string, (token: string) => string][] = [
      ["Bearer", (token) => `Bearer ${token}`],
      ["bearer in lower case", (token) => `bearer ${token}`],
      ["BEARER in upper case", (token) => `BEARER ${token}`],
      ["the token alone, Okta's Header mode", (token) => token],
    ];
    for (const [how, header] of accepted) {
      it(`are accepted as ${how}`, async () => {
        assert.equal((await call(header(acme.token))).status, 200);
      });
    }

    it("get the same refusal for every defect", async () => {
      const past = () => Date.now() - 2 * dayMs;
      const expired = await createToken(acme.store, "default", 1, past);
      const revoked = await createToken(acme.store);
      await acme.store.tokens.revoke(revoked.id);
      const texts = new Set<string>();
      for (const authorization of [
        "",
        "Bearer",
        "Bearer ",
        "non-token",
        `Bearer ${acme.token}x`,
        `Bearer ${acme.token.toUpperCase()}`,
        `Basic ${Buffer.from(`user:${acme.token}`).toString("base64")}`,
        `Bearer ${expired.token}`,
        `Bearer ${revoked.token}`,
      ])
        texts.add(await refused(authorization));
      assert.equal(texts.size, 1);
    });

    it("expire", async () => {
      const { token } = await createToken(acme.store, "default", 1);
      assert.equal((await call(token)).status, 200);
      await use()
        .database.sql()("provisioning_tokens")
        .update({ expires_at: Date.now() - 1 })
        .whereNotNull("expires_at");
      await refused(token);
    });

    it("stop working at once when they are revoked; the tenant's other tokens keep working", async () => {
      const second = await createToken(acme.store);
      assert.equal((await call(second.token)).status, 200);
      await acme.store.tokens.revoke(second.id);
      await refused(second.token);
      assert.equal((await call(acme.token)).status, 200);
    });

    for (const path of ["/Users", "/Bulk", "/Schemas", "/Me", "/nowhere", "/"]) {
      it(`are checked first at ${path}: a megabyte of broken JSON is not parsed`, async () => {
        const body = `{"userName": "${"x".repeat(1_000_000)}`;
        for (const type of ["application/scim+json", "application/json", "text/html"]) {
          const headers = { authorization: "non-token", "content-type": type };
          assertScimError(await acme.client.send("POST", path, body, headers), 401);
        }
      });
    }

    it("record their last use, at most once a minute", async () => {
      const lastUse = async () => (await acme.store.tokens.list())[0]?.lastUsedAt ?? null;
      assert.equal(await lastUse(), null);
      await acme.client.get("/Users");
      const first = await lastUse();
      assert.ok(first !== null && Date.now() - first < 10_000);
      await acme.client.get("/Users");
      assert.equal(await lastUse(), first);
      const tokens = use().database.sql()("provisioning_tokens").where("tenant_id", acme.tenant.id);
      const before = Date.now() - 60_001;
      await tokens.update({ last_used_at: before });
      await acme.client.get("/Users");
      assert.ok(((await lastUse()) ?? 0) > before);
    });

    it("record no use by a refused call", async () => {
      const { id, token } = await createToken(acme.store);
      await acme.store.tokens.revoke(id);
      await refused(token);
      assert.equal((await acme.store.tokens.list()).find((one) => one.id === id)?.lastUsedAt, null);
    });

    it("never appear in the log", async () => {
      await acme.client.send("POST", "/Users", oktaUser("ada@acme.example"));
      await refused("Bearer oinscim_wrong");
      const written = JSON.stringify(site().app.logged);
      assert.ok(written.includes("scim.refused"));
      for (const secret of [acme.token, "oinscim_wrong", "1mz050nq"]) assert.ok(!written.includes(secret));
    });

    it("have a rate limit each: 429 with whole seconds in Retry-After", async () => {
      const app = express();
      app.use(requestContext(createLog("silent")));
      app.use(
        "/scim/v2",
        scimRoutes({
          database: use().database,
          baseUrl: "http://acme.example",
          passwords: testPasswords,
          calls: noCallCounter,
          requestsPerMinute: 3,
        }),
      );
      const server = createServer(app);
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/scim/v2`;
      const limited = new ScimClient(base, `Bearer ${acme.token}`);
      for (let count = 0; count < 3; count++) assert.equal((await limited.get("/Users")).status, 200);
      const answer = await limited.get("/Users");
      assertScimError(answer, 429);
      const seconds = answer.headers.get("retry-after") ?? "";
      assert.match(seconds, /^[1-9]\d?$/);
      assert.ok(answer.body.detail.includes(`${seconds} seconds`));
      const { token } = await createToken(acme.store);
      assert.equal((await new ScimClient(base, token).get("/Users")).status, 200);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
  });
});
