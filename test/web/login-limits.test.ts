import assert from "node:assert/strict";
import { startTestApp, type TestApp } from "../helpers/app.ts";
import type { Answer } from "../helpers/client.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { headingOf } from "../helpers/pages.ts";
import { createLocalAccount, createTestTenant, type TestTenant, testPassword } from "../helpers/people.ts";

describe("the rate limits for passwords", () => {
  onEachDatabase((use) => {
    let app: TestApp;
    let acme: TestTenant;
    let addresses = 0;
    before(async () => {
      app = await startTestApp(use().database, { trustProxy: 1 });
      acme = await createTestTenant(use().database);
    });
    after(() => app.close());

    const newAddress = () => `192.0.2.${++addresses}`;
    const tryPassword = (loginName: string, password: string, address: string): Promise<Answer> =>
      app
        .client()
        .post(`/login/password/${acme.tenant.slug}`, { loginName, password }, { "x-forwarded-for": address });
    /** The statuses of `times` wrong attempts in sequence. */
    async function fail(times: number, loginName: string, address: string): Promise<number[]> {
      const statuses: number[] = [];
      while (statuses.length < times) {
        statuses.push((await tryPassword(loginName, "wrong", address)).status);
      }
      return statuses;
    }

    it("refuse the sixth attempt on an account from one address, even with the right password", async () => {
      await createLocalAccount(acme.store, "guessed@acme.example");
      const address = newAddress();
      assert.deepEqual(await fail(5, "guessed@acme.example", address), [403, 403, 403, 403, 403]);
      const page = await tryPassword("guessed@acme.example", testPassword, address);
      assert.equal(page.status, 429);
      assert.equal(headingOf(page), "Too many attempts");
      const retryAfter = page.headers.get("retry-after") ?? "";
      assert.match(retryAfter, /^[1-9]\d*$/);
      assert.ok(Number(retryAfter) > 800 && Number(retryAfter) <= 900, `${retryAfter} is about 15 minutes`);
      assert.match(
        page.text,
        /Wait 15 minutes, use the browser in which you signed in with your password before, or ask the operator/,
      );
    });

    it("allow the account from another address, and another account from this address", async () => {
      await createLocalAccount(acme.store, "victim@acme.example");
      await createLocalAccount(acme.store, "bystander@acme.example");
      const address = newAddress();
      await fail(6, "victim@acme.example", address);
      assert.equal((await tryPassword("victim@acme.example", testPassword, newAddress())).status, 303);
      assert.equal((await tryPassword("bystander@acme.example", testPassword, address)).status, 303);
    });

    it("count all spellings of a name together", async () => {
      const address = newAddress();
      assert.deepEqual(await fail(3, "spelled@acme.example", address), [403, 403, 403]);
      assert.deepEqual(await fail(1, " SPELLED@Acme.example ", address), [403]);
      assert.deepEqual(await fail(2, "ｓｐｅｌｌｅｄ@acme.example", address), [403, 429]);
    });

    it("reset the count after the right password", async () => {
      await createLocalAccount(acme.store, "forgetful@acme.example");
      const address = newAddress();
      await fail(4, "forgetful@acme.example", address);
      assert.equal((await tryPassword("forgetful@acme.example", testPassword, address)).status, 303);
      assert.deepEqual(await fail(2, "forgetful@acme.example", address), [403, 403]);
    });

    it("do not reset the counts of other networks or of the account", async () => {
      await createLocalAccount(acme.store, "careful@acme.example");
      const stranger = newAddress();
      assert.deepEqual(await fail(1, "careful@acme.example", stranger), [403]);
      await exhaust("password-account-network", 6);
      await exhaust("password-account", 100);
      assert.equal((await tryPassword("careful@acme.example", testPassword, newAddress())).status, 303);
      assert.deepEqual(await fail(1, "careful@acme.example", stranger), [429]);
      assert.deepEqual(await fail(1, "careful@acme.example", newAddress()), [429]);
    });

    it("use the first 64 bits of an IPv6 address as the network", async () => {
      assert.deepEqual(await fail(1, "six@acme.example", "2001:db8:1:2::a"), [403]);
      await exhaust("password-account-network", 6);
      for (const address of ["2001:db8:1:2::b", "2001:0DB8:0001:0002:ffff:0:0:1", "2001:db8:1:2:3:4:5.6.7.8"])
        assert.deepEqual(await fail(1, "six@acme.example", address), [429], address);
      for (const address of ["2001:db8:1:3::a", "2001:db8::1:2:0:a"])
        assert.deepEqual(await fail(1, "six@acme.example", address), [403], address);
    });

    it("treat both spellings of an IPv4 address as the same", async () => {
      assert.deepEqual(await fail(1, "four@acme.example", "192.0.2.250"), [403]);
      await exhaust("password-account-network", 6);
      assert.deepEqual(await fail(1, "four@acme.example", "::ffff:192.0.2.250"), [429]);
      assert.deepEqual(await fail(1, "four@acme.example", "::ffff:192.0.2.251"), [403]);
    });

    it("limit unknown accounts in the same way", async () => {
      assert.deepEqual(await fail(6, "unknown@acme.example", newAddress()), [403, 403, 403, 403, 403, 429]);
    });

    /** Pretends that all attempts but one of a limit have been made. */
    async function exhaust(limit: string, points: number): Promise<void> {
      const counts = use().database.sql()("rate_limits").where("key", "like", `${limit}:%`);
      assert.ok((await counts.update({ points: points - 1, expires_at: Date.now() + 900_000 })) > 0);
    }

    it("refuse the 51st attempt from one address, across all accounts", async () => {
      const address = newAddress();
      assert.deepEqual(await fail(1, "first@acme.example", address), [403]);
      await exhaust("password-network", 50);
      assert.deepEqual(await fail(1, "second@acme.example", address), [403]);
      assert.deepEqual(await fail(1, "third@acme.example", address), [429]);
      assert.deepEqual(await fail(1, "third@acme.example", newAddress()), [403]);
    });

    it("refuse the 101st attempt on one account, across all addresses", async () => {
      assert.deepEqual(await fail(1, "wanted@acme.example", newAddress()), [403]);
      await exhaust("password-account", 100);
      assert.deepEqual(await fail(1, "Wanted@acme.example", newAddress()), [403]);
      assert.deepEqual(await fail(1, "wanted@acme.example", newAddress()), [429]);
      assert.deepEqual(await fail(1, "unwanted@acme.example", newAddress()), [403]);
    });

    it("ignore X-Forwarded-For when no proxy is trusted", async () => {
      const direct = await startTestApp(use().database, { trustProxy: 0 });
      try {
        const path = `/login/password/${acme.tenant.slug}`;
        const statuses: number[] = [];
        for (let count = 0; count < 6; count++) {
          const headers = { "x-forwarded-for": newAddress() };
          const form = { loginName: "direct@acme.example", password: "wrong" };
          statuses.push((await direct.client().post(path, form, headers)).status);
        }
        assert.deepEqual(statuses, [403, 403, 403, 403, 403, 429]);
      } finally {
        await direct.close();
      }
    });
  });
});
