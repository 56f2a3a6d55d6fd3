import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { User } from "../../src/model.ts";
import type { Client } from "../helpers/client.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { unescaped } from "../helpers/forms.ts";
import { assertRedirect } from "../helpers/pages.ts";
import { createLocalAccount, createTestTenant } from "../helpers/people.ts";
import { useSite } from "../helpers/site.ts";

const path = "/admin/people/selected";

describe("acts on several people", () => {
  onEachDatabase((use) => {
    const site = useSite(use);
    let client: Client;
    beforeEach(async () => {
      client = await site().clientOf(site().owner);
    });
    let people = 0;
    const person = (role?: "admin" | "owner") =>
      createLocalAccount(site().acme.store, `bulk-${people++}@acme.example`, role);
    const pageOf = (act: string, ids: readonly string[], as = client) =>
      as.get(`${path}?${new URLSearchParams([["act", act], ...ids.map((id) => ["person", id])])}`);
    /** Confirms the act on the page that asks for it, and returns what the list then says. */
    const confirm = async (act: string, ids: readonly string[], as = client, between = async () => {}) => {
      const page = await pageOf(act, ids, as);
      const fields = [
        ...page.text.matchAll(/<input type="hidden" name="(act|person|shown)" value="([^"]*)">/g),
      ];
      await between();
      const form = new URLSearchParams(fields.map(([, name, value]) => [String(name), String(value)]));
      assertRedirect(await as.post(path, form), "/admin/people");
      const list = await as.get("/admin/people");
      return unescaped(
        /<p class="notice answer (?:done|problem)"[^>]*>([^<]*)<\/p>/.exec(list.text)?.[1] ?? "",
      );
    };
    const stateOf = async ({ id }: User) => (await site().acme.store.users.byId(id))?.blocked;
    const entriesOf = async ({ id }: User) =>
      (await site().acme.store.activity.page({ person: id, kind: "people" }, null, 10)).map(
        ({ action, actor }) => `${action} by ${actor}`,
      );

    it("ask first, then block, unblock and sign out each person, with an entry for each", async () => {
      const [one, other] = [await person(), await person()];
      const browser = await site().clientOf(one);
      const page = await pageOf("block", [one.id, other.id]);
      assert.match(page.text, /<h1>Block: 2 people<\/h1>/);
      assert.equal(await stateOf(one), false);
      const ids = [one.id, other.id];
      const names = `${one.loginName} and ${other.loginName}`;
      assert.equal(await confirm("sign-out", ids), `${names} are signed out everywhere.`);
      assert.equal((await browser.get("/me")).status, 401);
      assert.equal(await confirm("block", ids), `${names} are blocked and signed out everywhere.`);
      assert.deepEqual([await stateOf(one), await stateOf(other)], [true, true]);
      assert.equal(await confirm("unblock", ids), `${names} are no longer blocked.`);
      assert.deepEqual([await stateOf(one), await stateOf(other)], [false, false]);
      for (const each of [one, other])
        assert.deepEqual((await entriesOf(each)).sort(), [
          "user.blocked by owner@acme.example",
          "user.signed_out by owner@acme.example",
          "user.unblocked by owner@acme.example",
        ]);
    });

    it("keep the guards of each act: one's own account, owners, other tenants; and say who was left out and why", async () => {
      const admin = await person("admin");
      const [other, owner] = [await person(), await person("owner")];
      const foreign = await createLocalAccount(
        (await createTestTenant(use().database)).store,
        "far@b.example",
      );
      const as = await site().clientOf(admin);
      const said = await confirm("block", [admin.id, other.id, owner.id, foreign.id], as);
      assert.match(
        said,
        new RegExp(`^${other.loginName} is blocked and signed out everywhere\\. Not changed: `),
      );
      assert.ok(
        said.includes(`${admin.loginName}: You cannot block yourself. Ask another administrator.`),
        said,
      );
      assert.ok(said.includes(`${owner.loginName}: Only an owner can do that to an owner.`), said);
      assert.deepEqual(
        [await stateOf(admin), await stateOf(other), await stateOf(owner)],
        [false, true, false],
      );
      assert.deepEqual(await entriesOf(owner), []);
      // Another tenant's person looks like one who does not exist, also to a form without the page.
      const forged = new URLSearchParams({ act: "block", person: foreign.id });
      assertRedirect(await as.post(path, forged), "/admin/people");
      assert.match((await as.get("/admin/people")).text, /A person: There is no such person\./);
    });

    it("leave out a person who has changed since the page was loaded", async () => {
      const [one, other] = [await person(), await person()];
      const said = await confirm("block", [one.id, other.id], client, async () => {
        await site().acme.store.roles.grant(other.id, "admin");
      });
      assert.equal(
        said,
        `${one.loginName} is blocked and signed out everywhere. Not changed: ${other.loginName}: They have changed since the page was loaded.`,
      );
      assert.equal(await stateOf(other), false);
    });

    it("need a selection and a known act, and are for administrators", async () => {
      assert.match((await client.get(path)).text, /No one is selected/);
      assert.match((await pageOf("block", [randomUUID()])).text, /No one is selected/);
      for (const act of ["delete", "constructor", ""])
        assert.equal((await client.post(path, { act, person: randomUUID() })).status, 400, act);
      const member = await site().clientOf(await person());
      assert.equal((await member.get(path)).status, 404);
      assert.equal((await member.post(path, { act: "block" })).status, 404);
    });

    it("take as many statements to confirm for fifty people as for one", async () => {
      const many = await Promise.all(Array.from({ length: 50 }, () => person()));
      const ids = many.map(({ id }) => id);
      const statements = async (chosen: readonly string[]) => {
        let count = 0;
        const see = () => count++;
        use().database.sql().on("query", see);
        const page = await pageOf("block", chosen);
        use().database.sql().removeListener("query", see);
        assert.equal(page.text.match(/name="person"/g)?.length, chosen.length);
        return count;
      };
      await statements(ids.slice(0, 1));
      assert.equal(await statements(ids), await statements(ids.slice(0, 1)));
    });
  });
});
