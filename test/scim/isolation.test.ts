import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { noCallCounter } from "../../src/directory/call-counter.ts";
import { scimRoutes } from "../../src/scim/routes.ts";
import type { Database } from "../../src/store/database.ts";
import { startTestApp } from "../helpers/app.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { testPasswords } from "../helpers/people.ts";
import { createScimTenant, oktaUser, type ScimAnswer, type ScimBody, ScimClient } from "../helpers/scim.ts";
import { type ScimTenant, useScim } from "../helpers/scim-site.ts";

interface Layer {
  route?: { path: string };
}

/** Every path of the router. */
function pathsOf(database: Database): string[] {
  const { stack } = scimRoutes({
    database,
    baseUrl: "http://unused.example",
    passwords: testPasswords,
    calls: noCallCounter,
  }) as unknown as {
    stack: Layer[];
  };
  return [...new Set(stack.flatMap(({ route }) => (route ? [route.path] : [])))];
}

const patchOf = (...Operations: unknown[]) => ({
  schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
  Operations,
});

/** An answer without the parts that differ between any two answers, and with the id masked. */
function bytes({ status, headers, text }: ScimAnswer, id: string): string {
  const shown = [...headers].filter(([name]) => !["date", "x-request-id", "etag"].includes(name));
  return `${status} ${JSON.stringify(shown)} ${text.replaceAll(id, "ID").replaceAll(encodeURIComponent(id), "ID")}`;
}

describe("tenants' isolation in SCIM", () => {
  onEachDatabase((use, engine) => {
    const site = useScim(use);
    let a: ScimTenant;
    let b: ScimTenant;
    let idsOfA: Record<string, string>;
    before(async () => {
      a = await site().tenant();
      b = await site().tenant();
      const user = (
        await a.client.send("POST", "/Users", oktaUser("ada@acme.example", { externalId: "00u1" }))
      ).body.id;
      const group = (
        await a.client.send("POST", "/Groups", { displayName: "Staff", members: [{ value: user }] })
      ).body.id;
      const token = (await a.store.tokens.list())[0]?.id ?? "";
      idsOfA = { user, group, token, tenant: a.tenant.id, source: a.writer.source.id };
    });
    /** All of A's rows in the tables that SCIM writes to. */
    const stateOfA = async () => {
      const state: Record<string, unknown> = {};
      for (const table of ["users", "groups", "group_members", "role_grants", "activity", "tombstones"]) {
        state[table] = await use().database.sql()(table).where("tenant_id", a.tenant.id);
      }
      return state;
    };
    const send = (method: string, path: string, body: unknown) =>
      b.client.send(method, path, ["GET", "HEAD", "DELETE"].includes(method) ? undefined : body);

    it("answers the same bytes for A's ids as for unknown ids, on every path and by every method", async () => {
      const before = await stateOfA();
      const paths = pathsOf(use().database).filter((path) => path.includes(":id"));
      assert.deepEqual(paths.filter((path) => /Users|Groups/.test(path)).sort(), [
        "/Groups/:id",
        "/Users/:id",
      ]);
      const bodies = [
        oktaUser("x@evil.example", { displayName: "X" }),
        patchOf({ op: "replace", value: { displayName: "X" } }),
      ];
      for (const path of paths) {
        for (const method of ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]) {
          for (const id of Object.values(idsOfA)) {
            const never = randomUUID();
            for (const body of bodies) {
              const real = await send(method, path.replace(":id", id), body);
              const none = await send(method, path.replace(":id", never), body);
              assert.equal(bytes(real, id), bytes(none, never), `${method} ${path}`);
              assert.ok([404, 405, 400].includes(real.status), `${method} ${path}: ${real.status}`);
            }
          }
        }
      }
      assert.deepEqual(await stateOfA(), before);
    });

    for (const kind of ["Users", "Groups"]) {
      for (const [method, body] of [
        ["GET", undefined],
        ["PUT", oktaUser("x@evil.example")],
        ["PATCH", patchOf({ op: "replace", value: { displayName: "X" } })],
        ["DELETE", undefined],
      ] as const) {
        it(`answers 404 to ${method} /${kind}/{A's id}`, async () => {
          for (const id of Object.values(idsOfA))
            assert.equal((await b.client.send(method, `/${kind}/${id}`, body)).status, 404);
        });
      }
    }

    /** Requests with an id in another place than the path. */
    const elsewhere: [string, (id: string) => Promise<ScimAnswer>][] = [
      ["a filter on id", (id) => b.client.find(`id eq "${id}"`)],
      ["a filter on groups", (id) => b.client.find(`groups.value eq "${id}"`)],
      [
        "a filter on members",
        (id) => b.client.get(`/Groups?filter=${encodeURIComponent(`members.value eq "${id}"`)}`),
      ],
      [
        "a member of a new group",
        (id) => send("POST", "/Groups", { displayName: "New", members: [{ value: id }] }),
      ],
      [
        "a search",
        (id) =>
          send("POST", "/Users/.search", {
            schemas: ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
            filter: `id eq "${id}"`,
          }),
      ],
      [
        "paths of a bulk request",
        (id) =>
          send("POST", "/Bulk", {
            schemas: ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
            Operations: [
              { method: "DELETE", path: `/Users/${id}` },
              { method: "DELETE", path: `/Groups/${id}` },
              {
                method: "POST",
                path: "/Groups",
                bulkId: "g",
                data: { displayName: "G", members: [{ value: id }] },
              },
            ],
          }),
      ],
    ];
    for (const [where, call] of elsewhere) {
      it(`answers the same bytes if A's id is ${where}`, async () => {
        const before = await stateOfA();
        for (const id of Object.values(idsOfA)) {
          const never = randomUUID();
          assert.equal(bytes(await call(id), id), bytes(await call(never), never));
        }
        assert.deepEqual(await stateOfA(), before);
      });
    }

    it("lets both tenants have the same names, keys and groups", async () => {
      const user = oktaUser("ada@acme.example", { externalId: "00u1" });
      assert.equal((await b.client.send("POST", "/Users", user)).status, 201);
      assert.equal((await b.client.send("POST", "/Groups", { displayName: "Staff" })).status, 201);
      for (const { client, store } of [a, b]) {
        const { body } = await client.get("/Users");
        assert.deepEqual([body.totalResults, await store.users.count()], [1, 1]);
      }
    });

    it("keeps slow requests apart that run at the same time", async () => {
      const { database } = use();
      // Each request waits halfway for the other tenant's, so that both are in progress at once.
      const inside = engine === "SQLite" ? 8 : 4;
      let waiting: (() => void)[] = [];
      const meet = () =>
        new Promise<void>((resolve) => {
          waiting.push(resolve);
          if (waiting.length < inside) return;
          for (const go of waiting) go();
          waiting = [];
        });
      const slow: Database = {
        ...database,
        transaction: async (work) => {
          await meet();
          return await database.transaction(work);
        },
      };
      const tenants = [
        await createScimTenant(site().app, database),
        await createScimTenant(site().app, database),
      ];
      const app = await startTestApp(slow);
      const base = `${app.url}/scim/v2/Users/`;
      const clients = tenants.map(({ token }) => new ScimClient(`${app.url}/scim/v2`, token));
      for (let round = 0; round < 5; round++) {
        const calls = Array.from({ length: inside }, async (_, index) => {
          const who = index % 2;
          const name = `of-${who}-${round}-${index}@acme.example`;
          const answer = await (clients[who] as ScimClient).send("POST", "/Users", oktaUser(name));
          return { who, name, answer };
        });
        for (const { who, name, answer } of await Promise.all(calls)) {
          assert.deepEqual([answer.status, answer.body.userName], [201, name]);
          assert.equal(answer.headers.get("location"), base + answer.body.id);
          assert.equal(answer.body.meta.location, base + answer.body.id);
          assert.equal((await tenants[who]?.store.users.byId(answer.body.id))?.loginName, name);
        }
      }
      for (const [who, client] of clients.entries()) {
        const { Resources } = (await client.get("/Users")).body;
        assert.equal(Resources.length, (5 * inside) / 2);
        assert.ok((Resources as ScimBody[]).every(({ userName }) => userName.startsWith(`of-${who}-`)));
      }
      await app.close();
    });
  });
});
