import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { paths } from "../../src/endpoints.ts";
import { createLog } from "../../src/log.ts";
import { resourceGuard } from "../../src/web/access-tokens.ts";
import { problemOf } from "../../src/web/problems.ts";
import { requestContext } from "../../src/web/request.ts";
import { agentToken } from "../helpers/agents.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { createLocalAccount } from "../helpers/people.ts";
import { useSite } from "../helpers/site.ts";
import { type ApiAnswerSeen, DescribedApi, type Description, readDescription } from "./described-api.ts";

const unknownTask = "/tasks/00000000-0000-0000-0000-000000000000";
const any = { "if-match": "*" };

describe("the API's refusals", () => {
  onOneDatabase((use) => {
    const site = useSite(use);
    let description: Description;
    let api: DescribedApi;
    let anonymous: DescribedApi;
    before(async () => {
      const { app, acme, owner } = site();
      description = await readDescription(app.client());
      const token = await agentToken(use().database, acme, app.url, { user: owner });
      api = new DescribedApi(app.client(), description, { authorization: `Bearer ${token}` });
      anonymous = new DescribedApi(app.client(), description, {});
    });

    /** Asserts a problem (RFC 9457) with this status, whose reference is in the log. */
    function assertProblem(answer: ApiAnswerSeen, status: number): void {
      const {
        type,
        title,
        status: stated,
        detail,
        reference,
      } = answer.json as unknown as Record<string, unknown>;
      assert.equal(answer.status, status, answer.text);
      assert.equal(answer.headers.get("content-type"), "application/problem+json");
      assert.equal(answer.headers.get("cache-control"), "no-store");
      assert.deepEqual(
        [type, stated, reference],
        ["about:blank", status, answer.headers.get("x-request-id")],
      );
      assert.ok(title && detail);
    }

    type Call = [
      what: string,
      status: number,
      call: [method: string, path: string, body?: unknown, headers?: Record<string, string>],
      errors?: string[],
    ];
    const calls: Call[] = [
      ["malformed JSON", 400, ["POST", "/tasks", '{"title":']],
      ["a request without a body", 400, ["POST", "/tasks"]],
      ["an unknown parameter", 400, ["GET", "/tasks?asignee=me"], ["asignee"]],
      ["a repeated parameter", 400, ["GET", "/tasks?state=open&state=done"], ["state"]],
      ["an unknown state", 400, ["GET", "/tasks?state=lost"], ["state"]],
      ["limits outside the bounds", 400, ["GET", "/tasks?limit=0"], ["limit"]],
      ["too large a limit", 400, ["GET", "/tasks?limit=101"], ["limit"]],
      ["a cursor of another list", 400, ["GET", "/tasks?cursor=WyJ4Il0"], ["cursor"]],
      ["a cursor that is not JSON", 400, ["GET", "/tasks?cursor=%F0%9F%9A%80"], ["cursor"]],
      ["a filter for an unknown person", 400, ["GET", "/tasks?assignee=nemo@acme.example"], ["assignee"]],
      ["an unreadable path", 400, ["GET", "/tasks/%E0%A4%A"]],
      [
        "a malformed Idempotency-Key",
        400,
        ["POST", "/tasks", { title: "x" }, { "idempotency-key": "a b" }],
        ["Idempotency-Key"],
      ],
      ["an unknown task", 404, ["GET", unknownTask]],
      ["a change of an unknown task", 404, ["PATCH", unknownTask, {}, any]],
      ["a path that does not exist", 404, ["GET", "/projects"]],
      ["a NUL in the path", 404, ["GET", "/tasks/a%00b"]],
      ["a method of another path", 405, ["DELETE", "/tasks"]],
      ["a method that no task has", 405, ["PUT", unknownTask, {}]],
      ["a change of the description", 405, ["POST", "/openapi.json", {}]],
      ["too large a body", 413, ["POST", "/tasks", { title: "x".repeat(40_000) }]],
      ["a form", 415, ["POST", "/tasks", "title=x", { "content-type": "application/x-www-form-urlencoded" }]],
      [
        "a merge patch as a new task",
        415,
        ["POST", "/tasks", "{}", { "content-type": "application/merge-patch+json" }],
      ],
      [
        "a JSON Patch",
        415,
        ["PATCH", unknownTask, "[]", { ...any, "content-type": "application/json-patch+json" }],
      ],
      ["a compressed body", 415, ["POST", "/tasks", "{}", { "content-encoding": "gzip" }]],
      [
        "an encoding that JSON does not have",
        415,
        ["POST", "/tasks", "{}", { "content-type": "application/json; charset=latin1" }],
      ],
      ["a list", 422, ["POST", "/tasks", []], ["#"]],
      ["a text instead of an object", 422, ["POST", "/tasks", '"title"'], ["#"]],
      ["null instead of an object", 422, ["POST", "/tasks", "null"], ["#"]],
      ["a task without a title", 422, ["POST", "/tasks", {}], ["#/title"]],
      ["an empty title", 422, ["POST", "/tasks", { title: "  " }], ["#/title"]],
      ["too long a title", 422, ["POST", "/tasks", { title: "x".repeat(201) }], ["#/title"]],
      ["a NUL", 422, ["POST", "/tasks", { title: "a\0b" }], ["#/title"]],
      ["half a character", 422, ["POST", "/tasks", '{"title": "a\\ud83d"}'], ["#/title"]],
      [
        "half a character in a name",
        422,
        ["POST", "/tasks", '{"title": "a", "assignee": {"loginName": "\\udc00"}}'],
        ["#/assignee/loginName"],
      ],
      [
        "unknown members",
        422,
        ["POST", "/tasks", '{"title": "x", "a/b~c": 1, "ü": 2, "__proto__": {"admin": true}}'],
        ["#/a~1b~0c", "#/%C3%BC", "#/__proto__"],
      ],
      [
        "an assignee of another form",
        422,
        ["POST", "/tasks", { title: "x", assignee: "me" }],
        ["#/assignee"],
      ],
      [
        "an unknown assignee",
        422,
        ["POST", "/tasks", { title: "x", assignee: { loginName: "nemo" } }],
        ["#/assignee/loginName"],
      ],
      ["a new title", 422, ["PATCH", unknownTask, { title: "x" }, any], ["#/title"]],
      ["a change without If-Match", 428, ["PATCH", unknownTask, {}]],
    ];
    for (const [what, status, call, errors] of calls) {
      it(`answers ${status} to ${what}`, async () => {
        const answer = await api.call(...call);
        assertProblem(answer, status);
        const found = answer.json.errors?.map(({ pointer, parameter }) => pointer ?? parameter);
        assert.deepEqual(found?.sort(), errors?.sort());
      });
    }

    it("names the methods and types that a path has", async () => {
      const refused = await anonymous.call("DELETE", unknownTask);
      assertProblem(refused, 405);
      const options = await anonymous.call("OPTIONS", unknownTask);
      assert.deepEqual([options.status, options.text], [204, ""]);
      for (const { headers } of [refused, options]) {
        assert.equal(headers.get("allow"), "GET, HEAD, PATCH, OPTIONS");
        assert.equal(headers.get("accept-patch"), "application/merge-patch+json, application/json");
      }
      assert.equal(
        (await anonymous.call("OPTIONS", "/tasks")).headers.get("accept-post"),
        "application/json",
      );
    });

    it("answers HEAD like GET, without the body", async () => {
      const head = await api.call("HEAD", "/tasks");
      assert.deepEqual([head.status, head.text], [200, ""]);
      assertProblem(
        { ...(await api.call("HEAD", unknownTask)), ...(await api.call("GET", unknownTask)) },
        404,
      );
    });

    describe("without a valid access token", () => {
      it("say where to get one, for each method", async () => {
        const metadata = `${site().app.url}/.well-known/oauth-protected-resource/api/v1`;
        for (const [method, body] of [["GET"], ["POST", { title: "x" }]] as const) {
          const answer = await anonymous.call(method, "/tasks", body);
          assertProblem(answer, 401);
          const challenge = answer.headers.get("www-authenticate") ?? "";
          assert.ok(challenge.startsWith(`Bearer resource_metadata="${metadata}", DPoP algs=`), challenge);
          const wrong = await anonymous.call(method, "/tasks", body, { authorization: "Bearer oinat_wrong" });
          assertProblem(wrong, 401);
          assert.match(wrong.headers.get("www-authenticate") ?? "", /^Bearer error="invalid_token", /);
        }
      });

      it("say the same about every path", async () => {
        assertProblem(await anonymous.call("GET", unknownTask), 401);
        assertProblem(await anonymous.call("GET", "/projects"), 401);
      });

      it("refuse a token for the MCP server only", async () => {
        const { app, acme, owner } = site();
        const resources = [`${app.url}/mcp`];
        const token = await agentToken(use().database, acme, app.url, { user: owner, resources });
        assertProblem(
          await anonymous.call("GET", "/tasks", undefined, { authorization: `Bearer ${token}` }),
          401,
        );
      });
    });

    it("name the scope that a token lacks", async () => {
      const { app, acme, owner } = site();
      const tokens = await Promise.all(
        [["tasks.read"], ["tasks.write"]].map((scopes) =>
          agentToken(use().database, acme, app.url, { user: owner, scopes }),
        ),
      );
      const [reader, writer] = tokens.map(
        (token) => new DescribedApi(app.client(), description, { authorization: `Bearer ${token}` }),
      ) as [DescribedApi, DescribedApi];
      assert.equal((await reader.call("GET", "/tasks")).status, 200);
      assert.equal((await writer.call("POST", "/tasks", { title: "Written" })).status, 201);
      for (const [answer, scope] of [
        [await reader.call("POST", "/tasks", { title: "x" }), "tasks.write"],
        [await reader.call("PATCH", unknownTask, {}, any), "tasks.write"],
        [await writer.call("GET", "/tasks"), "tasks.read"],
        [await writer.call("GET", unknownTask), "tasks.read"],
      ] as const) {
        assertProblem(answer, 403);
        const challenge = answer.headers.get("www-authenticate") ?? "";
        assert.match(challenge, new RegExp(`error="insufficient_scope".*scope="${scope}"`));
      }
    });

    describe("of a signed-in browser", () => {
      const ours = { "sec-fetch-site": "same-origin" };
      async function session(headers: Record<string, string>): Promise<DescribedApi> {
        return new DescribedApi(await site().clientOf(site().owner), description, headers);
      }

      it("do not concern requests from our own pages", async () => {
        const added = await (await session(ours)).call("POST", "/tasks", { title: "From a page" });
        assert.deepEqual([added.status, added.json.created.agent], [201, null]);
        const listed = await (await session({})).call("GET", "/tasks");
        assert.equal(listed.json.items[0]?.id, added.json.id);
        assert.equal(
          (await (await session(ours)).call("PATCH", `/tasks/${added.json.id}`, {}, any)).status,
          200,
        );
      });

      it("concern every change from another site, and from no site", async () => {
        const before = await site().acme.store.tasks.list({ state: "any", assignee: "anyone" }, 1000);
        for (const headers of [
          { "sec-fetch-site": "cross-site" },
          { "sec-fetch-site": "same-site", origin: site().app.url },
          { origin: "https://evil.example" },
          {},
        ] as Record<string, string>[]) {
          const api = await session(headers);
          assertProblem(await api.call("POST", "/tasks", { title: "Evil" }), 403);
          const text = { "content-type": "text/plain" };
          assertProblem(await api.call("POST", "/tasks", '{"title": "Evil"}', text), 403);
          assertProblem(await api.call("PATCH", `/tasks/${before[0]?.id}`, { state: "done" }, any), 403);
        }
        assert.deepEqual(
          await site().acme.store.tasks.list({ state: "any", assignee: "anyone" }, 1000),
          before,
        );
      });

      it("never lend the session to a request with another Authorization", async () => {
        for (const authorization of ["Bearer oinat_wrong", "Basic eDp5", "x"]) {
          const api = await session({ ...ours, authorization });
          assertProblem(await api.call("GET", "/tasks"), 401);
          assertProblem(await api.call("POST", "/tasks", { title: "x" }), 401);
        }
      });

      it("answer 401, not the sign-in page, when the session has ended", async () => {
        const client = site().app.client();
        client.cookies.set("session", "s%3Aover.x");
        const api = new DescribedApi(client, description, ours);
        assertProblem(await api.call("GET", "/tasks"), 401);
        assertProblem(await api.call("POST", "/tasks", { title: "x" }), 401);
      });
    });

    it("stay below /api/v1: a page does not answer with problems", async () => {
      const page = await (await site().clientOf(site().owner)).get("/tasks/none");
      assert.match(page.headers.get("content-type") ?? "", /^text\/html/);
    });
  });

  onOneDatabase((use) => {
    const site = useSite(use);

    it("say how long to wait after too many requests of one agent, and only of this one", async () => {
      const { app, acme } = site();
      const user = await createLocalAccount(acme.store, "busy@acme.example");
      const guard = resourceGuard(use().database, app.url, paths.api, 1);
      const guarded = express().use(requestContext(createLog("silent")), guard.authenticate);
      const server = createServer(guarded.use((_req, res) => void res.status(204).end()));
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const busy = await agentToken(use().database, acme, app.url, { user });
      const other = await agentToken(use().database, acme, app.url, { user });
      const call = async (token: string) =>
        await fetch(url, { headers: { authorization: `Bearer ${token}` } });
      assert.equal((await call(busy)).status, 204);
      const refused = await call(busy);
      assert.equal(refused.status, 429);
      assert.match(refused.headers.get("retry-after") ?? "", /^([1-9]|[1-5]\d|60)$/);
      assert.equal(refused.headers.get("content-type"), "application/problem+json");
      assert.equal((await call(other)).status, 204);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
  });

  onOneDatabase((use) => {
    const site = useSite(use);

    it("say what is wrong, in words for the developer of an agent", async () => {
      const { app, acme, owner } = site();
      const token = await agentToken(use().database, acme, app.url, { user: owner });
      const description = await readDescription(app.client());
      const api = new DescribedApi(app.client(), description, { authorization: `Bearer ${token}` });
      const limit = "This needs a whole number from 1 to 100.";
      const said: [call: [method: string, path: string, body?: unknown], detail: string][] = [
        [["POST", "/tasks", "{"], "The body is not JSON."],
        [["GET", "/tasks/%E0%A4%A"], "The request is malformed."],
        [["POST", "/tasks", {}], "This has to be there."],
        [["POST", "/tasks", { title: "x", due: 1 }], "There is no such member."],
        [["GET", "/tasks?due=1"], "There is no such parameter."],
        ...["abc", "", "1.5", "0", "101", "1&limit=2"].map((value): (typeof said)[number] => [
          ["GET", `/tasks?limit=${value}`],
          limit,
        ]),
      ];
      for (const [[method, path, body], detail] of said) {
        const { json } = await api.call(method, path, body);
        assert.equal(json.errors?.[0]?.detail ?? json.detail, detail, `${method} ${path}`);
      }
    });

    it("keep the text of an unexpected error to the log", async () => {
      const { app, acme, owner } = site();
      const token = await agentToken(use().database, acme, app.url, { user: owner });
      const description = await readDescription(app.client());
      const api = new DescribedApi(app.client(), description, { authorization: `Bearer ${token}` });
      await use().database.sql().schema.renameTable("tasks", "hidden_tasks");
      const answer = await api.call("GET", "/tasks");
      assert.deepEqual([answer.status, answer.json.detail], [500, "Something went wrong on our side."]);
      assert.doesNotMatch(answer.text, /select|table|relation/);
      const line = app.logged.find(({ requestId, err }) => requestId === answer.json.reference && err);
      assert.match(JSON.stringify(line), /tasks/);
    });
  });

  it("ask to try again later if the database does not answer", () => {
    const { status, retryAfter } = problemOf(Object.assign(new Error(), { code: "ECONNREFUSED" })) ?? {};
    assert.deepEqual([status, retryAfter], [503, 30]);
    assert.equal(problemOf(new Error("a bug")), null);
  });
});
