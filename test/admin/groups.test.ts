import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { provisionUser } from "../../src/directory/provisioning.ts";
import type { Client } from "../helpers/client.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { submit } from "../helpers/forms.ts";
import { assertRedirect, factOf, headingOf } from "../helpers/pages.ts";
import { createLocalAccount, provisioned } from "../helpers/people.ts";
import { useSite } from "../helpers/site.ts";

describe("groups in the admin console", () => {
  onEachDatabase((use) => {
    const site = useSite(use);
    let client: Client;
    let group: string;
    before(async () => {
      const { store, writer } = site().acme;
      group = randomUUID();
      await store.transaction(async (inside) => {
        await inside.groups.create({
          id: group,
          displayName: "Team Ä",
          sourceId: writer.source.id,
          sourceKey: "00g",
        });
        for (let count = 0; count < 60; count++) {
          const name = `Group ${String(count).padStart(2, "0")}`;
          await inside.groups.create({
            id: randomUUID(),
            displayName: name,
            sourceId: null,
            sourceKey: null,
          });
          const user = await provisionUser(inside, writer, provisioned(`member-${count}@acme.example`));
          await inside.groupMembers.add(group, [user.id]);
        }
      });
    });
    beforeEach(async () => {
      client = await site().clientOf(site().owner);
    });
    const nextIn = (text: string) => /href="([^"]*)" rel="next"/.exec(text)?.[1]?.replaceAll("&amp;", "&");
    const idsIn = (text: string, what: string) =>
      [...text.matchAll(new RegExp(`href="/admin/${what}/([0-9a-f-]{36})"`, "g"))].map(([, id]) => id);

    it("are listed page by page, and found by a case-insensitive prefix of their name", async () => {
      const first = (await client.get("/admin/groups")).text;
      const second = (await client.get(nextIn(first) ?? assert.fail())).text;
      assert.equal(new Set([...idsIn(first, "groups"), ...idsIn(second, "groups")]).size, 61);
      assert.equal(nextIn(second), undefined);
      assert.deepEqual(idsIn((await client.get("/admin/groups?q=TEAM%20%C3%A4")).text, "groups"), [group]);
      assert.equal(idsIn((await client.get("/admin/groups?q=group%203")).text, "groups").length, 10);
    });

    it("show their source, and list their members page by page", async () => {
      const page = await client.get(`/admin/groups/${group}`);
      assert.equal(headingOf(page), "Team Ä");
      assert.equal(factOf(page, "Source"), "Provisioning (default)");
      assert.match(page.text, /Okta manages this group by provisioning/);
      const second = (await client.get(nextIn(page.text) ?? assert.fail())).text;
      assert.equal(new Set([...idsIn(page.text, "people"), ...idsIn(second, "people")]).size, 60);
      assert.equal(idsIn((await client.get(`/admin/groups/${group}?q=member-5`)).text, "people").length, 11);
    });

    it("give a role to their members until it is removed; both are recorded", async () => {
      const path = `/admin/groups/${group}`;
      const { store } = site().acme;
      const [member = assert.fail()] = await store.groupMembers.page(group, null, 1);
      assertRedirect(await submit(client, path, "/role", { role: "admin" }), path);
      assert.match((await client.get(path)).text, /Members of Team Ä are administrators from now on/);
      assert.equal(await store.roles.effective(member), "admin");
      const [{ action, targetId } = assert.fail()] = await store.activity.latest(1);
      assert.deepEqual([action, targetId], ["group.role_changed", group]);
      assert.match((await client.get("/admin/groups")).text, /Give the role Admin:/);
      await submit(client, path, "/role", { role: "member" });
      assert.equal(await store.roles.effective(member), "member");
    });

    for (const role of ["owner", "", "__proto__"]) {
      it(`cannot give the role "${role}"`, async () => {
        assert.equal((await submit(client, `/admin/groups/${group}`, "/role", { role })).status, 400);
        assert.deepEqual(await site().acme.store.groups.withRole("admin", 10), []);
      });
    }

    it("get a role from owners only", async () => {
      const { store } = site().acme;
      const admin = await site().clientOf(await createLocalAccount(store, "admin@acme.example", "admin"));
      assert.equal((await admin.post(`/admin/groups/${group}/role`, { role: "admin" })).status, 404);
      assert.deepEqual(await store.roles.mappedGroups([group]), new Set());
      const { text } = await admin.get(`/admin/groups/${group}`);
      assert.match(text, /Only an owner can change this/);
      assert.doesNotMatch(text, /\/role"/);
    });

    it("answer 404 for an unknown group", async () => {
      const path = `/admin/groups/${randomUUID()}`;
      assert.equal((await client.get(path)).status, 404);
      assert.equal((await client.post(`${path}/role`, { role: "admin" })).status, 404);
    });
  });
});
