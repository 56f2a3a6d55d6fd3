import assert from "node:assert/strict";
import { blockUser } from "../../src/directory/access.ts";
import type { User } from "../../src/model.ts";
import { forTenant } from "../../src/store/tenant-store.ts";
import { agentToken } from "../helpers/agents.ts";
import { onEachDatabase, someoneWaits } from "../helpers/databases.ts";
import { createLocalAccount, createTestTenant } from "../helpers/people.ts";
import { useSite } from "../helpers/site.ts";
import { DescribedApi, type Description, readDescription } from "./described-api.ts";

const any = { "if-match": "*" };

describe("the API of tasks", () => {
  onEachDatabase((use, engine) => {
    const site = useSite(use);
    let description: Description;
    let grace: User;
    let api: DescribedApi;
    before(async () => {
      grace = await createLocalAccount(site().acme.store, "grace@acme.example");
      description = await readDescription(site().app.client());
      api = await apiOf(grace);
    });

    async function apiOf(user: User, name?: string): Promise<DescribedApi> {
      const { app, acme } = site();
      const named = name === undefined ? {} : { name };
      const token = await agentToken(use().database, acme, app.url, { user, ...named });
      return new DescribedApi(app.client(), description, { authorization: `Bearer ${token}` });
    }

    async function add(title: string, loginName?: string) {
      const assignee = loginName === undefined ? {} : { assignee: { loginName } };
      const answer = await api.call("POST", "/tasks", { title, ...assignee });
      assert.equal(answer.status, 201, answer.text);
      return { ...answer.json, etag: answer.headers.get("etag") ?? "", location: answer.location ?? "" };
    }

    it("adds a task, and says where it is and who added it through which agent", async () => {
      const task = await add("  Order the nose cones ", "grace@acme.example");
      const person = { id: grace.id, loginName: "grace@acme.example", name: "grace@acme.example" };
      assert.equal(task.title, "Order the nose cones");
      assert.deepEqual(task.assignee, { ...person, active: true });
      assert.deepEqual([task.state, task.completedAt], ["open", null]);
      assert.deepEqual([task.created.person, task.created.agent], [person, "Task helper"]);
      assert.equal(task.location, `/api/v1/tasks/${task.id}`);
      const read = await api.call("GET", `/tasks/${task.id}`);
      assert.deepEqual([read.json.id, read.headers.get("etag")], [task.id, task.etag]);
      assert.equal(read.headers.get("cache-control"), "private, no-cache");
    });

    it("completes, reopens, assigns and unassigns a task, as a merge patch", async () => {
      const { id } = await add("Paint the fins");
      const patch = async (body: object) =>
        await api.call("PATCH", `/tasks/${id}`, body, {
          ...any,
          "content-type": "application/merge-patch+json",
        });
      const done = (await patch({ state: "done" })).json;
      assert.deepEqual([done.state, done.assignee], ["done", null]);
      assert.ok(Date.parse(done.completedAt ?? "") >= Date.parse(done.created.at));
      const reopened = (await patch({ state: "open", assignee: { loginName: "me" } })).json;
      assert.deepEqual([reopened.state, reopened.completedAt], ["open", null]);
      assert.equal(reopened.assignee?.id, grace.id);
      assert.equal((await patch({ assignee: null })).json.assignee, null);
      assert.equal((await patch({})).json.state, "open");
    });

    it("changes nothing if the change was made already, and records nothing", async () => {
      const { id } = await add("Twice", "grace@acme.example");
      const first = await api.call("PATCH", `/tasks/${id}`, { state: "done" }, any);
      const before = await site().acme.store.activity.latest(100);
      const again = await api.call(
        "PATCH",
        `/tasks/${id}`,
        { state: "done", assignee: { loginName: "me" } },
        any,
      );
      assert.equal(again.headers.get("etag"), first.headers.get("etag"));
      assert.equal(again.json.completedAt, first.json.completedAt);
      assert.deepEqual(await site().acme.store.activity.latest(100), before);
    });

    it("shows who changed a task last, also on the page", async () => {
      const { id } = await add("Passed around");
      const ada = await createLocalAccount(site().acme.store, "ada@acme.example");
      const other = await apiOf(ada, "Planner");
      const { created, changed } = (
        await other.call("PATCH", `/tasks/${id}`, { assignee: { loginName: "me" } }, any)
      ).json;
      assert.deepEqual([created.person?.id, created.agent], [grace.id, "Task helper"]);
      assert.deepEqual([changed.person?.id, changed.agent], [ada.id, "Planner"]);
      const page = await (await site().clientOf(site().owner)).get("/tasks");
      assert.match(page.text, /Added by grace@acme\.example through Task helper/);
      assert.match(page.text, /changed by ada@acme\.example through Planner/);
    });

    it("records in the activity what agents do, and not what people do", async () => {
      const { id } = await add("Recorded");
      await api.call("PATCH", `/tasks/${id}`, { assignee: { loginName: "me" }, state: "done" }, any);
      const client = await site().clientOf(grace);
      const session = new DescribedApi(client, description, { "sec-fetch-site": "same-origin" });
      await session.call("PATCH", `/tasks/${id}`, { state: "open" }, any);
      const entries = (await site().acme.store.activity.latest(100)).filter(
        ({ targetId }) => targetId === id,
      );
      assert.deepEqual(
        new Set(entries.map(({ action }) => action)),
        new Set(["task.created", "task.assigned", "task.completed"]),
      );
      for (const { kind, actorKind, actor, actorId } of entries)
        assert.deepEqual([kind, actorKind, actor, actorId], ["agents", "agent", "Task helper", grace.id]);
    });

    describe("lists", () => {
      it("tasks newest first, page by page, each once, while others are added", async () => {
        const added: string[] = [];
        for (let count = 0; count < 5; count++) added.unshift((await add(`Paged ${count}`)).id);
        const seen: string[] = [];
        for (let path = "/tasks?limit=2"; path !== ""; ) {
          const page = await api.call("GET", path);
          assert.equal(page.status, 200, page.text);
          seen.push(...page.json.items.map(({ id }) => id));
          const next = /^<\/api\/v1(.*)>; rel="next"$/.exec(page.headers.get("link") ?? "")?.[1] ?? "";
          assert.equal(next.includes(page.json.nextCursor ?? "none"), page.json.nextCursor !== null);
          if (seen.length === 2) await add("Added in between");
          path = next;
        }
        assert.deepEqual(seen.slice(0, 5), added);
        assert.equal(new Set(seen).size, seen.length);
      });

      it("tasks of the same millisecond in one order", async () => {
        const { store } = site().acme;
        const at = Date.now() + 1000;
        const ids = ["a", "b", "c", "d"].map((letter) => `${letter}-same-time`);
        for (const id of ids) {
          await store.tasks.create(id, id);
          await use().database.sql()("tasks").where({ id }).update({ created_at: at });
        }
        const first = await api.call("GET", "/tasks?limit=2");
        const second = await api.call("GET", `/tasks?limit=2&cursor=${first.json.nextCursor}`);
        const seen = [...first.json.items, ...second.json.items].map(({ id }) => id);
        assert.deepEqual(seen, ids.toReversed());
        for (const id of ids) await store.tasks.remove(id);
      });

      it("by state and assignee", async () => {
        const { store } = site().acme;
        const left = await createLocalAccount(store, "left@acme.example");
        const mine = (await add("Mine", "grace@acme.example")).id;
        const theirs = (await add("Theirs", "left@acme.example")).id;
        const free = (await add("Free")).id;
        await api.call("PATCH", `/tasks/${mine}`, { state: "done" }, any);
        await blockUser(store, left.id);
        const listed = async (query: string) => {
          const { items } = (await api.call("GET", `/tasks?limit=100&${query}`)).json;
          return [mine, theirs, free].map((id) => items.some((task) => task.id === id));
        };
        assert.deepEqual(await listed(""), [true, true, true]);
        assert.deepEqual(await listed("state=open"), [false, true, true]);
        assert.deepEqual(await listed("state=done&assignee=me"), [true, false, false]);
        assert.deepEqual(await listed("assignee=GRACE@acme.example"), [true, false, false]);
        assert.deepEqual(await listed("assignee=unassigned"), [false, true, true]);
      });

      it("nothing of another tenant", async () => {
        const { id } = await add("Ours");
        const elsewhere = await otherTenant();
        assert.deepEqual((await elsewhere.call("GET", "/tasks")).json.items, []);
        const unknown = await elsewhere.call("GET", "/tasks/00000000-0000-0000-0000-000000000000");
        const ours = await elsewhere.call("GET", `/tasks/${id}`);
        assert.deepEqual([ours.status, ours.json.detail], [404, unknown.json.detail]);
        assert.equal((await elsewhere.call("PATCH", `/tasks/${id}`, { state: "done" }, any)).status, 404);
      });
    });

    async function otherTenant(): Promise<DescribedApi> {
      const other = await createTestTenant(use().database);
      const user = await createLocalAccount(other.store, "stranger@other.example");
      const token = await agentToken(use().database, other, site().app.url, { user });
      return new DescribedApi(site().app.client(), description, { authorization: `Bearer ${token}` });
    }

    describe("compares versions", () => {
      it("and a list has one, too, which changes with its content", async () => {
        await add("Listed");
        const read = await api.call("GET", "/tasks?limit=2");
        const known = { "if-none-match": read.headers.get("etag") ?? "" };
        assert.match(known["if-none-match"], /^W\/"/);
        // fetch() sends it with each conditional request; Express would then ignore the condition.
        const fresh = { ...known, "cache-control": "no-cache" };
        assert.equal((await api.call("GET", "/tasks?limit=2", undefined, fresh)).status, 304);
        await add("Another");
        assert.equal((await api.call("GET", "/tasks?limit=2", undefined, fresh)).status, 200);
        const { get } = description.paths["/tasks"] ?? {};
        assert.ok(JSON.stringify(get).includes("If-None-Match"));
      });

      it("and answers 304 to a client that has this one", async () => {
        const { id, etag } = await add("Unchanged");
        const same = await api.call("GET", `/tasks/${id}`, undefined, { "if-none-match": etag });
        assert.deepEqual([same.status, same.text], [304, ""]);
        await api.call("PATCH", `/tasks/${id}`, { state: "done" }, any);
        assert.equal(
          (await api.call("GET", `/tasks/${id}`, undefined, { "if-none-match": etag })).status,
          200,
        );
      });

      it("and sees the new name of an assignee as a change", async () => {
        const { acme } = site();
        const ren = await createLocalAccount(acme.store, "ren@acme.example");
        const { id, etag } = await add("Renamed", "ren@acme.example");
        await acme.store.users.update(ren.id, { displayName: "Ren" });
        const read = await api.call("GET", `/tasks/${id}`, undefined, { "if-none-match": etag });
        assert.deepEqual([read.status, read.json.assignee?.name], [200, "Ren"]);
      });

      it("and refuses a change of another version, and one without If-Match", async () => {
        const { id, etag } = await add("Guarded");
        const patch = async (match: Record<string, string>) =>
          (await api.call("PATCH", `/tasks/${id}`, { state: "done" }, match)).status;
        assert.equal(await patch({}), 428);
        assert.equal(await patch({ "if-match": '"other"' }), 412);
        assert.equal(await patch({ "if-match": `W/${etag}` }), 412);
        assert.equal(await patch({ "if-match": `"other", ${etag}` }), 200);
        assert.equal(await patch({ "if-match": etag }), 412);
      });

      it("so that one of many concurrent changes of a version wins", async () => {
        const { id, etag } = await add("Contested");
        const answers = await Promise.all(
          ["me", "owner@acme.example", "me", "owner@acme.example"].map((loginName) =>
            api.call("PATCH", `/tasks/${id}`, { assignee: { loginName } }, { "if-match": etag }),
          ),
        );
        const statuses = answers.map(({ status }) => status).sort();
        assert.deepEqual(statuses, [200, 412, 412, 412]);
      });
    });

    if (engine === "PostgreSQL")
      it("refuses a change that waited for another one", async () => {
        const { id, etag } = await add("Waited for");
        const waiting = await use().database.transaction(async (inside) => {
          await forTenant(inside, site().acme.tenant.id).tasks.setCompleted(id, true);
          const patched = api.call(
            "PATCH",
            `/tasks/${id}`,
            { assignee: { loginName: "me" } },
            { "if-match": etag },
          );
          await someoneWaits(inside);
          return { patched };
        });
        assert.equal((await waiting.patched).status, 412);
      });

    describe("repeats an answer", () => {
      const keyed = (key: string) => ({ "idempotency-key": key });

      it("to the same request with the same Idempotency-Key, once for each caller", async () => {
        const key = keyed('"8e03978e-40d5-43dd-bc93-6894a57f9324"');
        const first = await api.call("POST", "/tasks", { title: "Once" }, key);
        const again = await api.call("POST", "/tasks", { title: "Once" }, key);
        assert.equal(first.status, 201);
        assert.deepEqual([again.status, again.text], [first.status, first.text]);
        for (const header of ["location", "etag"])
          assert.equal(again.headers.get(header), first.headers.get(header), header);
        const other = await (await apiOf(grace)).call("POST", "/tasks", { title: "Once" }, key);
        assert.notEqual(other.json.id, first.json.id);
      });

      it("but not to another request with the key", async () => {
        assert.equal((await api.call("POST", "/tasks", { title: "This" }, keyed("k1"))).status, 201);
        const answer = await api.call("POST", "/tasks", { title: "That" }, keyed("k1"));
        assert.equal(answer.status, 422);
        assert.equal(answer.json.errors?.[0]?.parameter, "Idempotency-Key");
      });

      it("and adds one task for many concurrent requests", async () => {
        const answers = await Promise.all(
          Array.from({ length: 6 }, () => api.call("POST", "/tasks", { title: "Raced" }, keyed("raced"))),
        );
        for (const { status, text } of answers) assert.ok([201, 409].includes(status), text);
        const last = await api.call("POST", "/tasks", { title: "Raced" }, keyed("raced"));
        const ids = [last, ...answers].flatMap(({ status, json }) => (status === 201 ? json.id : []));
        assert.equal(new Set(ids).size, 1);
        const { items } = (await api.call("GET", "/tasks?limit=100")).json;
        assert.equal(items.filter(({ title }) => title === "Raced").length, 1);
      });

      it("answers 409 while the first request runs, and takes the key of one that died", async () => {
        const { store } = site().acme;
        const owned = { userId: grace.id, agent: "", key: "running" };
        await store.idempotency.reserve(owned, "fingerprint of another request");
        const session = new DescribedApi(await site().clientOf(grace), description, {
          "sec-fetch-site": "same-origin",
        });
        const post = () => session.call("POST", "/tasks", { title: "Waits" }, keyed("running"));
        const set = async (columns: object) =>
          await use().database.sql()("idempotency_keys").where({ key: "running" }).update(columns);
        assert.equal((await post()).status, 422);
        const sent = await session.call("POST", "/tasks", { title: "Waits" }, keyed("other"));
        const { fingerprint } = await use()
          .database.sql()("idempotency_keys")
          .where({ key: "other" })
          .first();
        assert.equal(sent.status, 201);
        await set({ fingerprint });
        assert.equal((await post()).status, 409);
        await set({ reserved_at: Date.now() - 61_000 });
        assert.equal((await post()).status, 201);
      });

      it("not after a refusal, nor after a day", async () => {
        const refused = await api.call(
          "POST",
          "/tasks",
          { title: "x", assignee: { loginName: "no one" } },
          keyed("k2"),
        );
        assert.equal(refused.status, 422);
        const first = await api.call("POST", "/tasks", { title: "Now right" }, keyed("k2"));
        assert.equal(first.status, 201);
        await use()
          .database.sql()("idempotency_keys")
          .where({ key: "k2" })
          .update({ expires_at: Date.now() });
        const later = await api.call("POST", "/tasks", { title: "Now right" }, keyed("k2"));
        assert.notEqual(later.json.id, first.json.id);
      });
    });
  });
});
