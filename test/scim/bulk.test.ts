import assert from "node:assert/strict";
import { onEachDatabase } from "../helpers/databases.ts";
import { oktaUser, type ScimBody } from "../helpers/scim.ts";
import { assertScimError, type ScimTenant, useScim } from "../helpers/scim-site.ts";

const request = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
const patchOp = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const post = (name: string, bulkId = name) => ({
  method: "POST",
  path: "/Users",
  bulkId,
  data: oktaUser(`${name}@acme.example`),
});

describe("bulk", () => {
  onEachDatabase((use) => {
    const site = useScim(use);
    let acme: ScimTenant;
    beforeEach(async () => {
      acme = await site().tenant();
    });
    const send = (Operations: unknown, more: ScimBody = {}) =>
      acme.client.send("POST", "/Bulk", { schemas: [request], Operations, ...more });
    const results = async (Operations: unknown[], more: ScimBody = {}) => {
      const { status, body } = await send(Operations, more);
      assert.equal(status, 200);
      assert.deepEqual(body.schemas, ["urn:ietf:params:scim:api:messages:2.0:BulkResponse"]);
      return body.Operations as ScimBody[];
    };
    const statuses = (list: ScimBody[]) => list.map(({ status }) => status);

    it("creates, refers to new resources by bulkId, changes and deletes", async () => {
      const [user, group, patch, remove] = await results([
        post("ada"),
        {
          method: "POST",
          path: "/Groups",
          bulkId: "g",
          data: { displayName: "Staff", members: [{ value: "bulkId:ada" }] },
        },
        {
          method: "patch",
          path: "/Users/bulkId:ada",
          data: { schemas: [patchOp], Operations: [{ op: "replace", value: { active: false } }] },
        },
        { method: "DELETE", path: "/Groups/bulkId:g" },
      ]);
      const base = `${site().app.url}/scim/v2`;
      const id = user?.location.slice(`${base}/Users/`.length);
      assert.deepEqual(statuses([user, group, patch, remove] as ScimBody[]), ["201", "201", "200", "204"]);
      assert.deepEqual([user?.method, user?.bulkId, user?.version], ["POST", "ada", 'W/"1"']);
      const { body } = await acme.client.get(`/Users/${id}`);
      assert.deepEqual([body.active, body.groups, body.meta.version], [false, [], patch?.version]);
    });

    it("continues after failures, each with its own error body", async () => {
      const [first, second, third] = await results([post("ada"), post("ada", "again"), post("eve")]);
      assert.deepEqual(statuses([first, second, third] as ScimBody[]), ["201", "409", "201"]);
      assert.deepEqual([second?.response.status, second?.response.scimType], ["409", "uniqueness"]);
      assert.equal(second?.location, undefined);
    });

    it("stops after failOnErrors failures", async () => {
      const list = [post("ada"), post("ada"), post("eve"), post("eve"), post("bob")];
      assert.deepEqual(statuses(await results(list, { failOnErrors: 1 })), ["201", "409"]);
      assert.deepEqual(statuses(await results(list, { failOnErrors: 2 })), ["409", "409"]);
    });

    it("honours versions", async () => {
      const [user] = await results([post("ada")]);
      const path = user?.location.replace(`${site().app.url}/scim/v2`, "");
      const put = { method: "PUT", path, data: oktaUser("ada@acme.example") };
      assert.deepEqual(
        statuses(
          await results([
            { ...put, version: 'W/"1"' },
            { ...put, version: 'W/"1"' },
          ]),
        ),
        ["200", "412"],
      );
    });

    it("gives failed operations the absolute location of their resource, except a POST", async () => {
      const base = `${site().app.url}/scim/v2`;
      const [user] = await results([post("ada"), post("eve")]);
      const eve = { data: oktaUser("EVE@acme.example") };
      const patch = { schemas: [patchOp], Operations: [{ op: "replace", path: "colour", value: 1 }] };
      const list = await results([
        { method: "PUT", path: user?.location.slice(base.length), ...eve },
        { method: "PATCH", path: "/Groups/unknown", data: patch },
        { method: "DELETE", path: "/Users/unknown" },
        { method: "DELETE", path: "/Users/bulkId:none" },
        post("bob"),
        { method: "PATCH", path: "/Users/bulkId:bob", data: patch },
        { method: "POST", path: "/Users", bulkId: "x", ...eve },
      ]);
      assert.deepEqual(statuses(list), ["409", "400", "404", "400", "201", "400", "409"]);
      assert.deepEqual(
        list.map(({ location }) => location),
        [
          user?.location,
          `${base}/Groups/unknown`,
          `${base}/Users/unknown`,
          `${base}/Users/bulkId:none`,
          list[4]?.location,
          list[4]?.location,
          undefined,
        ],
      );
    });

    it("reads the request as other requests: names in any case, no schemas, null for no limit", async () => {
      const operation = { METHOD: "post", Path: "/Users", BulkId: "ada", Data: post("ada").data };
      for (const body of [
        { operations: [operation], failOnErrors: null },
        { schemas: [], Operations: [post("eve")] },
        { schemas: [request.toUpperCase()], Operations: [post("bob")] },
      ]) {
        const answer = await acme.client.send("POST", "/Bulk", body);
        assert.deepEqual([answer.status, statuses(answer.body.Operations)], [200, ["201"]]);
      }
    });

    const failing: [string, unknown, string][] = [
      ["a method that Bulk does not have", { method: "GET", path: "/Users" }, "405"],
      ["a method that is null", { method: null, path: "/Users/1" }, "400"],
      ["a method that is not a text", { method: { a: 1 }, path: "/Users/1" }, "400"],
      ["no path", { method: "DELETE" }, "400"],
      ["a path that is not a text", { method: "DELETE", path: 1 }, "400"],
      ["a path to another endpoint", { method: "POST", path: "/Bulk", data: {} }, "404"],
      ["a path to no endpoint", { method: "DELETE", path: "/Nope" }, "404"],
      ["a path in another case", { method: "DELETE", path: "/users/1" }, "404"],
      ["a path that climbs out", { method: "POST", path: "/Users/../Bulk", data: {} }, "404"],
      ["a path below a user", { method: "DELETE", path: "/Users/1/x" }, "404"],
      ["a path on another host", { method: "DELETE", path: "https://other.example/scim/v2/Users/1" }, "404"],
      ["an operation that is null", null, "400"],
      ["an operation that is a list", [], "400"],
      ["a method in two spellings", { method: "DELETE", METHOD: "PUT", path: "/Users/1" }, "400"],
      ["a bulkId that is an object", { ...post("bob"), bulkId: { a: 1 } }, "400"],
      ["a bulkId that is true", { ...post("bob"), bulkId: true }, "400"],
      ["an unknown bulkId", { method: "DELETE", path: "/Users/bulkId:none" }, "400"],
      ["an unknown id", { method: "DELETE", path: "/Users/unknown" }, "404"],
      ["an id that cannot be decoded", { method: "DELETE", path: "/Users/%zz" }, "404"],
      ["an id with a NUL", { method: "DELETE", path: "/Users/%00" }, "404"],
      ["POST on an id", { method: "POST", path: "/Users/1", data: {} }, "405"],
      ["DELETE on a list", { method: "DELETE", path: "/Users" }, "405"],
      ["a user without a name", { method: "POST", path: "/Users", bulkId: "x", data: {} }, "400"],
      ["no data", { method: "POST", path: "/Users", bulkId: "x" }, "400"],
    ];
    for (const [what, operation, status] of failing) {
      it(`answers ${what} with ${status} in the results`, async () => {
        const [failed, next] = await results([operation, post("ada")]);
        assert.deepEqual([failed?.status, failed?.response.status, next?.status], [status, status, "201"]);
      });
    }

    const spellings: [string, (id: string, origin: string) => string][] = [
      ["with a slash at its end", (id) => `/Users/${id}/`],
      ["with two slashes at its start", (id) => `//Users/${id}`],
      ["with no slash at its start", (id) => `Users/${id}`],
      ["with the base path", (id) => `/scim/v2/Users/${id}`],
      ["as an absolute location", (id, origin) => `${origin}/scim/v2/Users/${id}`],
      ["with a query", (id) => `/Users/${id}?attributes=id`],
    ];
    for (const [what, path] of spellings) {
      it(`takes a path ${what}, and shows the location of the resource`, async () => {
        const [ada] = await results([post("ada")]);
        const id = ada?.location.split("/").at(-1);
        const sent = path(id, site().app.url);
        const off = { schemas: [patchOp], Operations: [{ op: "replace", value: { active: false } }] };
        const [changed] = await results([{ method: "PATCH", path: sent, data: off }]);
        assert.deepEqual([changed?.status, changed?.location], ["200", ada?.location]);
        assert.equal((await acme.client.get(`/Users/${id}`)).body.active, false);
      });
    }

    it("creates in a list whose path ends with a slash, and takes an empty version as none", async () => {
      const created = await results([
        { ...post("ada"), path: "/Users/" },
        { ...post("eve"), path: "//Users", version: "" },
      ]);
      assert.deepEqual(statuses(created), ["201", "201"]);
      const id = created[1]?.location.split("/").at(-1);
      assert.deepEqual(statuses(await results([{ method: "DELETE", path: `/Users/${id}`, version: "" }])), [
        "204",
      ]);
    });

    it("counts an operation that it does not understand as a failure", async () => {
      const odd = { method: "DELETE", path: "/Nope" };
      assert.deepEqual(statuses(await results([odd, post("ada")], { failOnErrors: 1 })), ["404"]);
      for (const none of ["", [], null, {}]) {
        const list = [odd, odd, { ...post("ada"), path: "/Nope" }];
        assert.equal((await results(list, { failOnErrors: none })).length, 3);
      }
    });

    const refused: [string, () => Promise<Parameters<typeof assertScimError>[0]>, number][] = [
      [
        "another schema",
        () => acme.client.send("POST", "/Bulk", { schemas: [patchOp], Operations: [] }),
        400,
      ],
      ["operations that are not a list", () => send({}), 400],
      ["failOnErrors 0", () => send([], { failOnErrors: 0 }), 400],
      ["operations twice, in two spellings", () => send([], { operations: [] }), 400],
      [
        "a body nested without end",
        () => acme.client.send("POST", "/Bulk", `${"[".repeat(50_000)}${"]".repeat(50_000)}`),
        400,
      ],
      ["more than 1,000 operations", () => send(Array(1001).fill(post("ada"))), 413],
    ];
    for (const [what, call, status] of refused) {
      it(`refuses the whole request for ${what}: ${status}`, async () => {
        const answer = await call();
        assertScimError(answer, status, answer.body.scimType);
        assert.equal((await acme.client.get("/Users")).body.totalResults, 0);
      });
    }
  });
});
