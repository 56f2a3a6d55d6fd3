import assert from "node:assert/strict";
import { revokeUserAccess } from "../../src/directory/access.ts";
import type { User } from "../../src/model.ts";
import { createTestDatabase, type TestDatabase } from "../helpers/databases.ts";
import { createLocalAccount, createTestTenant, type TestTenant, testPassword } from "../helpers/people.ts";
import { newSecrets, type RunningServer, startServer } from "../helpers/processes.ts";

describe("two replicas of one deployment", () => {
  describe("on PostgreSQL", () => {
    let current: TestDatabase;
    let acme: TestTenant;
    let ada: User;
    let a: RunningServer;
    let b: RunningServer;
    before(async () => {
      current = await createTestDatabase("PostgreSQL");
      acme = await createTestTenant(current.database);
      ada = await createLocalAccount(acme.store, "ada@acme.example");
      const secrets = newSecrets();
      [a, b] = await Promise.all([startServer(current.url, secrets), startServer(current.url, secrets)]);
    });
    after(async () => {
      for (const replica of [a, b]) replica.child.kill("SIGTERM");
      await Promise.all([a.ended, b.ended]);
      await current.dispose();
    });

    /** One browser that talks to both replicas. */
    async function signedInOnA() {
      const [onA, onB] = [a.client(), b.client()];
      assert.equal((await onA.signIn(acme.tenant.slug, "ada@acme.example", testPassword)).status, 303);
      for (const [name, value] of onA.cookies) onB.cookies.set(name, value);
      return { onA, onB };
    }
    const me = async (client: { get(path: string): Promise<{ status: number }> }) =>
      (await client.get("/me")).status;

    it("both know a person who signed in at one of them", async () => {
      const { onA, onB } = await signedInOnA();
      assert.deepEqual([await me(onA), await me(onB)], [200, 200]);
      assert.equal(JSON.parse((await onB.get("/me")).text).user.loginName, "ada@acme.example");
    });

    it("both forget a person who signed out at the other", async () => {
      const { onA, onB } = await signedInOnA();
      await onB.post("/logout");
      assert.deepEqual([await me(onA), await me(b.client())], [401, 401]);
    });

    it("both end a session at the next request after access is revoked", async () => {
      const { onA, onB } = await signedInOnA();
      assert.deepEqual([await me(onA), await me(onB)], [200, 200]);
      await acme.store.transaction((inside) => revokeUserAccess(inside, ada.id));
      assert.deepEqual([await me(onB), await me(onA)], [401, 401]);
    });

    it("both end a session when only the access epoch has changed", async () => {
      const { onA, onB } = await signedInOnA();
      await acme.store.users.advanceAccessEpoch(ada.id);
      assert.deepEqual([await me(onB), await me(onA)], [401, 401]);
    });

    it("share the count of sign-in attempts", async () => {
      const { slug } = acme.tenant;
      const attempt = (replica: RunningServer) =>
        replica.client().signIn(slug, "grace@acme.example", "wrong");
      const answers = [
        await attempt(a),
        await attempt(a),
        await attempt(a),
        await attempt(b),
        await attempt(b),
      ];
      assert.deepEqual(
        answers.map(({ status }) => status),
        [403, 403, 403, 403, 403],
      );
      for (const replica of [b, a]) {
        const { status, headers } = await attempt(replica);
        assert.equal(status, 429);
        const seconds = headers.get("retry-after") ?? "";
        assert.match(seconds, /^\d+$/);
        assert.ok(Number(seconds) > 0 && Number(seconds) <= 900, seconds);
      }
      assert.equal((await b.client().signIn(slug, "ada@acme.example", testPassword)).status, 303);
    });
  });
});
