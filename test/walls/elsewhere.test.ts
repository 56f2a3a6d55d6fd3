import assert from "node:assert/strict";
import { onOneDatabase } from "../helpers/databases.ts";
import { tableNames } from "../helpers/every-table.ts";
import { pathOfAny } from "../helpers/route-values.ts";
import type { Route } from "../helpers/routes.ts";
import { tenantWithEverything } from "../store/isolation-world.ts";
import { callers } from "./callers.ts";
import { isOfMachines, type SweptApp, startSweptApp } from "./sweep.ts";

/** Bodies of other types than a form or JSON, each of which a page elsewhere can send without being asked (CORS). */
const otherTypes: [what: string, type: string | null, body: string][] = [
  ["text", "text/plain", "role=owner&shown=x&password=x"],
  ["no type", null, "role=owner&shown=x"],
  [
    "multipart",
    "multipart/form-data; boundary=x",
    '--x\r\nContent-Disposition: form-data; name="role"\r\n\r\nowner\r\n--x--',
  ],
  ["XML", "application/xml", "<role>owner</role>"],
  ["a type that is none", ";", "role=owner"],
];

/** The tables that a GET may write to: when a credential or a session was used last, and the limits that count requests. */
const uses = ["sessions", "provisioning_tokens", "api_keys", "rate_limits", "agent_grants"];

describe("requests that no page of this site makes", () => {
  onOneDatabase((use) => {
    let own: Awaited<ReturnType<typeof tenantWithEverything>>;
    let swept: SweptApp;
    before(async () => {
      own = await tenantWithEverything(use().database);
      swept = await startSweptApp(use().database, own);
    });
    after(() => swept.close());

    async function everyRow(): Promise<Record<string, unknown>> {
      const rows: Record<string, unknown> = {};
      for (const table of await tableNames(use().database))
        if (!uses.includes(table)) rows[table] = await use().database.sql()(table);
      return rows;
    }

    it("a GET changes nothing, for any caller, unless it checks first that a person opened the page", async function () {
      this.timeout(120_000);
      const reads = swept.routes.filter(
        ({ method, path, handlers }) =>
          method === "GET" && !handlers.includes("navigationOnly") && !path.endsWith("/events"),
      );
      assert.ok(reads.length > 50, `${reads.length} routes`);
      // The first reader of the published keys makes them.
      await swept.ask("real", "no one", "GET", "/forward-auth/jwks.json");
      const before = await everyRow();
      for (const route of reads)
        for (const caller of callers) {
          const { status } = await swept.ask("real", caller, "GET", pathOfAny(route, own).path);
          assert.ok(status < 500, `${route.path} as ${caller}: ${status}`);
        }
      assert.deepEqual(await everyRow(), before);
    });

    const isForm = ({ method, path }: Route) => method !== "GET" && !isOfMachines(path);
    for (const [what, type, body] of otherTypes) {
      // Bytes, because fetch() announces a text as text/plain.
      const sent = { headers: type === null ? {} : { "content-type": type }, body: Buffer.from(body) };

      it(`${what} is not a form: every form answers, and none of its fields is read`, async function () {
        this.timeout(120_000);
        const roles = () => use().database.sql()("role_grants").where({ role: "owner" }).select("user_id");
        const owners = await roles();
        for (const route of swept.routes.filter(isForm)) {
          const { status } = await swept.ask(
            "real",
            "an admin",
            route.method,
            pathOfAny(route, own).path,
            sent,
          );
          assert.ok(status < 500, `${route.method} ${route.path}: ${status}`);
        }
        assert.deepEqual(await roles(), owners);
      });

      it(`${what} is refused where JSON is spoken, in the words of the protocol`, async () => {
        const writes = ({ method, path }: Route) =>
          ["POST", "PUT", "PATCH"].includes(method) && isOfMachines(path);
        for (const route of swept.routes.filter(writes)) {
          const caller = route.path.startsWith("/scim") ? "a SCIM token" : "an agent";
          const answer = await swept.ask("real", caller, route.method, pathOfAny(route, own).path, sent);
          const name = `${route.method} ${route.path}: ${answer.status}`;
          assert.ok(answer.status >= 400 && answer.status < 500, name);
          assert.match(answer.headers.get("content-type") ?? "", /json/, name);
        }
      });
    }
  });
});
