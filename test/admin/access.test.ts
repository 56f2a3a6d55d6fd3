import assert from "node:assert/strict";
import type { User } from "../../src/model.ts";
import type { Client } from "../helpers/client.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { tableNames } from "../helpers/every-table.ts";
import { assertRedirect } from "../helpers/pages.ts";
import { createLocalAccount, createTestTenant } from "../helpers/people.ts";
import { pathIn } from "../helpers/route-values.ts";
import type { Route } from "../helpers/routes.ts";
import { appRoutes, plantSession, useSite } from "../helpers/site.ts";
import { tenantWithEverything } from "../store/isolation-world.ts";

describe("access to the admin console", () => {
  onEachDatabase((use) => {
    const site = useSite(use);
    let routes: Route[];
    let a: Awaited<ReturnType<typeof tenantWithEverything>>;
    let [member, admin]: User[] = [];
    before(async () => {
      const { database } = use();
      a = await tenantWithEverything(database);
      const { store } = site().acme;
      member = await createLocalAccount(store, "member@acme.example");
      admin = await createLocalAccount(store, "admin@acme.example", "admin");
      routes = appRoutes(database).filter(({ path }) => /^\/admin(\/|$)/.test(path));
    });

    const ask = (client: Client, route: Route) => {
      const path = pathIn(route, a);
      return route.method === "GET" ? client.get(path) : client.post(path);
    };

    it("is tested for every route of the router", () => {
      assert.ok(routes.length >= 7, `${routes.length} routes`);
    });

    it("requires a session: visitors are sent to the sign-in page", async () => {
      for (const route of routes) {
        const answer = await ask(site().app.client(), route);
        const returnTo = new URLSearchParams({ returnTo: pathIn(route, a) });
        assertRedirect(answer, route.method === "GET" ? `/login?${returnTo}` : "/login");
      }
    });

    it("is denied to members, who see no link to it", async () => {
      const client = await site().clientOf(member as User);
      for (const route of routes) {
        const answer = await ask(client, route);
        assert.equal(answer.status, 404, `${route.method} ${route.path}`);
        assert.match(answer.text, /<h1>Page not found<\/h1>/);
      }
      assert.doesNotMatch((await client.get("/account")).text, /href="\/admin"/);
    });

    it("is granted to admins and owners", async () => {
      for (const who of [admin as User, site().owner]) {
        const client = await site().clientOf(who);
        assert.match((await client.get("/account")).text, /href="\/admin"/);
        for (const { path } of routes.filter(({ method, path }) => method === "GET" && !path.includes(":")))
          assert.equal((await client.get(path)).status, 200, path);
      }
    });

    it("ends with the next request after the role is revoked", async () => {
      const { store } = site().acme;
      const former = await createLocalAccount(store, "former@acme.example", "admin");
      const client = await site().clientOf(former);
      assert.equal((await client.get("/admin")).status, 200);
      await store.roles.revoke(former.id, "admin");
      assert.equal((await client.get("/admin")).status, 404);
    });

    it("lets admins of another tenant neither see nor change anything", async () => {
      const { database } = use();
      const b = await createTestTenant(database);
      const intruder = await createLocalAccount(b.store, "intruder@b.example", "owner");
      const client = site().app.client();
      client.cookies.set("session", await plantSession(use(), b.tenant, intruder));
      const before = await rowsOfTenant(a.store.tenantId);
      for (const route of routes) {
        const answer = await ask(client, route);
        const name = `${route.method} ${route.path}`;
        if (route.path.includes(":")) assert.equal(answer.status, 404, name);
        for (const secret of [a.connectionId, a.loginName, a.userId, a.domain, a.tokenId, a.deletedLoginName])
          assert.ok(!answer.text.includes(secret), `${name} shows ${secret}`);
      }
      assert.deepEqual(await rowsOfTenant(a.store.tenantId), before);
    });

    it("lets the tenant's own admin use the same ids", async () => {
      const { database } = use();
      const own = await createLocalAccount(a.store, "own@a.example", "owner");
      const client = site().app.client();
      const tenant = { id: a.store.tenantId } as Parameters<typeof plantSession>[1];
      client.cookies.set("session", await plantSession({ database }, tenant, own));
      for (const route of routes.filter(({ method }) => method === "GET"))
        assert.ok((await ask(client, route)).status < 400, route.path);
    });

    it("answers 404 to a URL with a NUL", async () => {
      const client = await site().clientOf(site().owner);
      for (const path of ["/admin/connections/%00", "/admin/people?q=%00", "/admin%00"])
        assert.equal((await client.get(path)).status, 404, path);
    });

    /** Every row of the tenant in every table that has a tenant_id. */
    async function rowsOfTenant(tenantId: string): Promise<Record<string, unknown>> {
      const { database } = use();
      const rows: Record<string, unknown> = {};
      for (const table of await tableNames(database)) {
        if (await database.sql().schema.hasColumn(table, "tenant_id"))
          rows[table] = await database.sql()(table).where("tenant_id", tenantId);
      }
      assert.ok(Object.keys(rows).length > 15);
      return rows;
    }
  });
});
