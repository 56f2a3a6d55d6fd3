import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { entitlements } from "../../config/entitlements.ts";
import type { User } from "../../src/model.ts";
import { hasEntitlement } from "../../src/web/permissions.ts";
import { agentToken } from "../helpers/agents.ts";
import { apiKeyOf } from "../helpers/api-keys.ts";
import type { Client } from "../helpers/client.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { headingOf } from "../helpers/pages.ts";
import { createLocalAccount } from "../helpers/people.ts";
import { oktaUser } from "../helpers/scim.ts";
import { type ScimTenant, useScim } from "../helpers/scim-site.ts";
import { plantSession } from "../helpers/site.ts";

const exported = [{ value: "task-export" }];
const exportPath = "/tasks/export.csv";

describe("what a person may do with tasks", () => {
  onEachDatabase((use) => {
    const site = useScim(use);
    let acme: ScimTenant;
    let ada: User;
    let client: Client;

    beforeEach(async () => {
      acme = await site().tenant();
      const { body } = await acme.client.send("POST", "/Users", oktaUser("ada@acme.example"));
      ada = (await acme.store.users.byId(body.id)) ?? assert.fail();
      client = await clientOf(ada);
    });

    async function clientOf(user: User): Promise<Client> {
      const own = site().app.client();
      own.cookies.set("session", await plantSession(use(), acme.tenant, user));
      return own;
    }
    const assign = async (given: { value: string }[]) => {
      const change = { op: "replace", path: "entitlements", value: given };
      assert.equal((await acme.client.patch(`/Users/${ada.id}`, change)).status, 200);
    };
    const lastEntry = async () => (await acme.store.activity.latest(1))[0];

    it("follows an entitlement that Okta assigns and removes, with the next request", async () => {
      assert.doesNotMatch((await client.get("/tasks")).text, /Export as CSV/);
      assert.equal((await client.get(exportPath)).status, 403);
      await assign(exported);
      assert.match((await client.get("/tasks")).text, /Export as CSV/);
      assert.equal((await client.get(exportPath)).status, 200);
      await assign([]);
      assert.doesNotMatch((await client.get("/tasks")).text, /Export as CSV/);
      assert.equal((await client.get(exportPath)).status, 403);
    });

    it("follows it in the API as well, for a browser and for an agent", async () => {
      const bearer = await agentToken(use().database, acme, site().app.url, { user: ada });
      const statuses = async () => [
        (await client.get("/api/v1/tasks/export")).status,
        (
          await site()
            .app.client()
            .get("/api/v1/tasks/export", { authorization: `Bearer ${bearer}` })
        ).status,
      ];
      assert.deepEqual(await statuses(), [403, 403]);
      await assign(exported);
      assert.deepEqual(await statuses(), [200, 200]);
      await assign([]);
      assert.deepEqual(await statuses(), [403, 403]);
    });

    it("follows it for an API key, which acts for its person", async () => {
      await acme.store.roles.grant(ada.id, "admin");
      const { key } = await apiKeyOf(acme.store, ada);
      const program = site().app.client();
      const status = async (path = "/api/v1/tasks/export") =>
        (await program.get(path, { authorization: `Bearer ${key}` })).status;
      assert.deepEqual([await status("/api/v1/tasks"), await status()], [200, 403]);
      await assign(exported);
      assert.equal(await status(), 200);
      await assign([]);
      assert.deepEqual([await status("/api/v1/tasks"), await status()], [200, 403]);
    });

    it("says what is missing and who can give it, on a page and as a problem", async () => {
      const page = await client.get(exportPath);
      assert.equal(headingOf(page), "You may not do this yet");
      assert.match(page.text, /This needs the entitlement “Task export”\./);
      assert.match(page.text, /An administrator of your organisation’s Okta assigns it to you in the app/);
      const { headers, text } = await client.get("/api/v1/tasks/export");
      assert.equal(headers.get("content-type"), "application/problem+json");
      assert.match(JSON.parse(text).detail, /^This needs the entitlement “Task export”\. An administrator/);
    });

    it("sends signed-out people to the sign-in page first", async () => {
      const { status, location } = await site().app.client().get(exportPath);
      assert.deepEqual([status, location?.split("?")[0]], [303, "/login"]);
    });

    it("costs no statement more than the sign-in itself", async () => {
      await assign(exported);
      const statements = async (path: string) => {
        let count = 0;
        const see = () => void count++;
        use().database.sql().on("query", see);
        await client.get(path);
        use().database.sql().removeListener("query", see);
        return count;
      };
      await assign([]);
      assert.equal(await statements(exportPath), await statements("/no-such-page"));
    });

    it("exports every task as CSV, and writes that to the activity", async () => {
      await assign(exported);
      const titles = ['Say "hello"', "=1+1", "Paint the fins"];
      for (const title of titles) await acme.store.tasks.create(`task-${titles.indexOf(title)}`, title);
      await acme.store.tasks.setCompleted("task-2", true);
      const file = await client.get(exportPath);
      assert.match(file.headers.get("content-type") ?? "", /^text\/csv/);
      assert.match(file.headers.get("content-disposition") ?? "", /attachment; filename="?tasks\.csv/);
      const lines = file.text.trimEnd().split("\r\n");
      assert.equal(lines.shift(), '"id","title","state","assignee","completedAt","created"');
      assert.deepEqual(lines.map((line) => line.split(",").slice(1, 3).join(",")).sort(), [
        '"\'=1+1","open"',
        '"Paint the fins","done"',
        '"Say ""hello""","open"',
      ]);
      const { action, kind, actorKind, actor, actorId } = (await lastEntry()) ?? assert.fail();
      assert.deepEqual(
        [kind, action, actorKind, actor, actorId],
        ["tasks", "tasks.exported", "member", "ada@acme.example", ada.id],
      );
    });

    it("lets people with the entitlement delete what others added", async () => {
      const other = await createLocalAccount(acme.store, "other@acme.example");
      await acme.store.tasks.create("foreign", "foreign", { userId: other.id, agent: null });
      const remove = async () => (await client.post("/tasks/foreign/delete")).status;
      assert.equal(await remove(), 403);
      await assign([{ value: "task-deletion" }]);
      assert.match((await client.get("/tasks")).text, /tasks\/foreign\/delete/);
      assert.equal(await remove(), 303);
    });

    it("lets people delete what they added, and an administrator by a group delete anything", async () => {
      const other = await createLocalAccount(acme.store, "other@acme.example");
      const add = async (id: string, by: User) =>
        await acme.store.tasks.create(id, id, { userId: by.id, agent: null });
      await add("own", ada);
      await add("foreign", other);
      const deletions = async () =>
        [...(await client.get("/tasks")).text.matchAll(/tasks\/(\w+)\/delete/g)].map(([, id]) => id).sort();
      assert.deepEqual(await deletions(), ["own"]);
      const refused = await client.post("/tasks/foreign/delete");
      assert.equal(refused.status, 403);
      assert.match(refused.text, /This needs the role Admin\. An administrator of your team gives it to you/);
      assert.equal((await client.post("/tasks/own/delete")).status, 303);
      const group = { displayName: "Admins", members: [{ value: ada.id }] };
      const groupId = (await acme.client.send("POST", "/Groups", group)).body.id;
      await acme.store.roles.mapGroup(groupId, "admin");
      assert.deepEqual(await deletions(), ["foreign"]);
      const removal = { op: "remove", path: `members[value eq "${ada.id}"]` };
      assert.equal((await acme.client.patch(`/Groups/${groupId}`, removal)).status, 204);
      assert.equal((await client.post("/tasks/foreign/delete")).status, 403);
      await acme.store.roles.mapGroup(groupId, "admin");
      await acme.client.send("PATCH", `/Groups/${groupId}`, {
        schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        Operations: [{ op: "add", path: "members", value: [{ value: ada.id }] }],
      });
      assert.equal((await client.post("/tasks/foreign/delete")).status, 303);
      const { action, targetId } = (await lastEntry()) ?? assert.fail();
      assert.deepEqual([action, targetId], ["task.deleted", "foreign"]);
    });
  });

  it("is asked by ids that config/entitlements.ts has, also in views", () => {
    const views = readdirSync("views", { recursive: true, encoding: "utf8" }).filter((name) =>
      name.endsWith(".ejs"),
    );
    const asked = views.flatMap((name) =>
      [...readFileSync(`views/${name}`, "utf8").matchAll(/\bmay\("([^"]*)"\)/g)].map(([, id]) => id),
    );
    assert.ok(asked.length > 0);
    const known: (string | undefined)[] = entitlements.map(({ id }) => id);
    assert.deepEqual(
      asked.filter((id) => !known.includes(id)),
      [],
    );
    const person = { user: { entitlements: ["task-exports"] } };
    assert.throws(() => hasEntitlement(person, "task-exports" as never), /has no entitlement "task-exports"/);
  });
});
