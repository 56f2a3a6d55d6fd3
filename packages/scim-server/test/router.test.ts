import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { tooManyRequests } from "../src/errors.ts";
import { operationName, type ScimExchange } from "../src/exchange.ts";
import { maxMembersOfHit } from "../src/lists.ts";
import { scimRouter } from "../src/router.ts";
import { defineSchemas, type ScimSchemas, urns } from "../src/schema.ts";
import { MemoryBackend } from "./memory-backend.ts";
import { schemas } from "./sample.ts";

type Json = Record<string, unknown>;
const errorUrn = "urn:ietf:params:scim:api:messages:2.0:Error";

/** An application that mounts the engine, and a client of it. */
async function start(backend = new MemoryBackend(), own: ScimSchemas = schemas) {
  const exchanges: ScimExchange<string>[] = [];
  const errors: number[] = [];
  const app = express();
  const router = scimRouter({
    baseUrl: "https://app.example/scim",
    schemas: own,
    backend,
    onError: (_error, { status }) => errors.push(status),
    onExchange: (exchange) => exchanges.push(exchange),
  });
  app.use("/scim", router);
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  servers.push(server);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/scim`;
  const send = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const response = await fetch(url + path, {
      method,
      headers: { authorization: "Bearer secret", "content-type": "application/scim+json", ...headers },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: (text === "" ? {} : JSON.parse(text)) as Json,
    };
  };
  const patch = (path: string, ...Operations: unknown[]) =>
    send("PATCH", path, { schemas: [urns.patchOp], Operations });
  const create = async (userName: string) =>
    String((await send("POST", "/Users", { userName, title: "Engineer" })).body.id);
  return { backend, exchanges, errors, send, patch, create };
}

const servers: Server[] = [];

describe("the SCIM router over an application's own store", () => {
  after(async () => {
    for (const server of servers) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it("refuses a caller without a token before it parses the body", async () => {
    const { send, exchanges, errors } = await start();
    const answer = await send("POST", "/Users", "{", { authorization: "Bearer wrong" });
    assert.equal(answer.status, 401);
    assert.equal(answer.headers.get("www-authenticate"), 'Bearer realm="scim"');
    assert.deepEqual(answer.body.schemas, [errorUrn]);
    const [exchange = assert.fail()] = exchanges;
    assert.deepEqual(
      [exchange.caller, exchange.error?.status, exchange.request.body],
      [null, 401, undefined],
    );
    assert.deepEqual(errors, [401]);
  });

  it("lets the application refuse a caller, and sends Retry-After", async () => {
    const backend = Object.assign(new MemoryBackend(), {
      admit: async () => {
        throw tooManyRequests(7);
      },
    });
    const { send, exchanges } = await start(backend);
    const answer = await send("GET", "/Users");
    assert.deepEqual([answer.status, answer.headers.get("retry-after")], [429, "7"]);
    assert.equal(exchanges[0]?.caller, "client");
  });

  it("creates, reads, finds, replaces, patches and deletes a user", async () => {
    const { send, patch, backend } = await start();
    const created = await send("POST", "/Users", {
      USERNAME: "ada@app.example",
      name: { givenName: "Ada" },
      externalId: "00u1",
      unknown: 1,
    });
    assert.equal(created.status, 201);
    const { id, meta, ...shown } = created.body;
    assert.deepEqual(shown, {
      schemas: [urns.user],
      userName: "ada@app.example",
      name: { givenName: "Ada" },
      active: true,
      externalId: "00u1",
    });
    const path = `/Users/${id}`;
    assert.equal(created.headers.get("location"), `https://app.example/scim${path}`);
    assert.equal((meta as Json).location, `https://app.example/scim${path}`);
    assert.deepEqual((await send("GET", path)).body, created.body);
    const found = await send("GET", `/Users?filter=${encodeURIComponent('userName eq "ADA@app.example"')}`);
    assert.deepEqual(found.body.Resources, [created.body]);

    const replaced = await send("PUT", path, { userName: "ada@app.example", title: "Countess" });
    assert.deepEqual(
      [replaced.body.title, replaced.body.name, replaced.body.externalId],
      ["Countess", undefined, "00u1"],
    );
    const off = await patch(path, { op: "replace", value: { active: false } });
    assert.deepEqual([off.status, off.body.active, off.headers.get("etag")], [200, false, 'W/"3"']);
    assert.equal((await send("DELETE", path)).status, 204);
    assert.equal((await send("GET", path)).status, 404);
    assert.deepEqual(
      backend.changes.filter((change) => !change.startsWith("password")),
      ["create userName name externalId", "update userName title", "update active"],
    );
  });

  it("drops a password unless the application hashes it", async () => {
    const body = { userName: "ada", password: "a good password" };
    const { send, backend } = await start();
    await send("POST", "/Users", body);
    assert.deepEqual(backend.changes[0], "password null");
    const hashing = new MemoryBackend();
    hashing.hashPassword = async (password) => `hash of ${password.length}`;
    const answer = await (await start(hashing)).send("POST", "/Users", body);
    assert.deepEqual(hashing.changes[0], "password hash of 15");
    assert.ok(!JSON.stringify(answer.body).includes("password"));
  });

  it("changes a group's members in steps, without reading them", async () => {
    const { send, patch, create, backend } = await start();
    const [ada, bob] = [await create("ada"), await create("bob")];
    const { body } = await send("POST", "/Groups?excludedAttributes=members", {
      displayName: "Team",
      members: [{ value: ada }],
    });
    const add = { op: "add", path: "members", value: [{ value: bob }] };
    assert.equal((await patch(`/Groups/${body.id}`, add)).status, 204);
    await patch(`/Groups/${body.id}`, { op: "remove", path: `members[value eq "${ada}"]` });
    assert.equal(backend.membersRead, 0);
    assert.deepEqual(backend.changes.slice(-5), [
      "add 1",
      "update members",
      "add 1",
      "update members",
      "remove 1",
    ]);
    const { members } = (await send("GET", `/Groups/${body.id}`)).body;
    assert.deepEqual(members, [
      { value: bob, $ref: `https://app.example/scim/Users/${bob}`, display: bob, type: "User" },
    ]);
    const refused = await patch(`/Groups/${body.id}`, { op: "add", path: "members", value: ["unknown"] });
    assert.deepEqual([refused.status, refused.body.scimType], [400, "invalidValue"]);
  });

  it("leaves members out of lists of groups unless they are asked for", async () => {
    const { send, backend } = await start();
    await send("POST", "/Groups?excludedAttributes=members", { displayName: "Team" });
    await send("GET", "/Groups");
    assert.equal(backend.membersRead, 0);
    const { Resources } = (await send("GET", "/Groups?attributes=displayName,members")).body;
    assert.deepEqual((Resources as Json[])[0]?.members, []);
  });

  it("shows the members of a search's only hit, and not of a store that finds more than the limit", async () => {
    const { send, create, backend } = await start();
    await send("POST", "/Groups?excludedAttributes=members", {
      displayName: "Team",
      members: [await create("ada")],
    });
    const hit = async () => {
      const { body } = await send("GET", `/Groups?filter=${encodeURIComponent('displayName eq "Team"')}`);
      return ((body.Resources as Json[])[0]?.members as Json[] | undefined)?.length;
    };
    assert.deepEqual([await hit(), backend.membersRead], [1, 1]);
    for (const members of backend.members.values())
      for (let index = 0; index < maxMembersOfHit; index++) members.add(`user ${index}`);
    assert.equal(await hit(), undefined);
  });

  it("refuses to choose members by their name without findMembers, and chooses them by value", async () => {
    const { send, patch, create } = await start();
    const ada = await create("ada");
    const { body } = await send("POST", "/Groups", { displayName: "Team", members: [ada] });
    const remove = (filter: string) =>
      patch(`/Groups/${body.id}`, { op: "remove", path: `members[${filter}]` });
    const refused = await remove('display eq "ada"');
    assert.deepEqual([refused.status, refused.body.scimType], [400, "invalidPath"]);
    assert.equal((await remove(`value eq "${ada}" and type eq "User"`)).status, 204);
    assert.deepEqual((await send("GET", `/Groups/${body.id}`)).body.members, []);
  });

  it("pages by index and by cursor, and sorts", async () => {
    const { send, create } = await start();
    for (const name of ["b", "a", "c"]) await create(name);
    const names = ({ body }: { body: Json }) => (body.Resources as Json[]).map(({ userName }) => userName);
    const second = await send("GET", "/Users?startIndex=2&count=1");
    assert.deepEqual([names(second), second.body.totalResults], [["a"], 3]);
    const first = await send("GET", "/Users?cursor=&count=2");
    const rest = await send("GET", `/Users?cursor=${first.body.nextCursor}&count=2`);
    assert.deepEqual([names(first), names(rest), rest.body.nextCursor], [["b", "a"], ["c"], undefined]);
    const sorted = await send("GET", "/Users?sortBy=userName&sortOrder=descending");
    assert.deepEqual(names(sorted), ["c", "b", "a"]);
  });

  it("refuses a filter on an attribute that the application cannot search", async () => {
    const { send } = await start();
    await send("POST", "/Users", { userName: "ada", emails: [{ value: "ada@app.example" }] });
    const answer = await send("GET", `/Users?filter=${encodeURIComponent('emails.value eq "x"')}`);
    assert.deepEqual([answer.status, answer.body.scimType], [400, "invalidFilter"]);
  });

  it("carries out Bulk operations one by one, and lets them refer to each other", async () => {
    const { send } = await start();
    const answer = await send("POST", "/Bulk", {
      schemas: [urns.bulkRequest],
      Operations: [
        { method: "POST", path: "/Users", bulkId: "ada", data: { userName: "ada" } },
        { method: "POST", path: "/Users", data: { userName: "ADA" } },
        {
          method: "POST",
          path: "/Groups",
          data: { displayName: "Team", members: [{ value: "bulkId:ada" }] },
        },
        { method: "PUT", path: "/Users", data: {} },
      ],
    });
    assert.deepEqual(
      (answer.body.Operations as Json[]).map(({ status }) => status),
      ["201", "409", "201", "405"],
    );
  });

  it("answers 500 with a SCIM body to an error that the application does not translate", async () => {
    const backend = new MemoryBackend();
    backend.openStore = () => {
      throw new TypeError("secret detail");
    };
    const { send, errors } = await start(backend);
    const answer = await send("GET", "/Users");
    assert.deepEqual(
      [answer.status, answer.body.schemas, answer.body.detail],
      [500, [errorUrn], "Something went wrong on our side."],
    );
    assert.deepEqual(errors, [500]);
  });

  it("keeps a role that is offered no longer in a PUT of what was read, for those who have it", async () => {
    const { backend, send } = await start();
    const ada = { userName: "ada", roles: [{ value: "admin", type: "work" }], entitlements: ["export"] };
    const path = `/Users/${(await send("POST", "/Users", ada)).body.id}`;
    const later = await start(backend, { ...schemas, roles: [], entitlements: [] });
    const { body: read } = await later.send("GET", path);
    const put = await later.send("PUT", path, { ...read, title: "Countess" });
    assert.deepEqual([put.status, put.body.title, put.body.roles], [200, "Countess", read.roles]);
    assert.deepEqual(put.body.entitlements, read.entitlements);
    assert.equal((await later.send("PUT", path, { ...read, roles: ["ADMIN"] })).status, 200);
    assert.equal((await later.send("PUT", path, { ...read, roles: [] })).body.roles, undefined);
    assert.equal((await later.send("PUT", path, read)).status, 400);
    assert.equal((await later.send("POST", "/Users", { ...ada, userName: "eve" })).status, 400);
    const { body: eve } = await later.send("POST", "/Users", { userName: "eve" });
    assert.equal((await later.send("PUT", `/Users/${eve.id}`, { ...eve, roles: ["admin"] })).status, 400);
  });

  it("serves two applications with different schemas in one process", async () => {
    const small = defineSchemas({ attributes: [{ scim: "name.givenName" }] });
    const [whole, narrow] = [await start(), await start(new MemoryBackend(), small)];
    const body = { userName: "ada", title: "Countess", name: { givenName: "Ada", familyName: "L" } };
    assert.equal((await whole.send("POST", "/Users", body)).body.title, "Countess");
    const answer = (await narrow.send("POST", "/Users", body)).body;
    assert.deepEqual([answer.title, answer.name], [undefined, { givenName: "Ada" }]);
    const types = async ({ send }: typeof whole) =>
      ((await send("GET", "/ResourceTypes")).body.Resources as Json[]).map(({ id }) => id);
    assert.deepEqual(await types(whole), ["User", "Group", "Role", "Entitlement"]);
    assert.deepEqual(await types(narrow), ["User", "Group"]);
  });
});

describe("the name of a call", () => {
  const names: [string, string, string][] = [
    ["GET", "/Users", "GET /Users"],
    ["PATCH", "/Users/42", "PATCH /Users/{id}"],
    ["POST", "/Groups/.search", "POST /Groups/.search"],
    ["GET", "/Schemas/urn:x", "GET /Schemas/urn:x"],
  ];
  for (const [method, path, name] of names) {
    it(`of ${method} ${path} is ${name}`, () => {
      assert.equal(operationName(method, path), name);
    });
  }
});
