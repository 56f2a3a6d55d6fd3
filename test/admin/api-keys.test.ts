import assert from "node:assert/strict";
import { brand } from "../../config/brand.ts";
import { endSessions } from "../../src/directory/access.ts";
import { apiKeyStore } from "../../src/store/api-keys.ts";
import { hashToken } from "../../src/store/secrets.ts";
import { administratorWithKey, apiKeyOf, keyScopes } from "../helpers/api-keys.ts";
import type { Answer, Client } from "../helpers/client.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { submit } from "../helpers/forms.ts";
import { createLocalAccount, createTestTenant } from "../helpers/people.ts";
import { answerOf, messagesOn, shownOnce } from "../helpers/seen.ts";
import { useSite } from "../helpers/site.ts";

const path = "/admin/api-keys";
const [scope = ""] = keyScopes;
const filled = { name: "Nightly report", scopes: scope, days: "90" };
const dayMs = 86_400_000;

describe("API keys in the admin console", () => {
  onOneDatabase((use) => {
    const site = useSite(use);
    let admin: Client;
    let adminId: string;
    before(async () => {
      const user = await createLocalAccount(site().acme.store, "admin@acme.example", "admin");
      [admin, adminId] = [await site().clientOf(user), user.id];
    });
    beforeEach(() => use().database.sql()("api_keys").delete());

    const lastEntry = async () => (await site().acme.store.activity.latest(1))[0] ?? assert.fail();
    const keyIn = ({ text }: Answer) => /id="api-key">([^<]*)</.exec(text)?.[1];
    const listed = () => site().acme.store.apiKeys.list();

    it("says when there is none, and offers the form with 90 days", async () => {
      const { text } = await admin.get(path);
      assert.match(text, /There is no key in use/);
      assert.match(text, /<option value="90" selected>90 days<\/option>/);
      assert.match(text, /<option value="">Does not expire<\/option>/);
    });

    it("creates a key that acts for its administrator, shows it once, and records it by name", async () => {
      const answer = await admin.post(path, filled);
      const page = await shownOnce(admin, answer, path, "The key is created. Copy it now");
      const key = keyIn(page) ?? assert.fail(page.text);
      const found = (await apiKeyStore(use().database).find(hashToken(key))) ?? assert.fail();
      assert.deepEqual([found.user.id, found.scopes, found.name], [adminId, [scope], "Nightly report"]);
      assert.ok(Math.abs((found.expiresAt ?? 0) - Date.now() - 90 * dayMs) < 60_000);
      const later = await admin.get(path);
      assert.ok(!later.text.includes(key) && later.text.includes(`<code>${found.hint}…</code>`));
      assert.match(later.text, /Never used/);
      const { action, actor, targetId, changed, kind } = await lastEntry();
      assert.deepEqual(
        [action, actor, targetId, changed, kind],
        ["api_key.created", "admin@acme.example", found.id, [scope], "tokens"],
      );
      const activity = await admin.get("/admin/activity?kind=tokens");
      assert.match(
        activity.text,
        />API key created<\/span>\s*<a href="\/admin\/api-keys">Nightly report<\/a>/,
      );
    });

    it("creates a key that does not expire only by this choice", async () => {
      await admin.post(path, { ...filled, days: "" });
      assert.equal((await listed())[0]?.expiresAt, null);
      assert.match((await admin.get(path)).text, /Does not expire\.\s*<\/p>/);
    });

    it("refuses a form without a name or a scope, with other days, and keeps what was entered", async () => {
      const wrong: [Record<string, string>, RegExp][] = [
        [{ ...filled, name: " " }, /must have 1 to 100 characters/],
        [{ ...filled, name: "a\u200bb" }, /cannot be seen/],
        [{ name: "No scope", days: "90" }, /Choose at least one scope/],
        [{ ...filled, scopes: "owner.everything" }, /Choose at least one scope/],
        ...["0", "366", "1.5", "soon"].map((days): [Record<string, string>, RegExp] => [
          { ...filled, days },
          /whole number of days, 1 to 365/,
        ]),
      ];
      for (const [form, message] of wrong) {
        const page = await answerOf(admin, await admin.post(path, form));
        assert.match(messagesOn(page), message);
        assert.equal(keyIn(page), undefined);
      }
      const page = await answerOf(admin, await admin.post(path, { ...filled, scopes: "none" }));
      assert.match(page.text, /name="name"[^>]*value="Nightly report"/);
      assert.deepEqual(await listed(), []);
    });

    it("revokes the key of any administrator, after a confirmation, and records it", async () => {
      const { id, user } = await administratorWithKey(site().acme.store, { name: "Of a colleague" });
      const before = await admin.get(path);
      assert.match(before.text, new RegExp(`of <a href="/admin/people/${user.id}">`));
      assert.match(
        before.text,
        /<summary class="button">Revoke<span class="visually-hidden"> Of a colleague/,
      );
      const answer = await submit(admin, path, `/${id}/revoke`);
      const page = await shownOnce(admin, answer, path, "The key is revoked");
      assert.match(page.text, /1 former key[\s\S]*Of a colleague[\s\S]*Revoked <time/);
      assert.deepEqual([(await lastEntry()).action, (await lastEntry()).targetId], ["api_key.revoked", id]);
      const count = async () => (await site().acme.store.activity.latest(50)).length;
      const entries = await count();
      assert.equal((await admin.post(`${path}/${id}/revoke`)).status, 404);
      assert.equal(await count(), entries, "a refused act leaves no entry");
    });

    it("shows and revokes no key of another tenant", async () => {
      const other = await createTestTenant(use().database);
      const { id } = await administratorWithKey(other.store, { name: "Secret project" });
      assert.ok(!(await admin.get(path)).text.includes("Secret project"));
      assert.equal((await admin.post(`${path}/${id}/revoke`)).status, 404);
      assert.equal((await other.store.apiKeys.list())[0]?.revokedAt, null);
    });

    it("says why a key does not work any more, by the rules of a call", async () => {
      const { store } = site().acme;
      const [gone, demoted] = [await administratorWithKey(store), await administratorWithKey(store)];
      await endSessions(store, gone.user.id);
      await store.roles.revoke(demoted.user.id, "admin");
      const { text } = await admin.get(path);
      assert.match(text, /2 former keys/);
      assert.match(text, /The access of its person was revoked/);
      assert.match(text, /Its person no longer has the role/);
    });

    it("warns of a key that expires soon, and says when it was last used", async () => {
      const { store } = site().acme;
      const { id } = await apiKeyOf(store, site().owner, { days: 10 });
      await store.apiKeys.recordUse(id);
      const { text } = await admin.get(path);
      assert.match(text, /Expires in 10 days/);
      assert.match(text, /Last used about <time/);
    });

    it("refuses more than 50 keys of one person", async () => {
      const { store } = site().acme;
      const user = (await store.users.byId(adminId)) ?? assert.fail();
      for (let count = 0; count < 50; count += 1) await apiKeyOf(store, user);
      const page = await answerOf(admin, await admin.post(path, filled));
      assert.match(
        messagesOn(page),
        /A person has 50 API keys at most\. Revoke one first\. Nothing was changed/,
      );
      assert.equal((await listed()).length, 50);
      await store.apiKeys.revoke((await listed())[0]?.id ?? "");
      assert.match((await answerOf(admin, await admin.post(path, filled))).text, /The key is created/);
    });

    it("has the prefix of the product, which its list shows", async () => {
      await apiKeyOf(site().acme.store, site().owner);
      assert.match((await admin.get(path)).text, new RegExp(`<code>${brand.apiKeyPrefix}\\w{4}…</code>`));
    });
  });
});
