import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Client as McpClient, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import express from "express";
import { createLog } from "../../src/log.ts";
import type { User } from "../../src/model.ts";
import { sealer } from "../../src/store/secrets.ts";
import { sessionStore } from "../../src/store/session-store.ts";
import { apiRoutes } from "../../src/web/api.ts";
import { errorPages, pageNotFound } from "../../src/web/error-pages.ts";
import { mcpRoutes } from "../../src/web/mcp.ts";
import { requestContext, sameOrigin } from "../../src/web/request.ts";
import { loadPerson, sessionCookie } from "../../src/web/sessions.ts";
import { agentToken } from "../helpers/agents.ts";
import { Client } from "../helpers/client.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { codeBlocks } from "../helpers/docs.ts";
import { createLocalAccount } from "../helpers/people.ts";
import { sessionSecret, useSite } from "../helpers/site.ts";
import { assertQuotes } from "./quotes.ts";
import { reportsApi, reportTool } from "./reports.ts";

const pages = ["build-an-api", "check-entitlements", "record-activity"].map(
  (name) => `docs/how-to/${name}.md`,
);
const reports = "/api/v1/reports";
const wrong = { title: "", date: "today" };
const right = { title: "Order the nose cones", day: "2026-11-30" };

for (const page of pages) describe(page, () => it("shows code as it is", () => assertQuotes(page)));

/** Runs the routers and functions of the pages, behind the middleware of src/app.ts. */
describe("a router of the product's own", () => {
  onOneDatabase((use) => {
    const site = useSite(use);
    let server: ReturnType<typeof createServer>;
    let url: string;
    let ada: User;
    let admin: User;
    before(async () => {
      const { database } = use();
      server = createServer();
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      url = `http://localhost:${(server.address() as AddressInfo).port}`;
      const [log, sessions] = [createLog("silent"), sessionStore(database)];
      const api = apiRoutes({ database, baseUrl: url }, [], [reportsApi]);
      const cookie = {
        sessions,
        sealer: sealer(Buffer.alloc(32, "key")),
        secret: sessionSecret,
        baseUrl: url,
        log,
      };
      const app = express()
        .use(requestContext(log))
        .use(api.agents)
        .use(mcpRoutes({ database, baseUrl: url, log }, [reportTool]))
        .use(sameOrigin(url));
      app.use(sessionCookie(cookie)).use(loadPerson(sessions)).use(api.people);
      server.on("request", app.use(pageNotFound).use(api.errors).use(errorPages));
      ada = await createLocalAccount(site().acme.store, "ada@acme.example");
      admin = await createLocalAccount(site().acme.store, "admin@acme.example", "admin");
    });
    after(async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
    beforeEach(() => site().acme.store.users.update(ada.id, { entitlements: ["task-export"] }));

    /** As an agent for Ada, with these scopes. */
    async function asAgent(...scopes: string[]): Promise<Record<string, string>> {
      const token = await agentToken(use().database, site().acme, url, { user: ada, scopes });
      return { authorization: `Bearer ${token}` };
    }
    /** As the browser of a person, from our own page. */
    async function asBrowser(user: User): Promise<Record<string, string>> {
      const cookie = (await site().clientOf(user)).cookies.get("session");
      return { cookie: `session=${cookie}`, "sec-fetch-site": "same-origin" };
    }
    async function call(method: string, headers: Record<string, string>, body?: unknown, path = reports) {
      const type = body === undefined ? {} : { "content-type": "application/json" };
      const text = typeof body === "string" ? body : JSON.stringify(body);
      const client = new Client(url, url);
      const answer = await client.send(method, path, { accept: "text/html", ...type, ...headers }, text);
      const isJson = /json$|json;/.test(answer.headers.get("content-type") ?? "");
      return { ...answer, json: isJson && answer.text !== "" ? JSON.parse(answer.text) : null };
    }

    it("answers agents and browsers alike", async () => {
      for (const headers of [await asAgent("tasks.read", "tasks.write"), await asBrowser(ada)]) {
        assert.equal((await call("POST", headers, right)).status, 201);
        const { status, json } = await call("GET", headers, undefined, `${reports}?limit=1`);
        assert.deepEqual([status, json], [200, { items: [] }]);
      }
    });

    it("gives 401 as a problem to callers without a token or a session, also to browsers", async () => {
      for (const headers of [{}, { authorization: "Bearer oinat_wrong" }, { cookie: "session=wrong" }]) {
        for (const method of ["GET", "POST"]) {
          const { status, json, ...answer } = await call(method, {
            "sec-fetch-site": "same-origin",
            ...headers,
          });
          assert.deepEqual([status, json?.status], [401, 401]);
          assert.match(answer.headers.get("www-authenticate") ?? "", /oauth-protected-resource\/api\/v1/);
        }
      }
    });

    it("asks for the scope of the method, before it reads the body", async () => {
      const [reader, writer] = [await asAgent("tasks.read"), await asAgent("tasks.write")];
      assert.equal((await call("GET", reader)).status, 200);
      for (const method of ["POST", "PUT", "DELETE", "PATCH"]) {
        const { status, headers } = await call(method, reader, "{");
        assert.equal(status, 403);
        assert.match(headers.get("www-authenticate") ?? "", /scope="tasks.write"/);
      }
      assert.equal((await call("GET", writer)).status, 403);
    });

    it("refuses a change that another site makes a browser send", async () => {
      const headers = { ...(await asBrowser(ada)), "sec-fetch-site": "cross-site" };
      const { status, json } = await call("POST", headers, right);
      assert.deepEqual([status, json.status], [403, 403]);
    });

    it("names every wrong value, as the page shows it", async () => {
      const { status, json } = await call("POST", await asBrowser(ada), wrong);
      const shown = codeBlocks(pages[0] ?? "").find(({ language }) => language === "json");
      assert.equal(status, 422);
      assert.deepEqual({ ...json, reference: "" }, { ...JSON.parse(shown?.text ?? ""), reference: "" });
      const query = await call("GET", await asBrowser(ada), undefined, `${reports}?limit=0&page=2`);
      assert.deepEqual(
        query.json.errors.map(({ parameter }: { parameter: string }) => parameter),
        ["limit", "page"],
      );
    });

    it("refuses bodies that are not JSON, and requests without one", async () => {
      const headers = await asBrowser(ada);
      const form = { ...headers, "content-type": "application/x-www-form-urlencoded" };
      const statuses = [
        await call("POST", headers, "{"),
        await call("POST", headers),
        await call("POST", form, "title=x"),
        await call("POST", headers, { title: "x".repeat(40_000) }),
        await call("GET", headers, undefined, `${reports}/nothing`),
      ].map(({ status, json }) => [status, json?.status]);
      assert.deepEqual(
        statuses,
        [400, 400, 415, 413, 404].map((status) => [status, status]),
      );
    });

    it("asks for the entitlement and the role, and says who can give them", async () => {
      await site().acme.store.users.update(ada.id, { entitlements: [] });
      for (const headers of [await asAgent("tasks.write"), await asBrowser(ada)]) {
        const refused = await call("POST", headers, right);
        assert.equal(refused.status, 403);
        assert.match(
          refused.json.detail,
          /entitlement “Task export”.*administrator of your organisation’s Okta/,
        );
        assert.match(
          (await call("DELETE", headers)).json.detail,
          /the role Admin\. An administrator of your team/,
        );
      }
      assert.equal((await call("DELETE", await asBrowser(admin))).status, 204);
    });

    it("asks for the entitlement of a tool of the MCP server", async () => {
      const token = await agentToken(use().database, site().acme, url, { user: ada, scopes: ["tasks.read"] });
      const client = new McpClient({ name: "test", version: "1" });
      const requestInit = { headers: { authorization: `Bearer ${token}` } };
      await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`), { requestInit }));
      const count = () => client.callTool({ name: "count_reports", arguments: {} });
      assert.deepEqual((await count()).structuredContent, { count: 0 });
      await site().acme.store.users.update(ada.id, { entitlements: [] });
      const { isError, content } = await count();
      assert.equal(isError, true);
      assert.match(JSON.stringify(content), /This needs the entitlement “Task export”/);
      await client.close();
    });

    it("writes who did it to the activity, which the console shows, filters and exports", async () => {
      await call("POST", await asBrowser(ada), { ...right, title: "Calibrate the second stage" });
      await call("POST", await asAgent("tasks.write"), { ...right, title: "Paint the fins" });
      const console = await site().clientOf(site().owner);
      const page = await console.get("/admin/activity?kind=tasks");
      assert.match(page.text, /<option value="tasks" selected>Tasks<\/option>/);
      assert.match(
        page.text,
        /Task added<\/span>\s*<a href="\/tasks#task-[^"]*">Calibrate the second stage<\/a>/,
      );
      assert.match(page.text, new RegExp(`<a href="/admin/people/${ada.id}">ada@acme.example</a>`));
      assert.doesNotMatch(page.text, /Paint the fins/);
      assert.match((await console.get("/admin/activity?kind=agents")).text, /Paint the fins/);
      const csv = await console.get("/admin/activity/export.csv?kind=tasks");
      assert.match(
        csv.text,
        /"tasks","task.created","member","ada@acme.example",.*"Calibrate the second stage"/,
      );
      assert.match((await console.get(`/admin/people/${ada.id}`)).text, /Task added/);
    });
  });
});
