import assert from "node:assert/strict";
import { problemRecorder } from "../../src/directory/provisioning-problems.ts";
import { createToken } from "../../src/directory/provisioning-tokens.ts";
import type { ProvisioningProblem } from "../../src/store/tenant/provisioning-problems.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { createTestTenant } from "../helpers/people.ts";
import { oktaUser, ScimClient, scimClient } from "../helpers/scim.ts";
import { type ScimTenant, useScim } from "../helpers/scim-site.ts";

describe("a provisioning problem", () => {
  onEachDatabase((use) => {
    const site = useScim(use);
    let acme: ScimTenant;
    beforeEach(async () => {
      acme = await site().tenant();
    });

    /** Waits, because a problem is written after the answer. */
    const kept = async (count = 1): Promise<ProvisioningProblem[]> => {
      for (let tries = 0; ; tries++) {
        const problems = await acme.store.provisioningProblems.list(100);
        if (problems.length >= count || tries === 1_000) return problems;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };

    it("is recorded for the tenant's administrators: call, detail and request id", async () => {
      await acme.client.send("POST", "/Users", oktaUser("ada@acme.example"));
      const refused = await acme.client.send("POST", "/Users", oktaUser("ada@acme.example"));
      const [{ at, ...problem } = assert.fail()] = await kept();
      assert.ok(Math.abs(Date.now() - at) < 60_000);
      assert.deepEqual(problem, {
        sourceId: acme.writer.source.id,
        kind: "uniqueness",
        call: "POST /Users",
        status: 409,
        detail: refused.body.detail,
        requestId: refused.headers.get("x-request-id"),
      });
    });

    for (const cause of ["expired", "revoked"] as const) {
      it(`names a token that is ${cause}, because provisioning stops without any other sign`, async () => {
        const past = () => Date.now() - 2 * 86_400_000;
        const { id, token } = await createToken(
          acme.store,
          "default",
          1,
          cause === "expired" ? past : Date.now,
        );
        if (cause === "revoked") await acme.store.tokens.revoke(id);
        assert.equal((await scimClient(site().app, token).get("/Users")).status, 401);
        const [problem = assert.fail()] = await kept();
        assert.deepEqual(
          [problem.kind, problem.status, problem.detail],
          [`token-${cause}`, 401, `The token ${token.slice(0, 12)}… is ${cause}.`],
        );
        assert.ok(!JSON.stringify(problem).includes(token));
      });
    }

    it("is not recorded for an unknown token, nor for a client that reads a missing resource", async () => {
      const stranger = new ScimClient(`${site().app.url}/scim/v2`, "Bearer oinscim_unknown");
      assert.equal((await stranger.get("/Users")).status, 401);
      assert.equal((await acme.client.get("/Users/unknown")).status, 404);
      assert.equal((await acme.client.send("POST", "/Me")).status, 501);
      await acme.client.patch("/Users/unknown", { op: "replace", value: { active: false } });
      assert.deepEqual(
        (await kept()).map(({ call, kind }) => [call, kind]),
        [["PATCH /Users/{id}", "404"]],
      );
    });

    it("is one line however often it happens, and for all unknown paths together", async () => {
      for (let count = 0; count < 5; count++) {
        await acme.client.send("DELETE", `/Users/unknown-${count}`);
        await acme.client.send("PUT", `/Made/up/${count}`, {});
      }
      const problems = await kept(2);
      assert.deepEqual(problems.map(({ call }) => call).sort(), ["DELETE /Users/{id}", "PUT elsewhere"]);
    });
  });

  onEachDatabase((use) => {
    it("is not recorded, and nothing fails, for a token that never existed", async () => {
      const { store } = await createTestTenant(use().database);
      await problemRecorder(use().database).recordEndedToken("never-created", "request");
      assert.deepEqual(await store.provisioningProblems.list(10), []);
    });

    it("is written once in ten seconds, and again if it persists", async () => {
      const { store, writer } = await createTestTenant(use().database);
      let now = 1_000_000;
      const { record } = problemRecorder(use().database, () => now);
      const problem = {
        sourceId: writer.source.id,
        kind: "uniqueness",
        call: "POST /Users",
        status: 409,
        detail: "x",
      };
      const lastId = async () =>
        (await store.provisioningProblems.list(10)).map(({ requestId }) => requestId);
      for (const [requestId, ms] of [
        ["first", 0],
        ["second", 9_999],
        ["third", 1],
      ] as const) {
        now += ms;
        await record(store.tenantId, { ...problem, requestId });
        assert.deepEqual(await lastId(), [requestId === "second" ? "first" : requestId]);
      }
    });
  });
});
