import assert from "node:assert/strict";
import { onEachDatabase } from "../helpers/databases.ts";
import { oktaUser, type ScimAnswer, type ScimBody, type ScimClient } from "../helpers/scim.ts";
import { assertScimError, useScim } from "../helpers/scim-site.ts";

const names = ["__proto__", "constructor", "prototype", "Constructor"];
const patchUrn = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const bulkUrn = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
const searchUrn = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";
const core = "urn:ietf:params:scim:schemas:core:2.0:User";
const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

type Call = (client: ScimClient, name: string, id: string) => Promise<ScimAnswer>;

/** A body in which `KEY` is replaced by a property name: an object literal cannot have the name `__proto__`. */
const keyed = (body: unknown, name: string) => JSON.stringify(body).replaceAll('"KEY"', JSON.stringify(name));
const query = (path: string, parameter: string, value: (name: string) => string): Call => {
  return (client, name) => client.get(`${path}?${parameter}=${encodeURIComponent(value(name))}`);
};
const patch = (operation: (name: string) => unknown): Call => {
  return (client, name, id) =>
    client.send("PATCH", `/Users/${id}`, keyed({ schemas: [patchUrn], Operations: [operation(name)] }, name));
};
const post = (path: string, body: unknown): Call => {
  return (client, name) => client.send("POST", path, keyed(body, name));
};

/** An operation of a Bulk request fails alone: its result is the answer. */
const bulkOperation =
  (operation: (name: string) => ScimBody): Call =>
  async (client, name) => {
    const answer = await client.send("POST", "/Bulk", { schemas: [bulkUrn], Operations: [operation(name)] });
    const [{ status, response }] = answer.body.Operations;
    return { ...answer, status: Number(status), body: response };
  };

const positions: Record<string, Call> = {
  "the path": (client, name) => client.get(`/${name}`),
  "the path, with a body": (client, name) => client.send("POST", `/${name}/x`, {}),
  "an id": (client, name) => client.get(`/Users/${name}`),
  "a group's id": (client, name) => client.get(`/Groups/${name}`),
  "a schema's id": (client, name) => client.get(`/Schemas/${name}`),
  "a resource type's id": (client, name) => client.get(`/ResourceTypes/${name}`),
  "a role's id": (client, name) => client.get(`/Roles/${name}`),
  "a parameter's name": (client, name) => client.get(`/Users?${name}=1`),
  "a parameter's name, in brackets": (client, name) => client.get(`/Users?${name}[polluted]=1`),
  "a parameter's name, inside": (client, name) => client.get(`/Users?a[${name}][polluted]=1`),
  "a filter": query("/Users", "filter", (name) => `${name} eq "x"`),
  "a filter on presence": query("/Groups", "filter", (name) => `not (${name} pr)`),
  "a filter's sub-attribute": query("/Users", "filter", (name) => `name.${name} eq "x"`),
  "a filter's value path": query("/Users", "filter", (name) => `emails[${name} eq "x"]`),
  "a filter behind a URN": query("/Users", "filter", (name) => `${core}:${name} pr`),
  attributes: query("/Users", "attributes", (name) => `userName,${name}`),
  "attributes, inside": query("/Users", "attributes", (name) => `name.${name}`),
  "attributes behind a URN": query("/Users", "attributes", (name) => `${enterprise}:${name}`),
  "attributes in brackets": query("/Users", "attributes", (name) => `emails[${name} pr]`),
  excludedAttributes: query("/Groups", "excludedAttributes", (name) => name),
  sortBy: query("/Users", "sortBy", (name) => name),
  "sortBy, inside": query("/Users", "sortBy", (name) => `meta.${name}`),
  "a key": post("/Users", { userName: "x@acme.example", KEY: { polluted: true } }),
  "a key inside": post("/Users", { userName: "x@acme.example", name: { KEY: { polluted: true } } }),
  "a key in a list": post("/Users", { userName: "x@acme.example", emails: [{ value: "x", KEY: 1 }] }),
  "a key of what is unknown": post("/Users", { userName: "x@acme.example", colour: [[{ KEY: 1 }]] }),
  "a key of an extension": post("/Users", { userName: "x@acme.example", [enterprise]: { KEY: "x" } }),
  "a group's key": post("/Groups", { displayName: "x", KEY: 1 }),
  "a member's key": post("/Groups", { displayName: "x", members: [{ value: "x", KEY: 1 }] }),
  "a PATCH's path": patch((path) => ({ op: "replace", path, value: "x" })),
  "a PATCH's path, inside": patch((name) => ({ op: "replace", path: `name.${name}`, value: "x" })),
  "a PATCH's path, before": patch((name) => ({ op: "add", path: `${name}.polluted`, value: "x" })),
  "a PATCH's value path": patch((name) => ({ op: "add", path: `emails[${name} eq "x"].value`, value: "x" })),
  "a PATCH's value path, behind": patch((name) => ({
    op: "add",
    path: `emails[type eq "work"].${name}`,
    value: "x",
  })),
  "a PATCH's path behind a URN": patch((name) => ({ op: "add", path: `${core}:${name}`, value: "x" })),
  "a PATCH's op": patch((op) => ({ op, path: "title", value: "x" })),
  "a PATCH's value": patch(() => ({ op: "replace", value: { KEY: { polluted: true } } })),
  "a PATCH's value, dotted": patch((name) => ({ op: "replace", value: { [`${name}.polluted`]: true } })),
  "a PATCH's value, behind a URN": patch((name) => ({
    op: "add",
    value: { [`${enterprise}:${name}`]: true },
  })),
  "a PATCH's value, deep": patch(() => ({ op: "add", path: "emails", value: [{ value: "x", KEY: 1 }] })),
  "an operation": patch(() => ({ op: "replace", path: "title", value: "x", KEY: 1 })),
  "a search's attributes": (client, name) =>
    client.send("POST", "/Users/.search", { schemas: [searchUrn], attributes: [name] }),
  "a search's sortBy": (client, name) =>
    client.send("POST", "/Users/.search", { schemas: [searchUrn], sortBy: name }),
  "a search's filter": (client, name) =>
    client.send("POST", "/Groups/.search", { schemas: [searchUrn], filter: `${name} pr` }),
  "a search's key": post("/Users/.search", { schemas: [searchUrn], KEY: 1 }),
  "a bulk's key": post("/Bulk", { schemas: [bulkUrn], Operations: [], KEY: 1 }),
  "a bulk operation's key": post("/Bulk", {
    schemas: [bulkUrn],
    Operations: [{ method: "POST", path: "/Users", KEY: 1 }],
  }),
  "a bulk's data": post("/Bulk", {
    schemas: [bulkUrn],
    Operations: [
      { method: "POST", path: "/Users", bulkId: "a", data: { userName: "x@acme.example", KEY: 1 } },
    ],
  }),
  "a bulk's path": bulkOperation((name) => ({ method: "POST", path: `/${name}`, data: {} })),
  "a bulk's method": bulkOperation((method) => ({ method, path: "/Users", data: {} })),
};

/** A NUL is refused even in attributes that nothing reads. */
const withNul: Record<string, Call> = {
  "what is unknown": (client, colour) =>
    client.send("POST", "/Users", { userName: "x@acme.example", colour }),
  "a group's name": (client, displayName) => client.send("POST", "/Groups", { displayName }),
  "a member": (client, value) => client.send("POST", "/Groups", { displayName: "x", members: [{ value }] }),
  "a PATCH's value": patch((value) => ({ op: "add", path: "emails", value: [{ value }] })),
  "a search": (client, cursor) => client.send("POST", "/Users/.search", { schemas: [searchUrn], cursor }),
};

const ownNames = () =>
  [Object.prototype, Array.prototype, Function.prototype].map((one) => Object.getOwnPropertyNames(one));

describe("reserved names", () => {
  onEachDatabase((use) => {
    const site = useScim(use);
    let client: ScimClient;
    let id: string;
    let ada: ScimBody;
    before(async () => {
      client = (await site().tenant()).client;
      id = (await client.send("POST", "/Users", oktaUser("ada@acme.example"))).body.id;
      ada = (await client.get(`/Users/${id}`)).body;
    });

    for (const [position, call] of Object.entries(positions)) {
      it(`are refused as ${position}`, async () => {
        const untouched = ownNames();
        for (const name of names) {
          const answer = await call(client, name, id);
          assert.ok(answer.status >= 400 && answer.status < 500, `${name}: ${answer.status} ${answer.text}`);
          assertScimError(answer, answer.status, answer.body.scimType);
        }
        assert.deepEqual(ownNames(), untouched);
        assert.equal(({} as ScimBody).polluted, undefined);
        assert.deepEqual((await client.get(`/Users/${id}`)).body, ada);
        assert.equal((await client.get("/Users")).body.totalResults, 1);
        assert.equal((await client.get("/Groups")).body.totalResults, 0);
      });
    }

    for (const [what, call] of Object.entries(withNul)) {
      it(`are refused like a NUL in ${what}`, async () => {
        assertScimError(await call(client, "a\0", id), 400, "invalidValue");
        assert.deepEqual((await client.get(`/Users/${id}`)).body, ada);
        assert.equal((await client.get("/Groups")).body.totalResults, 0);
      });
    }

    it("are refused as paths and references inside a Bulk request, operation by operation", async () => {
      const operations = names.flatMap((name) => [
        { method: "DELETE", path: `/Users/${name}` },
        { method: "DELETE", path: `/Users/bulkId:${name}` },
      ]);
      const { body } = await client.send("POST", "/Bulk", { schemas: [bulkUrn], Operations: operations });
      assert.deepEqual(
        (body.Operations as ScimBody[]).map(({ status }) => status),
        names.flatMap(() => ["404", "400"]),
      );
    });

    it("are allowed as values", async () => {
      const other = (await site().tenant()).client;
      for (const name of names.slice(0, 3)) {
        const user = { userName: name, title: name, emails: [{ value: `${name}@acme.example`, type: name }] };
        const created = await other.send("POST", "/Users", { ...user, externalId: name });
        assert.deepEqual([created.status, created.body.userName, created.body.title], [201, name, name]);
        for (const filter of [
          `userName eq "${name}"`,
          `title sw "${name}"`,
          `externalId eq "${name}"`,
          `emails.type eq "${name}"`,
        ])
          assert.equal((await other.find(filter)).body.Resources[0].id, created.body.id, filter);
        const group = await other.send("POST", "/Groups", {
          displayName: name,
          members: [{ value: created.body.id }],
        });
        assert.deepEqual([group.status, group.body.displayName], [201, name]);
        const patched = await other.patch(`/Users/${created.body.id}`, {
          op: "replace",
          value: { nickName: name },
        });
        assert.equal(patched.body.nickName, name);
        const bulk = { method: "POST", path: "/Users", bulkId: name, data: { userName: `bulk ${name}` } };
        const removal = { method: "DELETE", path: `/Users/bulkId:${name}` };
        const { body } = await other.send("POST", "/Bulk", {
          schemas: [bulkUrn],
          Operations: [bulk, removal],
        });
        assert.deepEqual(
          (body.Operations as ScimBody[]).map(({ status }) => status),
          ["201", "204"],
        );
      }
    });
  });
});
