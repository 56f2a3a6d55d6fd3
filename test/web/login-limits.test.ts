import assert from "node:assert/strict";
import { startTestApp, type TestApp } from "../helpers/app.ts";
import type { Answer } from "../helpers/client.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { headingOf } from "../helpers/pages.ts";
import { createLocalAccount, createTestTenant, type TestTenant, testPassword } from "../helpers/people.ts";

describe("how often passwords may be tried", () => {
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
    /** The statuses of `times` wrong attempts, one after the other. */
    async function fail(times: number, loginName: string, address: string): Promise<number[]> {
      const statuses: number[] = [];
      while (statuses.length < times) {
        statuses.push((await tryPassword(loginName, "wrong", address)).status);
      }
      return statuses;
    }

    it("refuses the sixth attempt on an account from one address, the right password too", async () => {
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

    it("lets the account in from another address, and another account in from this one", async () => {
      await createLocalAccount(acme.store, "victim@acme.example");
      await createLocalAccount(acme.store, "bystander@acme.example");
      const address = newAddress();
      await fail(6, "victim@acme.example", address);
      assert.equal((await tryPassword("victim@acme.example", testPassword, newAddress())).status, 303);
      assert.equal((await tryPassword("bystander@acme.example", testPassword, address)).status, 303);
    });

    it("counts a name together with its other spellings", async () => {
      const address = newAddress();
      assert.deepEqual(await fail(3, "spelled@acme.example", address), [403, 403, 403]);
      assert.deepEqual(await fail(1, " SPELLED@Acme.example ", address), [403]);
      assert.deepEqual(await fail(2, "ｓｐｅｌｌｅｄ@acme.example", address), [403, 429]);
    });

    it("forgets the failures once the right password was given", async () => {
      await createLocalAccount(acme.store, "forgetful@acme.example");
      const address = newAddress();
      await fail(4, "forgetful@acme.example", address);
      assert.equal((await tryPassword("forgetful@acme.example", testPassword, address)).status, 303);
      assert.deepEqual(await fail(2, "forgetful@acme.example", address), [403, 403]);
    });

    it("forgets no failures from elsewhere for it, and none of the account's", async () => {
      await createLocalAccount(acme.store, "careful@acme.example");
      const stranger = newAddress();
      assert.deepEqual(await fail(1, "careful@acme.example", stranger), [403]);
      await useUp("password-account-network", 6);
      await useUp("password-account", 100);
      assert.equal((await tryPassword("careful@acme.example", testPassword, newAddress())).status, 303);
      assert.deepEqual(await fail(1, "careful@acme.example", stranger), [429]);
      assert.deepEqual(await fail(1, "careful@acme.example", newAddress()), [429]);
    });

    it("takes the first 64 bits of an IPv6 address for the network", async () => {
      assert.deepEqual(await fail(1, "six@acme.example", "2001:db8:1:2::a"), [403]);
      await useUp("password-account-network", 6);
      for (const address of ["2001:db8:1:2::b", "2001:0DB8:0001:0002:ffff:0:0:1", "2001:db8:1:2:3:4:5.6.7.8"])
        assert.deepEqual(await fail(1, "six@acme.example", address), [429], address);
      for (const address of ["2001:db8:1:3::a", "2001:db8::1:2:0:a"])
        assert.deepEqual(await fail(1, "six@acme.example", address), [403], address);
    });

    it("takes an IPv4 address for the same in both of its spellings", async () => {
      assert.deepEqual(await fail(1, "four@acme.example", "192.0.2.250"), [403]);
      await useUp("password-account-network", 6);
      assert.deepEqual(await fail(1, "four@acme.example", "::ffff:192.0.2.250"), [429]);
      assert.deepEqual(await fail(1, "four@acme.example", "::ffff:192.0.2.251"), [403]);
    });

    it("limits accounts that do not exist in the same way", async () => {
      assert.deepEqual(await fail(6, "nobody@acme.example", newAddress()), [403, 403, 403, 403, 403, 429]);
    });

    /** As if all but one of the attempts of a limit had been made already. */
    async function useUp(limit: string, points: number): Promise<void> {
      const counts = use().database.sql()("rate_limits").where("key", "like", `${limit}:%`);
      assert.ok((await counts.update({ points: points - 1, expires_at: Date.now() + 900_000 })) > 0);
    }

    it("refuses the 51st attempt from one address, whatever the accounts", async () => {
      const address = newAddress();
      assert.deepEqual(await fail(1, "first@acme.example", address), [403]);
      await useUp("password-network", 50);
      assert.deepEqual(await fail(1, "second@acme.example", address), [403]);
      assert.deepEqual(await fail(1, "third@acme.example", address), [429]);
      assert.deepEqual(await fail(1, "third@acme.example", newAddress()), [403]);
    });

    it("refuses the 101st attempt on one account, whatever the addresses", async () => {
      assert.deepEqual(await fail(1, "wanted@acme.example", newAddress()), [403]);
      await useUp("password-account", 100);
      assert.deepEqual(await fail(1, "Wanted@acme.example", newAddress()), [403]);
      assert.deepEqual(await fail(1, "wanted@acme.example", newAddress()), [429]);
      assert.deepEqual(await fail(1, "unwanted@acme.example", newAddress()), [403]);
    });

    it("takes no address from a header when no proxy is trusted", async () => {
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
