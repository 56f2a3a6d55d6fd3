import assert from "node:assert/strict";
import { type RequestHandler, Router } from "express";
import { forTenant } from "../../src/store/tenant-store.ts";
import { requireAdmin, requireSignIn } from "../../src/web/guards.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { tableNames } from "../helpers/every-table.ts";
import { tenantWithEverything } from "../store/isolation-world.ts";
import { callers } from "./callers.ts";
import { unusedNames } from "./route-groups.ts";
import { type Finding, type SweptApp, startSweptApp, sweep } from "./sweep.ts";

const inWords = ({ route, caller, ids, expected, found }: Finding) =>
  `${route} as ${caller}, with ${ids} ids: ${found} instead of ${expected}`;

describe("every route, as every caller, with the ids of two tenants", () => {
  onOneDatabase((use) => {
    let own: Awaited<ReturnType<typeof tenantWithEverything>>;
    let other: typeof own;
    let swept: SweptApp;
    before(async () => {
      own = await tenantWithEverything(use().database);
      other = await tenantWithEverything(use().database);
      swept = await startSweptApp(use().database, own);
    });
    after(() => swept.close());

    it("answers as the table says, and changes nothing of the other tenant", async function () {
      this.timeout(240_000);
      const before = await rowsOf(other.store.tenantId);
      const { findings, requests } = await sweep(swept, own, other);
      assert.deepEqual(findings.map(inWords), []);
      assert.deepEqual(await rowsOf(other.store.tenantId), before);
      const size = `${swept.routes.length} routes × ${callers.length} callers × 2 tenants`;
      assert.ok(swept.routes.length > 100 && requests > 1_000, `${size}: ${requests} requests`);
      process.stdout.write(`      ${size}: ${requests} requests\n`);
    });

    it("has no row in the table for a route that is gone", () => {
      assert.deepEqual(unusedNames(swept.routes), []);
    });

    /** Sweeps the routes at `path` of an application with one more route. */
    async function withPlanted(path: string, ...handlers: RequestHandler[]): Promise<Finding[]> {
      const planted = await startSweptApp(use().database, own, () => Router().get(path, ...handlers));
      try {
        return (await sweep(planted, own, other, (route) => route.path === path)).findings;
      } finally {
        await planted.close();
      }
    }
    const answer: RequestHandler = (_req, res) => void res.send("planted");

    it("finds a route that the table does not name", async () => {
      const findings = await withPlanted("/planted", requireSignIn, answer);
      assert.deepEqual(
        findings.map(({ route, expected }) => [route, expected]),
        [["GET /planted", "a row in the table"]],
      );
    });

    it("finds a route without a guard", async () => {
      const findings = await withPlanted("/admin/planted", answer);
      assert.deepEqual(new Set(findings.map(({ caller }) => caller)), new Set(callers.filter(isKeptOut)));
      assert.ok(findings.every(({ found }) => found === "200"));
    });

    it("finds a guard with too low a role", async () => {
      const findings = await withPlanted("/admin/planted", requireSignIn, answer);
      assert.deepEqual(
        findings.map(({ caller, expected, found }) => [caller, expected, found]),
        [["a member", "hidden", "200"]],
      );
      const owners = await withPlanted("/admin/connections/:connection/review", requireAdmin, answer);
      assert.ok(owners.some(({ caller, expected }) => caller === "an admin" && expected === "hidden"));
    });

    it("finds a look-up without the tenant", async () => {
      const ofAnyTenant: RequestHandler = async (req, res) => {
        for (const { id } of await use().database.sql()("tenants").select("id")) {
          const user = await forTenant(use().database, id).users.byId(String(req.params.user));
          if (user) return void res.send(user.loginName);
        }
        res.sendStatus(404);
      };
      const findings = await withPlanted("/admin/people/:user/planted", requireAdmin, ofAnyTenant);
      assert.deepEqual(
        findings.map(({ caller, ids, found }) => [caller, ids, found]),
        (["an admin", "an owner"] as const).flatMap((caller) =>
          ["200", other.loginName, other.domain].map((found) => [caller, "another tenant's", found]),
        ),
      );
    });

    const isKeptOut = (caller: string) => caller !== "an admin" && caller !== "an owner";

    /** Every row of the tenant in every table that has a tenant_id. */
    async function rowsOf(tenantId: string): Promise<Record<string, unknown>> {
      const sql = use().database.sql();
      const rows: Record<string, unknown> = {};
      for (const table of await tableNames(use().database)) {
        if (await sql.schema.hasColumn(table, "tenant_id"))
          rows[table] = await sql(table).where("tenant_id", tenantId);
      }
      return rows;
    }
  });
});
