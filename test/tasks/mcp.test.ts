import assert from "node:assert/strict";
import { Client as McpClient, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import type { User } from "../../src/model.ts";
import type { TaskView } from "../../src/tasks/tasks.ts";
import { agentToken } from "../helpers/agents.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { createLocalAccount, createTestTenant } from "../helpers/people.ts";
import { useSite } from "../helpers/site.ts";

/** The protocol versions that clients negotiate by `initialize`. */
const olderVersions = ["2025-03-26", "2025-06-18", "2025-11-25"];
const modern = "2026-07-28";

interface ToolAnswer {
  isError?: boolean;
  content: { type: string; text: string }[];
  structuredContent?: { task?: TaskView; tasks?: TaskView[]; nextCursor?: string | null };
}

describe("the MCP server", () => {
  onEachDatabase((use) => {
    const site = useSite(use);
    let grace: User;
    let token: string;
    const clients: McpClient[] = [];
    before(async () => {
      grace = await createLocalAccount(site().acme.store, "grace@acme.example");
      token = await agentToken(use().database, site().acme, site().app.url, { user: grace });
    });
    after(async () => {
      for (const client of clients) await client.close();
    });

    async function connect(
      bearer = token,
      mode: "legacy" | { pin: string } = { pin: modern },
    ): Promise<McpClient> {
      const client = new McpClient({ name: "test", version: "1" }, { versionNegotiation: { mode } });
      const transport = new StreamableHTTPClientTransport(new URL(`${site().app.url}/mcp`), {
        requestInit: { headers: { authorization: `Bearer ${bearer}` } },
        onInsufficientScope: "throw",
      });
      await client.connect(transport);
      clients.push(client);
      return client;
    }
    async function call(client: McpClient, name: string, args: object = {}): Promise<ToolAnswer> {
      return (await client.callTool({ name, arguments: { ...args } })) as unknown as ToolAnswer;
    }

    /** Posts a message as it is. */
    async function post(message: unknown, headers: Record<string, string> = {}) {
      return await site()
        .app.client()
        .send(
          "POST",
          "/mcp",
          {
            authorization: `Bearer ${token}`,
            accept: "application/json, text/event-stream",
            "content-type": "application/json",
            ...headers,
          },
          typeof message === "string" ? message : JSON.stringify(message),
        );
    }
    const listTools = { jsonrpc: "2.0", id: 1, method: "tools/list" };

    for (const mode of ["legacy", { pin: modern }] as const) {
      const version = mode === "legacy" ? "the newest version with initialize" : mode.pin;
      it(`lists, adds, assigns and completes tasks for a client of ${version}`, async () => {
        const client = await connect(token, mode);
        assert.equal(client.getNegotiatedProtocolVersion(), mode === "legacy" ? "2025-11-25" : modern);
        const added = await call(client, "create_task", { title: `By ${version}` });
        const task = added.structuredContent?.task ?? assert.fail(added.content[0]?.text);
        assert.deepEqual(JSON.parse(added.content[0]?.text ?? ""), added.structuredContent);
        assert.deepEqual([task.created.person?.id, task.created.agent], [grace.id, "Task helper"]);
        const { id } = task;
        const assigned = await call(client, "assign_task", { id, assignee: "me" });
        assert.equal(assigned.structuredContent?.task?.assignee?.id, grace.id);
        const mine = await call(client, "list_tasks", { state: "open", assignee: "me", limit: 1 });
        assert.deepEqual(
          mine.structuredContent?.tasks?.map((one) => one.id),
          [id],
        );
        assert.equal((await call(client, "complete_task", { id })).structuredContent?.task?.state, "done");
        const free = await call(client, "assign_task", { id, assignee: null });
        assert.equal(free.structuredContent?.task?.assignee, null);
        const actions = (await site().acme.store.activity.latest(20)).filter(
          ({ targetId }) => targetId === id,
        );
        assert.equal(actions.length, 4);
      });
    }

    it("says what each tool takes, gives and does", async () => {
      const { tools } = await (await connect()).listTools();
      assert.deepEqual(
        tools.map(({ name, annotations = {} }) => [
          name,
          annotations.readOnlyHint,
          annotations.idempotentHint,
        ]),
        [
          ["list_tasks", true, true],
          ["create_task", false, false],
          ["assign_task", false, true],
          ["complete_task", false, true],
        ],
      );
      for (const { title, description, annotations, inputSchema, outputSchema } of tools) {
        assert.ok(title && description && description.length > 20);
        assert.deepEqual([annotations?.destructiveHint, annotations?.openWorldHint], [false, false]);
        assert.deepEqual([inputSchema.type, outputSchema?.type], ["object", "object"]);
      }
    });

    it("continues a list by its cursor", async () => {
      const client = await connect();
      for (const title of ["First", "Second", "Third"]) await call(client, "create_task", { title });
      const first = (await call(client, "list_tasks", { limit: 2 })).structuredContent;
      const second = (await call(client, "list_tasks", { limit: 1, cursor: first?.nextCursor }))
        .structuredContent;
      const titles = [...(first?.tasks ?? []), ...(second?.tasks ?? [])].map(({ title }) => title);
      assert.deepEqual(titles, ["Third", "Second", "First"]);
    });

    const refused: [what: string, tool: string, args: object, message: RegExp][] = [
      ["an unknown task", "complete_task", { id: "none" }, /^There is no such task/],
      [
        "an unknown assignee",
        "create_task",
        { title: "x", assignee: "nemo" },
        /^No one here signs in as "nemo"/,
      ],
      [
        "a filter for an unknown person",
        "list_tasks",
        { assignee: "nemo" },
        /^No one here signs in as "nemo"/,
      ],
      ["an empty title", "create_task", { title: " " }, /title/],
      ["too long a title", "create_task", { title: "x".repeat(201) }, /title/],
      ["a NUL", "create_task", { title: "a\0b" }, /character that cannot be stored/],
      ["half a character", "create_task", { title: "a\ud83d" }, /character that cannot be stored/],
      ["a NUL in an id", "complete_task", { id: "a\0b" }, /character that cannot be stored/],
      ["an unknown argument", "complete_task", { id: "x", force: true }, /force/],
      ["a made-up cursor", "list_tasks", { cursor: "WyJ4Il0" }, /cursor is not one of this list/],
    ];
    for (const [what, tool, args, message] of refused) {
      it(`refuses ${what} with a sentence for the model`, async () => {
        const answer = await call(await connect(), tool, args);
        assert.equal(answer.isError, true);
        assert.match(answer.content[0]?.text ?? "", message);
      });
    }

    it("shows another tenant's agent nothing of this tenant", async () => {
      const added = await call(await connect(), "create_task", { title: "Ours" });
      const other = await createTestTenant(use().database);
      const stranger = await createLocalAccount(other.store, "stranger@other.example");
      const elsewhere = await connect(
        await agentToken(use().database, other, site().app.url, { user: stranger }),
      );
      assert.deepEqual((await call(elsewhere, "list_tasks")).structuredContent?.tasks, []);
      const answers = [added.structuredContent?.task?.id, "none"].map((id) =>
        call(elsewhere, "complete_task", { id }),
      );
      const [ours, none] = await Promise.all(answers);
      assert.deepEqual(ours, none);
    });

    it("refuses a tool whose scope the token lacks with 403 and that scope", async () => {
      const { acme, app } = site();
      const reader = await agentToken(use().database, acme, app.url, { user: grace, scopes: ["tasks.read"] });
      const client = await connect(reader);
      assert.equal((await call(client, "list_tasks")).isError, undefined);
      await assert.rejects(call(client, "create_task", { title: "x" }), /scope|403/i);
      for (const version of olderVersions) {
        const message = {
          ...listTools,
          method: "tools/call",
          params: { name: "create_task", arguments: { title: "x" } },
        };
        const headers = { authorization: `Bearer ${reader}`, "mcp-protocol-version": version };
        const answer = await post(message, headers);
        assert.equal(answer.status, 403, version);
        const challenge = answer.headers.get("www-authenticate") ?? "";
        assert.match(challenge, /error="insufficient_scope"/);
        assert.match(challenge, /scope="tasks\.write"/);
        assert.ok(
          challenge.includes(`resource_metadata="${app.url}/.well-known/oauth-protected-resource/mcp"`),
        );
      }
      const titles = (await acme.store.tasks.list({ state: "any", assignee: "anyone" }, 100)).map(
        ({ title }) => title,
      );
      assert.ok(!titles.includes("x"));
    });

    describe("without a valid access token", () => {
      it("answers 401 and says where to get one", async () => {
        const { app } = site();
        const metadata = `${app.url}/.well-known/oauth-protected-resource/mcp`;
        for (const method of ["GET", "POST", "DELETE"]) {
          const answer = await app.client().send(method, "/mcp", {});
          assert.equal(answer.status, 401, method);
          const challenge = answer.headers.get("www-authenticate") ?? "";
          assert.ok(challenge.startsWith(`Bearer resource_metadata="${metadata}", DPoP algs=`), challenge);
        }
      });

      it("does not use a signed-in browser's session", async () => {
        const answer = await (await site().clientOf(grace)).send(
          "POST",
          "/mcp",
          { "content-type": "application/json", "sec-fetch-site": "same-origin" },
          JSON.stringify(listTools),
        );
        assert.equal(answer.status, 401);
      });

      it("refuses a token for the API only", async () => {
        const { acme, app } = site();
        const resources = [`${app.url}/api/v1`];
        const other = await agentToken(use().database, acme, app.url, { user: grace, resources });
        assert.equal((await post(listTools, { authorization: `Bearer ${other}` })).status, 401);
      });
    });

    it("refuses pages of other sites, also those that point their name here", async () => {
      for (const origin of [
        "https://evil.example",
        "null",
        `${site().app.url}.evil.example`,
        "http://localhost",
      ]) {
        const { status, text } = await post(listTools, { origin });
        assert.equal(status, 403, origin);
        assert.equal(JSON.parse(text).jsonrpc, "2.0");
      }
      assert.equal((await post(listTools, { origin: site().app.url })).status, 200);
    });

    for (const version of olderVersions) {
      it(`answers a request of ${version} without a session`, async () => {
        const { status, text, headers } = await post(listTools, { "mcp-protocol-version": version });
        assert.equal(status, 200, text);
        assert.equal(headers.get("mcp-session-id"), null);
        assert.match(text, /"name":"complete_task"/);
      });
    }

    it("answers as HTTP and the transport ask for what it does not offer", async () => {
      const authorization = `Bearer ${token}`;
      for (const method of ["GET", "DELETE"]) {
        const answer = await site()
          .app.client()
          .send(method, "/mcp", { authorization, accept: "text/event-stream" });
        assert.equal(answer.status, 405, method);
      }
      const initialized = { jsonrpc: "2.0", method: "notifications/initialized" };
      assert.equal((await post(initialized)).status, 202);
      assert.equal((await post(listTools, { "mcp-protocol-version": "1999-01-01" })).status, 400);
      assert.equal((await post("{")).status, 400);
      assert.equal((await post(listTools, { "content-type": "text/plain" })).status, 415);
      assert.equal((await post({ ...listTools, params: { x: "x".repeat(70_000) } })).status, 413);
      const unknown = await post({ ...listTools, method: "tools/drop" });
      assert.match(unknown.text, /-32601/);
    });

    it("keeps the text of an unexpected error from the model, and logs it", async () => {
      const client = await connect();
      const rename = async (from: string, to: string) =>
        await use().database.sql().schema.renameTable(from, to);
      await rename("tasks", "hidden_tasks");
      const answer = await call(client, "list_tasks");
      await rename("hidden_tasks", "tasks");
      const reference = /Reference: (\S+)$/.exec(answer.content[0]?.text ?? "")?.[1] ?? assert.fail();
      assert.doesNotMatch(JSON.stringify(answer), /select|table|relation/);
      const line = site().app.logged.find(
        ({ requestId, event }) => requestId === reference && event === "request.failed",
      );
      assert.match(JSON.stringify(line), /tasks/);
    });

    it("answers an unexpected error as JSON-RPC, and keeps its text to the log", async () => {
      const rename = (from: string, to: string) => use().database.sql().schema.renameTable(from, to);
      await rename("access_tokens", "table_away");
      const answer = await post(listTools);
      await rename("table_away", "access_tokens");
      const reference = answer.headers.get("x-request-id");
      const message = `Something went wrong on our side. Try again later. Reference: ${reference}`;
      assert.deepEqual(
        [answer.status, JSON.parse(answer.text)],
        [500, { jsonrpc: "2.0", error: { code: -32_603, message }, id: null }],
      );
      const line = site().app.logged.find(({ requestId, err }) => requestId === reference && err);
      assert.match(JSON.stringify(line), /access_tokens/);
    });

    it("opens no stream of notifications: its tools never change", async () => {
      const client = await connect();
      const meta = {
        "io.modelcontextprotocol/protocolVersion": modern,
        "io.modelcontextprotocol/clientInfo": { name: "test", version: "1" },
        "io.modelcontextprotocol/clientCapabilities": {},
      };
      const params = { _meta: meta, notifications: { toolsListChanged: true } };
      const listen = { jsonrpc: "2.0", id: 1, method: "subscriptions/listen", params };
      const headers = { "mcp-protocol-version": modern, "mcp-method": "subscriptions/listen" };
      const answer = await post(listen, headers);
      assert.match(answer.text, /Subscription limit reached/);
      assert.equal(client.getServerCapabilities()?.tools?.listChanged, false);
    });
  });
});
