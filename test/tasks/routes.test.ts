import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { blockUser } from "../../src/directory/access.ts";
import { deleteProvisionedUser, provisionUser } from "../../src/directory/provisioning.ts";
import type { User } from "../../src/model.ts";
import { landingPath } from "../../src/web/home.ts";
import type { Answer, Client } from "../helpers/client.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { assertRedirect, comparable } from "../helpers/pages.ts";
import { createLocalAccount, createTestTenant, noProfile } from "../helpers/people.ts";
import { answerOf, messagesOn, shownOnce } from "../helpers/seen.ts";
import { plantSession, useSite } from "../helpers/site.ts";

const actions = ["assign", "complete", "reopen", "delete"];

describe("/tasks", () => {
  onEachDatabase((use) => {
    const site = useSite(use);
    let client: Client;
    beforeEach(async () => {
      client = await site().clientOf(site().owner);
    });

    /** Adds a task and returns its id. */
    async function add(title: string, assignee = ""): Promise<string> {
      assertRedirect(await client.post("/tasks", { title, assignee }), "/tasks");
      const found = (await stored()).find((task) => task.title === title.trim());
      assert.ok(found, `"${title}" is stored`);
      return found.id;
    }
    const stored = async () => [
      ...(await site().acme.store.tasks.list({ state: "open", assignee: "anyone" }, 1000)),
      ...(await site().acme.store.tasks.list({ state: "done", assignee: "anyone" }, 1000)),
    ];
    const one = async (id: string) => (await stored()).find((task) => task.id === id);
    async function shown(view: string): Promise<string[]> {
      const page = await client.get(view === "open" ? "/tasks" : `/tasks?show=${view}`);
      assert.equal(page.status, 200);
      return idsOn(page);
    }
    const idsOn = (page: Answer) => [
      ...new Set([...page.text.matchAll(/action="\/tasks\/([^/"]+)\//g)].map(([, id]) => id as string)),
    ];
    let people = 0;
    async function provisioned(): Promise<User> {
      const loginName = `person-${people++}@acme.example`;
      const wanted = {
        ...noProfile,
        loginName,
        displayName: `Person ${people}`,
        sourceKey: null,
        active: true,
      };
      return await provisionUser(site().acme.store, site().acme.writer, wanted);
    }

    it("survives two people assigning the same task at the same moment", async () => {
      const id = await add("Contested");
      const names = ["owner@acme.example", (await provisioned()).loginName];
      const answers = await Promise.all(
        [...names, ...names, ...names].map((assignee) => client.post(`/tasks/${id}/assign`, { assignee })),
      );
      assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([303]));
      assert.notEqual((await one(id))?.assignee, null);
    });

    it("adds a task, newest first, and says so", async () => {
      const first = await add("The first");
      const second = await add("  The second  ", " OWNER@acme.example ");
      const page = await client.get("/tasks");
      assert.match(page.text, /The task is on the list/);
      const ids = idsOn(page).filter((id) => [first, second].includes(id));
      const times = await Promise.all(ids.map(async (id) => (await one(id))?.created.at ?? 0));
      assert.deepEqual(
        times,
        [...times].sort((a, b) => b - a),
      );
      assert.equal((await one(second))?.assignee?.id, site().owner.id);
      assert.equal((await one(first))?.assignee, null);
    });

    it("assigns, unassigns and assigns again", async () => {
      const colleague = await provisioned();
      const id = await add("Pass me on");
      assertRedirect(await client.post(`/tasks/${id}/assign`, { assignee: colleague.loginName }), "/tasks");
      assert.equal((await one(id))?.assignee?.id, colleague.id);
      assertRedirect(await client.post(`/tasks/${id}/assign`, { assignee: "" }), "/tasks");
      assert.equal((await one(id))?.assignee, null);
    });

    it("completes and reopens a task, which moves between the views", async () => {
      const id = await add("Tick me off");
      assertRedirect(await client.post(`/tasks/${id}/complete`), "/tasks");
      assert.deepEqual(
        [(await shown("open")).includes(id), (await shown("done")).includes(id)],
        [false, true],
      );
      assertRedirect(await client.post(`/tasks/${id}/reopen`, { show: "done" }), "/tasks?show=done");
      assert.deepEqual(
        [(await shown("open")).includes(id), (await shown("done")).includes(id)],
        [true, false],
      );
    });

    it("deletes a task for good", async () => {
      const id = await add("Delete me", "owner@acme.example");
      assertRedirect(await client.post(`/tasks/${id}/delete`, { show: "mine" }), "/tasks?show=mine");
      assert.match((await client.get("/tasks")).text, /The task is deleted/);
      assert.equal(await one(id), undefined);
      assert.equal((await client.post(`/tasks/${id}/delete`)).status, 404);
    });

    it("filters by assignee, and ignores an unknown filter", async () => {
      const [mine, unassigned] = [await add("Mine", "owner@acme.example"), await add("Unassigned")];
      const has = async (view: string) => {
        const ids = await shown(view);
        return [ids.includes(mine), ids.includes(unassigned)];
      };
      assert.deepEqual(await has("mine"), [true, false]);
      assert.deepEqual(await has("unassigned"), [false, true]);
      assert.deepEqual(await has("%27%20or%201=1"), [true, true]);
      assert.deepEqual(await has("mine&show=unassigned"), [true, true]);
    });

    it("marks the tasks of a deactivated person, and lists them under Needs an assignee", async () => {
      const colleague = await provisioned();
      const id = await add("Left behind", colleague.loginName);
      assert.equal((await shown("unassigned")).includes(id), false);
      await site().acme.store.users.update(colleague.id, { active: false });
      assert.equal((await shown("unassigned")).includes(id), true);
      const page = await client.get("/tasks?show=unassigned");
      assert.match(page.text, new RegExp(`${colleague.displayName}\\s*<span[^>]*>deactivated</span>`));
      await site().acme.store.users.update(colleague.id, { active: true });
      assert.equal((await shown("unassigned")).includes(id), false, "they came back, and so did the task");
    });

    it("lists the tasks of a blocked person there, too", async () => {
      const colleague = await provisioned();
      const id = await add("Blocked", colleague.loginName);
      await blockUser(site().acme.store, colleague.id);
      assert.equal((await shown("unassigned")).includes(id), true);
    });

    it("unassigns the tasks of a deleted person", async () => {
      const colleague = await provisioned();
      const id = await add("Orphan", colleague.loginName);
      await deleteProvisionedUser(site().acme.store, site().acme.writer, colleague.id);
      assert.equal((await one(id))?.assignee, null);
      assert.equal((await shown("unassigned")).includes(id), true);
    });

    const titles: [string, string, boolean][] = [
      ["of one character", "x", true],
      ["of 200 characters", "y".repeat(200), true],
      ["of 201 characters", "z".repeat(201), false],
      ["that is empty", "", false],
      ["of blanks", "   ", false],
    ];
    for (const [what, title, accepted] of titles) {
      it(`${accepted ? "accepts" : "refuses"} a title ${what}`, async () => {
        const before = (await stored()).length;
        const page = await answerOf(client, await client.post("/tasks", { title }));
        assert.equal((await stored()).length, before + (accepted ? 1 : 0));
        const said = messagesOn(page);
        if (accepted) assert.equal(said, "The task is on the list.");
        else assert.match(said, /A task needs a title|at most 200 characters. This one has 201/);
      });
    }

    it("refuses an unknown, inactive or blocked assignee", async () => {
      const other = await createTestTenant(use().database);
      await createLocalAccount(other.store, "stranger@other.example");
      const inactive = await provisioned();
      await site().acme.store.users.update(inactive.id, { active: false });
      const blocked = await provisioned();
      await blockUser(site().acme.store, blocked.id);
      const id = await add("Stay unassigned");
      const before = (await stored()).length;
      for (const name of ["unknown", "stranger@other.example", inactive.loginName, blocked.loginName]) {
        const answer = await client.post("/tasks", { title: "Never", assignee: name });
        const page = await shownOnce(client, answer, "/tasks", `No one here signs in as "${name}".`);
        assert.match(page.text, /id="title" name="title" value="Never"/);
        const assigned = await client.post(`/tasks/${id}/assign`, { assignee: name });
        const again = await shownOnce(client, assigned, "/tasks", `No one here signs in as "${name}".`);
        assert.match(again.text, new RegExp(`id="assign-${id}" name="assignee" value="${name}"`));
      }
      assert.equal((await stored()).length, before);
      assert.equal((await one(id))?.assignee, null);
    });

    it("escapes titles and names", async () => {
      const evil = `<script>alert("1")</script>'"><img src=x onerror=alert(1)>`;
      const colleague = await provisioned();
      await site().acme.store.users.update(colleague.id, { displayName: evil });
      await add(evil, colleague.loginName);
      const refused = await client.post("/tasks", { title: evil, assignee: evil });
      for (const page of [await answerOf(client, refused), await client.get("/tasks")]) {
        assert.doesNotMatch(page.text, /<script>|<img src=x/);
        assert.ok(page.text.includes("&lt;script&gt;"));
      }
    });

    it("suggests only active colleagues of the tenant", async () => {
      const other = await createTestTenant(use().database);
      await createLocalAccount(other.store, "other@other.example");
      const away = await provisioned();
      await site().acme.store.users.update(away.id, { active: false });
      const offered = [...(await client.get("/tasks")).text.matchAll(/<option value="([^"]*)"/g)].map(
        ([, name]) => name,
      );
      assert.ok(offered.includes("owner@acme.example"));
      assert.ok(!offered.includes(away.loginName) && !offered.includes("other@other.example"));
    });

    for (const action of actions) {
      it(`answers ${action} for another tenant's task exactly as for an unknown one`, async () => {
        const other = await createTestTenant(use().database);
        const stranger = await createLocalAccount(other.store, "stranger@other.example");
        const elsewhere = site().app.client();
        elsewhere.cookies.set("session", await plantSession(use(), other.tenant, stranger));
        const id = await add(`Ours, not to ${action}`, "owner@acme.example");
        const before = await one(id);
        const unknown = randomUUID();
        const theirs = await elsewhere.post(`/tasks/${id}/${action}`, { assignee: "stranger@other.example" });
        const nobodys = await elsewhere.post(`/tasks/${unknown}/${action}`, {
          assignee: "stranger@other.example",
        });
        assert.equal(theirs.status, 404);
        assert.deepEqual(comparable(theirs), comparable(nobodys));
        assert.deepEqual(await one(id), before);
        assert.ok(!idsOn(await elsewhere.get("/tasks")).includes(id));
      });
    }

    it("is the first page after the sign-in, and linked from the header", async () => {
      assert.equal(landingPath, "/tasks");
      assertRedirect(await client.get("/"), "/tasks");
      assert.ok((await client.get("/account")).text.includes('<a href="/tasks">Tasks</a>'));
    });

    it("refuses forms on other sites", async () => {
      const id = await add("Stay");
      const before = await stored();
      const headers = { "sec-fetch-site": "cross-site", origin: "https://evil.example" };
      for (const path of ["/tasks", ...actions.map((action) => `/tasks/${id}/${action}`)]) {
        assert.equal((await client.post(path, { title: "Evil" }, headers)).status, 403, path);
      }
      assert.deepEqual(await stored(), before);
    });

    it("is counted by route in the metrics, never by a task's id", async () => {
      const id = await add("Count me");
      await client.post(`/tasks/${id}/complete`);
      await site().app.client().post(`/tasks/${id}/reopen`);
      const { text } = await client.get("/metrics");
      assert.ok(text.includes('route="/tasks/:id/complete"'));
      assert.ok(!text.includes(id));
    });

    it("returns to the requested view after the sign-in", async () => {
      const away = await site().app.client().get("/tasks?show=mine");
      assertRedirect(away, "/login?returnTo=%2Ftasks%3Fshow%3Dmine");
    });

    it("requires a session", async () => {
      const id = await add("Private");
      const stranger = site().app.client();
      assertRedirect(await stranger.get("/tasks"), "/login?returnTo=%2Ftasks");
      for (const path of ["/tasks", ...actions.map((action) => `/tasks/${id}/${action}`)]) {
        assertRedirect(await stranger.post(path, { title: "x" }), "/login");
      }
      assert.ok((await one(id))?.completedAt === null);
    });

    it("refuses text that the database cannot store, with a sentence", async () => {
      const id = await add("Plain");
      const forms = { title: "a\0b", assignee: "a\0b" };
      const status = async (path: string) => (await client.post(path, forms)).status;
      for (const path of [
        "/tasks",
        `/tasks/${id}/assign`,
        "/tasks/a%00b/complete",
        "/login/password/a%00b",
      ]) {
        assert.ok((await status(path)) < 500, path);
      }
    });
  });
});
