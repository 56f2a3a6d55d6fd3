import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { signIn } from "../../src/directory/sign-in.ts";
import type { Client } from "../helpers/client.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { factOf } from "../helpers/pages.ts";
import { identityOf, newUser } from "../helpers/people.ts";
import { answerOf } from "../helpers/seen.ts";
import { useSite } from "../helpers/site.ts";

const hiding = /(?!\n|\t)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;
const badge = (scripts: string) =>
  `<span class="badge warning" title="Letters of ${scripts}: one may look like another">`;

describe("deceptive names in the admin console", () => {
  onEachDatabase((use) => {
    const site = useSite(use);
    let client: Client;
    beforeEach(async () => {
      client = await site().clientOf(site().owner);
    });

    it("are refused as the name of a source, and the form keeps its values", async () => {
      const form = { source: "evil\u001b[31m", days: "9" };
      const page = await answerOf(client, await client.post("/admin/provisioning/tokens", form));
      assert.match(page.text, /The source&#39;s name contains U\+001B ESCAPE, which cannot be seen\./);
      assert.match(page.text, /name="days" value="9"/);
      assert.equal((await site().acme.store.sources.list()).length, 1);
    });

    it("that were stored earlier show their hidden characters on every page", async () => {
      const { store, writer } = site().acme;
      const name = "Ada\u202ecalevoL\u200b";
      const user = await store.users.create(
        newUser("o\u202e@inb.test", {
          displayName: name,
          givenName: "A\u200bda",
          sourceId: writer.source.id,
        }),
      );
      const group = { id: randomUUID(), displayName: "Ops\u2066", sourceId: null, sourceKey: null };
      await store.groups.create(group);
      await store.groupMembers.add(group.id, [user.id]);
      const connection = await site().acme.connection();
      await store.identities.add(connection.id, "sub\u202eject", user.id);
      await store.activity.record({
        actorKind: "sign-in",
        actor: user.loginName,
        actorId: user.id,
        action: "sign_in.succeeded",
        targetId: user.id,
        changed: [],
        requestId: null,
      });
      await store.tombstones.add(randomUUID(), "gone\u200b", []);
      const shown = {
        person: "Ada⟨U+202E⟩calevoL⟨U+200B⟩",
        login: "o⟨U+202E⟩@inb.test",
        group: "Ops⟨U+2066⟩",
      };
      const pages: Record<string, string[]> = {
        "/admin/people": [shown.person, shown.login],
        [`/admin/people/${user.id}`]: [
          shown.person,
          shown.login,
          "A⟨U+200B⟩da",
          shown.group,
          "sub⟨U+202E⟩ject",
        ],
        "/admin/activity": [shown.person, shown.login],
        "/admin/groups": [shown.group],
        [`/admin/groups/${group.id}`]: [shown.group, shown.person],
        "/admin/people/deleted": ["gone⟨U+200B⟩"],
      };
      for (const [path, texts] of Object.entries(pages)) {
        const { status, text } = await client.get(path);
        assert.equal(status, 200, path);
        for (const one of texts) assert.ok(text.includes(one), `${path} shows ${one}`);
        // The hidden field needs the exact subject.
        assert.doesNotMatch(text.replace(/<input type="hidden"[^>]*>/g, ""), hiding, path);
      }
      const own = await site().clientOf(user);
      const account = await own.get("/account");
      assert.equal(factOf(account, "Login name"), shown.login);
      assert.ok(account.text.includes(shown.group) && account.text.includes(shown.person));
      assert.equal((await own.get("/me")).text.includes("\u202e"), true, "JSON is exact");
      const csv = await client.get("/admin/activity/export.csv");
      assert.ok(csv.text.includes(`"${user.loginName}"`), "an export is exact");
    });

    it("with mixed scripts are marked in lists, on the person's page and in the activity", async () => {
      const { store } = site().acme;
      const connection = await site().acme.connection();
      const identity = identityOf(connection, "\u0430dmin@acme.example", {
        profile: { givenName: null, familyName: null, displayName: "\u0410dmin", email: "eve@acme.example" },
      });
      const { user } = await signIn(store, identity);
      const plain = (await signIn(store, identityOf(connection, "山田@acme.example"))).user;
      const group = { id: randomUUID(), displayName: "\u041eps", sourceId: null, sourceKey: null };
      await store.groups.create(group);
      const both = badge("Cyrillic and Latin");
      for (const path of [
        "/admin/people",
        `/admin/people/${user.id}`,
        "/admin/activity",
        "/admin/groups",
        `/admin/groups/${group.id}`,
      ]) {
        const { text } = await client.get(path);
        assert.ok(text.includes(both), path);
        assert.match(text, /mixed scripts<span class="visually-hidden">\. Letters of Cyrillic and Latin/);
      }
      assert.ok(!(await client.get(`/admin/people/${plain.id}`)).text.includes("mixed scripts"));
    });
  });
});
