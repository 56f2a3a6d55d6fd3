import assert from "node:assert/strict";
import { inviteOwner } from "../../src/directory/local-accounts.ts";
import type { User } from "../../src/model.ts";
import { startTestApp } from "../helpers/app.ts";
import type { Client } from "../helpers/client.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { countAs, deviceEntry, newNonce, usersIn } from "../helpers/known-devices.ts";
import { comparable } from "../helpers/pages.ts";
import { createLocalAccount, createTestTenant, testPassword } from "../helpers/people.ts";
import { sessionSecret, useSite } from "../helpers/site.ts";

describe("a device that knows an account", () => {
  onEachDatabase((use) => {
    const site = useSite(use, { trustProxy: 1 });
    let [people, networks] = [0, 0];

    const account = () => createLocalAccount(site().acme.store, `person-${people++}@acme.example`);
    const newNetwork = () => `198.51.100.${++networks}`;
    const entryOf = ({ id }: User, nonce?: string) =>
      deviceEntry({ tenantId: site().acme.tenant.id, userId: id, ...(nonce ? { nonce } : {}) });
    function deviceWith(cookie: string): Client {
      const client = site().app.client();
      client.cookies.set("known-device", cookie);
      return client;
    }
    const deviceOf = (user: User) => deviceWith(entryOf(user));
    function attempt(client: Client, { loginName }: Pick<User, "loginName">, password: string, from: string) {
      const path = `/login/password/${site().acme.tenant.slug}`;
      return client.post(path, { loginName, password }, { "x-forwarded-for": from });
    }
    const statusOf = async (...words: Parameters<typeof attempt>) => (await attempt(...words)).status;
    const count = (limit: string, points: number) => countAs(use().database, limit, points);
    /** Exhausts the limits for unknown devices, once from `network`. */
    async function lockOut(user: User, network = newNetwork()): Promise<void> {
      await statusOf(site().app.client(), user, "wrong", network);
      await count("password-account-network", 5);
      await count("password-account", 100);
    }

    it("can sign in with the right password although strangers exhausted the limits, even on its own network", async () => {
      const user = await account();
      const [home, device, stranger] = [newNetwork(), site().app.client(), site().app.client()];
      assert.equal(await statusOf(device, user, testPassword, home), 303);
      await lockOut(user, home);
      assert.equal(await statusOf(stranger, user, testPassword, home), 429);
      assert.equal(await statusOf(stranger, user, testPassword, newNetwork()), 429);
      assert.equal(await statusOf(device, user, testPassword, home), 303);
      assert.equal(await statusOf(device, user, testPassword, newNetwork()), 303);
      await count("password-account", 1);
      assert.equal(await statusOf(stranger, user, "wrong", home), 429, "other counts stay");
    });

    it("has ten attempts of its own, which other devices do not share, and is then unknown", async () => {
      const user = await account();
      const [device, other] = [deviceOf(user), deviceOf(user)];
      assert.equal(await statusOf(device, user, "wrong", newNetwork()), 403);
      await count("password-device", 9);
      await lockOut(user);
      assert.equal(await statusOf(device, user, "wrong", newNetwork()), 403);
      assert.equal(await statusOf(device, user, testPassword, newNetwork()), 429);
      assert.equal(await statusOf(other, user, testPassword, newNetwork()), 303);
      await count("password-account", 99);
      const home = newNetwork();
      assert.equal(await statusOf(device, user, testPassword, home), 303);
      await lockOut(user, home);
      assert.equal(await statusOf(device, user, "wrong", home), 403, "a new entry has a count of its own");
    });

    it("does not count against the account's limit", async () => {
      const user = await account();
      const [home, device, stranger] = [newNetwork(), deviceOf(user), site().app.client()];
      assert.equal(await statusOf(stranger, user, "wrong", home), 403);
      await count("password-account-network", 4);
      await count("password-account", 99);
      assert.equal(await statusOf(device, user, "wrong", home), 403);
      assert.equal(await statusOf(device, user, "wrong", home), 403);
      assert.equal(await statusOf(stranger, user, "wrong", home), 403);
      assert.equal(await statusOf(stranger, user, "wrong", home), 429);
    });

    it("counts against its network's limit", async () => {
      const user = await account();
      const [home, device] = [newNetwork(), deviceOf(user)];
      assert.equal(await statusOf(site().app.client(), user, "wrong", home), 403);
      await count("password-network", 49);
      assert.equal(await statusOf(device, user, "wrong", home), 403);
      assert.equal(await statusOf(device, user, testPassword, home), 429);
      assert.equal(await statusOf(device, user, testPassword, newNetwork()), 303);
    });

    it("is known to every replica, and all of them share its count", async () => {
      const user = await account();
      const replica = await startTestApp(use().openAnother(), { sessionSecret, trustProxy: 1 });
      try {
        const [here, there] = [deviceOf(user), replica.client()];
        there.cookies.set("known-device", here.cookies.get("known-device") ?? "");
        assert.equal(await statusOf(here, user, "wrong", newNetwork()), 403);
        await lockOut(user);
        await count("password-device", 9);
        assert.equal(await statusOf(there, user, "wrong", newNetwork()), 403);
        assert.equal(await statusOf(here, user, testPassword, newNetwork()), 429);
        assert.equal(await statusOf(replica.client(), user, testPassword, newNetwork()), 429);
      } finally {
        await replica.close();
      }
    });

    describe("is recognised only by a genuine entry:", () => {
      let [user, other]: User[] = [];
      let namesake: { tenantId: string; userId: string };
      before(async () => {
        [user, other] = [await account(), await account()];
        const { tenant, store } = await createTestTenant(use().database);
        namesake = { tenantId: tenant.id, userId: (await createLocalAccount(store, user.loginName)).id };
        await lockOut(user);
      });
      const mine = () => entryOf(user as User);
      const others = () => entryOf(other as User);
      const part = (entry: string, index: number) => entry.split(".")[index] ?? "";
      const replaced = (index: number, by: string) => mine().split(".").with(index, by).join(".");

      const invalid: Record<string, () => string> = {
        "a MAC that was changed": () => mine().replace(/.$/, (last) => (last === "A" ? "B" : "A")),
        "another secret's MAC": () =>
          deviceEntry({ tenantId: site().acme.tenant.id, userId: (user as User).id }, `not ${sessionSecret}`),
        "no MAC": () => mine().split(".").slice(0, 3).join("."),
        "an empty MAC": () => replaced(3, ""),
        "a MAC cut short": () => mine().slice(0, -1),
        "an entry cut off at the front": () => mine().slice(1),
        "something after the MAC": () => `${mine()}A`,
        "another nonce": () => replaced(2, newNonce()),
        "the entry of another account": others,
        "another account's MAC": () => replaced(3, part(others(), 3)),
        "another account's entry with this user": () =>
          others().split(".").with(1, part(mine(), 1)).join("."),
        "the entry of a namesake in another tenant": () => deviceEntry(namesake),
        "a namesake's entry with this tenant": () =>
          deviceEntry(namesake).split(".").with(0, site().acme.tenant.id).join("."),
        "the sixth entry": () => [...Array.from({ length: 5 }, others), mine()].join("~"),
        "a thousand characters before it": () => "x".repeat(1000) + mine(),
        nothing: () => "~~~",
      };
      for (const [what, cookie] of Object.entries(invalid)) {
        it(`not by ${what}`, async () => {
          assert.equal(await statusOf(deviceWith(cookie()), user as User, testPassword, newNetwork()), 429);
        });
      }

      it("but by the fifth of five, as it was written", async () => {
        const five = [...Array.from({ length: 4 }, others), mine()].join("~");
        assert.equal(await statusOf(deviceWith(five), user as User, testPassword, newNetwork()), 303);
      });
    });

    it("learns nothing about another account", async () => {
      const [user, other] = [await account(), await account()];
      const plain = await attempt(site().app.client(), other, "wrong", newNetwork());
      const known = await attempt(deviceOf(user), other, "wrong", newNetwork());
      assert.deepEqual(comparable(known), comparable(plain));
      assert.deepEqual(known.headers.getSetCookie(), []);
    });

    it("still needs the password", async () => {
      const device = deviceOf(site().owner);
      assert.equal((await device.get("/me")).status, 401);
      const refused = await attempt(device, site().owner, "", newNetwork());
      assert.deepEqual([refused.status, refused.headers.getSetCookie()], [403, []]);
    });

    it("holds five accounts at most, each once, the newest first", async () => {
      const all: User[] = [];
      while (all.length < 6) all.push(await account());
      const [first, second, third, fourth, fifth, sixth] = all as [User, User, User, User, User, User];
      const device = deviceWith([first, second, third, fourth, fifth].map((user) => entryOf(user)).join("~"));
      const users = () => usersIn(device.cookies.get("known-device"));
      const ids = (...wanted: User[]) => wanted.map(({ id }) => id);
      await attempt(device, sixth, testPassword, newNetwork());
      assert.deepEqual(users(), ids(sixth, first, second, third, fourth));
      await attempt(device, second, testPassword, newNetwork());
      assert.deepEqual(users(), ids(second, sixth, first, third, fourth));
    });

    it("knows the account by its new name, but not another account with the old name", async () => {
      const user = await account();
      const device = deviceOf(user);
      const renamed = { ...user, loginName: `renamed-${user.loginName}` };
      await site().acme.store.users.update(user.id, { loginName: renamed.loginName });
      const successor = await createLocalAccount(site().acme.store, user.loginName);
      await lockOut(renamed);
      await lockOut(successor);
      assert.equal(await statusOf(device, successor, testPassword, newNetwork()), 429);
      assert.equal(await statusOf(device, renamed, testPassword, newNetwork()), 303);
    });

    it("becomes known by the operator's link, which works while the account is locked, and unlocks it", async () => {
      const user = await account();
      const [home, device, stranger] = [newNetwork(), site().app.client(), site().app.client()];
      await lockOut(user, home);
      assert.equal(await statusOf(stranger, user, testPassword, home), 429);
      const password = "the password of a new device";
      const form = { password, repeated: password };
      const token = await inviteOwner(site().acme.store, user.loginName);
      assert.equal((await device.post(`/setup/${token}`, form, { "x-forwarded-for": home })).status, 303);
      assert.equal(await statusOf(stranger, user, "wrong", home), 403);
      assert.equal(await statusOf(stranger, user, "wrong", newNetwork()), 403);
      await lockOut(user, home);
      assert.equal(await statusOf(device, user, password, home), 303);
    });

    it("stays known after the password was changed elsewhere", async () => {
      const user = await account();
      const [changing, device] = [await site().clientOf(user), deviceOf(user)];
      const wanted = "a rather different password";
      await changing.post("/account/password", { current: testPassword, password: wanted, repeated: wanted });
      await lockOut(user);
      assert.equal(await statusOf(device, user, wanted, newNetwork()), 303);
      assert.equal(
        await statusOf(changing, user, wanted, newNetwork()),
        303,
        "so is the one that changed it",
      );
    });
  });
});

describe("the cookie of a known device", () => {
  onEachDatabase((use) => {
    async function cookieLine(options: { baseUrl?: string }): Promise<string> {
      const { tenant, store } = await createTestTenant(use().database);
      await createLocalAccount(store, "ada@acme.example");
      const app = await startTestApp(use().database, { trustProxy: 1, ...options });
      try {
        const form = { loginName: "ada@acme.example", password: testPassword };
        const headers = { "x-forwarded-proto": "https" };
        const answer = await app.client().post(`/login/password/${tenant.slug}`, form, headers);
        return answer.headers.getSetCookie().find((line) => line.includes("known-device=")) ?? "none";
      } finally {
        await app.close();
      }
    }
    const attributesOf = (line: string) =>
      new Set(line.split("; ").filter((text) => !/=.{30}|^Expires=/.test(text)));
    const common = ["Max-Age=31536000", "Path=/", "HttpOnly", "SameSite=Lax"];

    it("is bound to the host and sent over https only, for a year", async () => {
      const line = await cookieLine({ baseUrl: "https://product.example" });
      assert.match(line, /^__Host-known-device=[\w.-]+;/);
      assert.deepEqual(attributesOf(line), new Set([...common, "Secure"]));
    });

    it("has a plain name on http, which is for loopback only", async () => {
      const line = await cookieLine({});
      assert.match(line, /^known-device=[\w.-]+;/);
      assert.deepEqual(attributesOf(line), new Set(common));
    });
  });
});
