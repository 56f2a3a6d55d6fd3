import assert from "node:assert/strict";
import { onOneDatabase } from "../helpers/databases.ts";
import { oktaUser, type ScimBody } from "../helpers/scim.ts";
import { assertScimError, type ScimTenant, useScim } from "../helpers/scim-site.ts";

const patchOp = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const bulkRequest = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
const searchRequest = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

/** Bodies that rename a resource, as clients write them. */
const understood: [string, (operation: object) => unknown][] = [
  ["without schemas (authentik)", (operation) => ({ Operations: [operation] })],
  ["with an empty list of schemas", (operation) => ({ schemas: [], Operations: [operation] })],
  ["with schemas that are null", (operation) => ({ schemas: null, Operations: [operation] })],
  [
    "with a URN in another case",
    (operation) => ({ schemas: [patchOp.toUpperCase()], Operations: [operation] }),
  ],
  ["with a URN outside of a list", (operation) => ({ schemas: patchOp, Operations: [operation] })],
  [
    "with another schema, as POST and PUT",
    (operation) => ({ schemas: ["urn:ietf:params:scim:schemas:core:2.0:PatchOp"], Operations: [operation] }),
  ],
  ["with names in lower case", (operation) => ({ schemas: [patchOp], operations: [operation] })],
  ["with names in upper case", (operation) => ({ SCHEMAS: [patchOp], OPERATIONS: [operation] })],
  [
    "with an id next to the operations",
    (operation) => ({ id: "1", schemas: [patchOp], Operations: [operation] }),
  ],
  ["with one operation without a list", (operation) => ({ schemas: [patchOp], Operations: operation })],
  ["with a name of the operation", (operation) => ({ Operations: [{ name: "rename", ...operation }] })],
  ["with members of SCIM 1.1", (operation) => ({ Operations: [{ ...operation, operation: "x", id: null }] })],
];

const operations: [string, (names: object) => object][] = [
  ["replace", (value) => ({ op: "replace", value })],
  ["REPLACE", (value) => ({ op: "REPLACE", value })],
  ["Add", (value) => ({ Op: "Add", Value: value })],
  ["an empty path", (value) => ({ op: "replace", path: "", value })],
  ["a path that is null", (value) => ({ op: "replace", path: null, value })],
  ["a path of a space", (value) => ({ op: "add", path: " ", value })],
];

const refused: [string, unknown, string][] = [
  ["no operations", { schemas: [patchOp] }, "invalidSyntax"],
  ["operations that are null", { Operations: null }, "invalidSyntax"],
  ["an empty list of operations", { schemas: [patchOp], Operations: [] }, "invalidSyntax"],
  ["a text for operations", { Operations: "replace" }, "invalidSyntax"],
  ["two lists of operations", { Operations: [], operations: [] }, "invalidSyntax"],
  ["a removal with an empty path", { Operations: [{ op: "remove", path: "" }] }, "noTarget"],
  ["a path that is a number", { Operations: [{ op: "remove", path: 7 }] }, "invalidPath"],
  ["an unknown op", { Operations: [{ op: "delete", path: "externalId" }] }, "invalidSyntax"],
];

describe("the body of a SCIM message", () => {
  onOneDatabase((use) => {
    const site = useScim(use);
    let acme: ScimTenant;
    let user: string;
    let group: string;
    beforeEach(async () => {
      acme = await site().tenant();
      user = (await acme.client.send("POST", "/Users", oktaUser("ada@acme.example"))).body.id;
      group = (await acme.client.send("POST", "/Groups", { displayName: "Staff" })).body.id;
    });
    const paths = () => [`/Users/${user}`, `/Groups/${group}`];
    const nameOf = async (path: string) => (await acme.client.get(path)).body.displayName;

    for (const [what, bodyOf] of understood) {
      for (const [op, operationOf] of operations.slice(0, what.startsWith("without") ? undefined : 1)) {
        it(`of a PATCH is read ${what}: ${op}`, async () => {
          for (const path of paths()) {
            const direct = await acme.client.send("PATCH", path, bodyOf(operationOf({ displayName: "One" })));
            assert.ok(direct.status < 300, direct.text);
            assert.equal(await nameOf(path), "One");
            const data = bodyOf(operationOf({ displayName: "Two" }));
            const { body } = await acme.client.send("POST", "/Bulk", {
              schemas: [bulkRequest],
              Operations: [{ method: "PATCH", path, data }],
            });
            assert.ok(["200", "204"].includes(body.Operations[0].status), JSON.stringify(body));
            assert.equal(await nameOf(path), "Two");
          }
        });
      }
    }

    for (const [what, body, scimType] of refused) {
      it(`of a PATCH is refused with ${what}`, async () => {
        for (const path of paths())
          assertScimError(await acme.client.send("PATCH", path, body), 400, scimType);
      });
    }

    it("of .search is read without schemas", async () => {
      for (const more of [
        {},
        { schemas: [] },
        { schemas: null },
        { schemas: [searchRequest.toUpperCase()] },
      ]) {
        const filter = 'displayName eq "Staff"';
        const { status, body } = await acme.client.send("POST", "/Groups/.search", { ...more, filter });
        assert.deepEqual([status, (body.Resources as ScimBody[]).length], [200, 1]);
      }
    });

    for (const path of ["/Groups/.search", "/Bulk"]) {
      it(`of ${path} is refused with the schemas of another message, and in two spellings`, async () => {
        const other = await acme.client.send("POST", path, { schemas: [patchOp], Operations: [] });
        assertScimError(other, 400, "invalidSyntax");
        const twice = { filter: "id pr", FILTER: "id pr", Operations: [], operations: [] };
        const answer = await acme.client.send("POST", path, twice);
        assertScimError(answer, 400, path === "/Bulk" ? "invalidSyntax" : "invalidValue");
        assertScimError(await acme.client.send("POST", path, [{}]), 400, "invalidSyntax");
      });
    }

    it("of .search has names in any case", async () => {
      const search = { FILTER: 'displayName eq "Staff"', excludedattributes: ["members"], Count: 1 };
      const { status, body } = await acme.client.send("POST", "/Groups/.search", search);
      assert.deepEqual([status, body.totalResults, body.itemsPerPage], [200, 1, 1]);
      assert.equal(body.Resources[0].members, undefined);
      const { body: hidden } = await acme.client.send("POST", "/Groups/.search", { COUNT: 0, SORTBY: null });
      assert.deepEqual([hidden.totalResults, hidden.Resources], [1, []]);
    });
  });
});
