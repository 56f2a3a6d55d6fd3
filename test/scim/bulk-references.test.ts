import assert from "node:assert/strict";
import { onEachDatabase } from "../helpers/databases.ts";
import { oktaUser, type ScimBody } from "../helpers/scim.ts";
import { type ScimTenant, useScim } from "../helpers/scim-site.ts";

const bulkRequest = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
const patchSchema = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const user = (name: string, more: ScimBody = {}) => ({
  method: "POST",
  path: "/Users",
  bulkId: name,
  data: oktaUser(`${name}@acme.example`, more),
});
const group = (displayName: string, members: unknown, bulkId = displayName) => ({
  method: "POST",
  path: "/Groups",
  bulkId,
  data: { displayName, members },
});
const managedBy = (manager: unknown) => ({ [enterprise]: { manager } });
const change = (path: string, ...Operations: ScimBody[]) => ({
  method: "PATCH",
  path,
  data: { schemas: [patchSchema], Operations },
});

/** RFC 7644 §3.7.1 and §3.7.2: an operation refers to the resource of another one by `bulkId:name`. */
describe("references between the operations of a Bulk request", () => {
  onEachDatabase((use) => {
    const site = useScim(use);
    let acme: ScimTenant;
    beforeEach(async () => {
      acme = await site().tenant();
    });
    const run = async (Operations: unknown[], more: ScimBody = {}) => {
      const body = { schemas: [bulkRequest], Operations, ...more };
      const answer = await acme.client.send("POST", "/Bulk", body);
      assert.equal(answer.status, 200, answer.text);
      return answer.body.Operations as ScimBody[];
    };
    const statuses = (list: ScimBody[]) => list.map(({ status }) => status);
    const bulkIds = (list: ScimBody[]) => list.map(({ bulkId }) => bulkId);
    const resources = (list: ScimBody[]) =>
      Promise.all(
        list.map(async ({ location }) => (await acme.client.get(new URL(location).pathname.slice(8))).body),
      );
    const memberIds = ({ members }: ScimBody) => members.map(({ value }: ScimBody) => value).sort();

    describe("are carried out in the order that they need", () => {
      it("a group before its members: the answers keep the order of the request", async () => {
        const list = await run([
          group("Staff", [{ value: "bulkId:ada" }, { value: "bulkId:eve" }]),
          user("ada"),
          user("eve"),
        ]);
        assert.deepEqual(
          [statuses(list), bulkIds(list)],
          [
            ["201", "201", "201"],
            ["Staff", "ada", "eve"],
          ],
        );
        const [staff, ada, eve] = (await resources(list)) as [ScimBody, ScimBody, ScimBody];
        assert.deepEqual(memberIds(staff), [ada.id, eve.id].sort());
      });

      it("a chain of managers, the last one first", async () => {
        const list = await run([
          user("ada", managedBy({ value: "bulkId:eve" })),
          user("eve", managedBy({ value: "bulkId:bob" })),
          user("bob"),
        ]);
        const [ada, eve, bob] = (await resources(list)) as [ScimBody, ScimBody, ScimBody];
        assert.deepEqual([ada[enterprise].manager.value, eve[enterprise].manager.value], [eve.id, bob.id]);
      });

      it("a change before the creation of what it changes", async () => {
        const list = await run([
          change("/Users/bulkId:ada", { op: "replace", value: { title: "Countess" } }),
          user("ada"),
          { method: "DELETE", path: "/Groups/bulkId:Staff" },
          group("Staff", []),
        ]);
        assert.deepEqual(statuses(list), ["200", "201", "204", "201"]);
        assert.equal((await resources([list[1] as ScimBody]))[0]?.title, "Countess");
        assert.equal((await acme.client.get("/Groups")).body.totalResults, 0);
      });

      it("two groups that share members, and a name that many refer to", async () => {
        const list = await run([
          group("Staff", [{ value: "bulkId:ada" }]),
          group("Crew", [{ value: "bulkId:ada" }, { value: "bulkId:eve" }]),
          user("eve", managedBy("bulkId:ada")),
          user("ada"),
        ]);
        assert.deepEqual(statuses(list), ["201", "201", "201", "201"]);
        assert.equal((await acme.client.get("/Users")).body.totalResults, 2);
      });
    });

    const places: [string, (to: string) => unknown[]][] = [
      ["a member's value", (to) => [group("Staff", [{ value: to }])]],
      ["a member's $ref and value", (to) => [group("Staff", [{ value: to, $ref: `../Users/${to}` }])]],
      ["a member that is a plain id", (to) => [group("Staff", [to])]],
      [
        "the members of a PUT",
        (to) => [
          group("Staff", []),
          {
            method: "PUT",
            path: "/Groups/bulkId:Staff",
            data: { displayName: "Staff", members: [{ value: to }] },
          },
        ],
      ],
      [
        "the members of a PATCH with a path",
        (to) => [
          group("Staff", []),
          change("/Groups/bulkId:Staff", { op: "Add", path: "members", value: [{ value: to }] }),
        ],
      ],
      [
        "the members of a PATCH without a path",
        (to) => [
          group("Staff", []),
          change("/Groups/bulkId:Staff", { op: "add", value: { MEMBERS: [{ value: to }] } }),
        ],
      ],
    ];
    for (const [what, operations] of places) {
      it(`are resolved in ${what}`, async () => {
        const list = await run([...operations("bulkId:ada"), user("ada")]);
        assert.ok(
          statuses(list).every((status) => status.startsWith("2")),
          JSON.stringify(list),
        );
        const [staff, ada] = await resources([list[0], list.at(-1)] as ScimBody[]);
        assert.deepEqual(memberIds(staff as ScimBody), [ada?.id]);
      });
    }

    const managers: [string, (to: string) => unknown[]][] = [
      ["a manager's value", (to) => [user("ada", managedBy({ value: to }))]],
      ["a manager that is a plain id", (to) => [user("ada", managedBy(to))]],
      [
        "names in another case",
        (to) => [user("ada", { [enterprise.toUpperCase()]: { Manager: { Value: to } } })],
      ],
      [
        "a PATCH with a path",
        (to) => [
          user("ada"),
          change("/Users/bulkId:ada", { op: "add", path: `${enterprise}:manager`, value: { value: to } }),
        ],
      ],
      [
        "a PATCH with a path to the value",
        (to) => [
          user("ada"),
          change("/Users/bulkId:ada", { op: "add", path: `${enterprise}:manager.value`, value: to }),
        ],
      ],
      [
        "a PATCH of the whole extension",
        (to) => [
          user("ada"),
          change("/Users/bulkId:ada", { op: "add", path: enterprise, value: { manager: { value: to } } }),
        ],
      ],
      [
        "a PATCH without a path, by a dotted key",
        (to) => [
          user("ada"),
          change("/Users/bulkId:ada", { op: "add", value: { [`${enterprise}:manager`]: to } }),
        ],
      ],
    ];
    for (const [what, operations] of managers) {
      it(`are resolved in ${what}`, async () => {
        const list = await run([...operations("bulkId:eve"), user("eve")]);
        const [ada, eve] = await resources([list[0], list.at(-1)] as ScimBody[]);
        assert.equal(ada?.[enterprise].manager.value, eve?.id, JSON.stringify(list));
      });
    }

    it("are resolved in the filter of a removal", async () => {
      const list = await run([
        group("Staff", [{ value: "bulkId:ada" }, { value: "bulkId:eve" }]),
        user("ada"),
        user("eve"),
        change("/Groups/bulkId:Staff", { op: "remove", path: 'members[value eq "bulkId:ada"]' }),
      ]);
      const [staff, , eve] = await resources(list.slice(0, 3));
      assert.deepEqual(memberIds(staff as ScimBody), [eve?.id]);
    });

    it("may have numbers for names", async () => {
      const list = await run([group("Staff", [{ value: "bulkId:2" }]), { ...user("ada"), bulkId: 2 }]);
      assert.deepEqual(
        [statuses(list), bulkIds(list)],
        [
          ["201", "201"],
          ["Staff", "2"],
        ],
      );
    });

    it("mean the creation, if a later operation repeats its name", async () => {
      const list = await run([
        { ...user("eve"), bulkId: "eve" },
        { ...change("/Users/bulkId:ada", { op: "replace", value: { title: "x" } }), bulkId: "ada" },
        { method: "DELETE", path: "/Users/bulkId:eve", bulkId: "ada" },
        user("ada"),
        group("Staff", [{ value: "bulkId:ada" }]),
      ]);
      assert.deepEqual(statuses(list), ["201", "200", "204", "201", "201"]);
      const [ada, staff] = (await resources(list.slice(3))) as [ScimBody, ScimBody];
      assert.deepEqual(memberIds(staff), [ada.id]);
    });

    it("may have names with blanks and slashes, encoded in a path", async () => {
      const ada = { ...user("ada"), bulkId: "ada / 1" };
      const patch = { op: "replace", value: { title: "Countess" } };
      const [, changed] = await run([ada, change(`/Users/bulkId:${encodeURIComponent("ada / 1")}`, patch)]);
      assert.equal(changed?.status, "200");
    });

    describe("are texts where an attribute does not refer to a resource", () => {
      it("in a user", async () => {
        const text = "bulkId:none";
        const attributes = { displayName: text, title: text, externalId: text, nickName: "/bulkId:none" };
        const list = await run([
          user("ada", { ...attributes, name: { givenName: text, familyName: "User" } }),
        ]);
        assert.deepEqual(statuses(list), ["201"]);
        const [ada] = (await resources(list)) as [ScimBody];
        for (const [name, value] of Object.entries(attributes)) assert.equal(ada[name], value);
        assert.equal(ada.name.givenName, text);
      });

      it("in a user name, even if an operation has that bulkId", async () => {
        const named = { ...user("eve"), data: oktaUser("bulkId:ada") };
        const list = await run([user("ada"), named]);
        const [, eve] = await resources(list);
        assert.equal(eve?.userName, "bulkId:ada");
      });

      it("in a group, and in what a member is called", async () => {
        const list = await run([
          user("ada"),
          group("bulkId:ada", [{ value: "bulkId:ada", display: "bulkId:x" }]),
        ]);
        assert.deepEqual(statuses(list), ["201", "201"]);
        assert.equal((await resources(list))[1]?.displayName, "bulkId:ada");
      });

      it("in a PATCH, with and without a path", async () => {
        const list = await run([
          user("ada"),
          change("/Users/bulkId:ada", { op: "replace", path: "title", value: "bulkId:none" }),
          change("/Users/bulkId:ada", { op: "replace", value: { nickName: "bulkId:none" } }),
        ]);
        assert.deepEqual(statuses(list), ["201", "200", "200"]);
        const [ada] = (await resources(list)) as [ScimBody];
        assert.deepEqual([ada.title, ada.nickName], ["bulkId:none", "bulkId:none"]);
      });
    });

    describe("that lead nowhere", () => {
      it("to no operation at all: 400, and nothing else fails", async () => {
        const [staff, ada, changed] = await run([
          group("Staff", [{ value: "bulkId:none" }]),
          user("ada"),
          change("/Users/bulkId:none", { op: "replace", value: { title: "x" } }),
        ]);
        assert.deepEqual([staff?.status, ada?.status, changed?.status], ["400", "201", "400"]);
        assert.match(staff?.response.detail, /No operation of this request has the bulkId "none"/);
        assert.equal((await acme.client.get("/Groups")).body.totalResults, 0);
      });

      it("to an operation that failed: 409", async () => {
        const list = await run([
          group("Staff", [{ value: "bulkId:ada" }]),
          { ...user("ada"), data: {} },
          user("eve"),
        ]);
        assert.deepEqual(statuses(list), ["409", "400", "201"]);
        assert.match(list[0]?.response.detail, /"ada" created no resource/);
      });

      const twice: [string, (first: ScimBody, second: ScimBody) => ScimBody[]][] = [
        ["a group's members, after both", (a, b) => [a, b, group("Staff", [{ value: "bulkId:u" }])]],
        ["a group's members, before both", (a, b) => [group("Staff", [{ value: "bulkId:u" }]), a, b]],
        ["a group's members, between both", (a, b) => [a, group("Staff", ["bulkId:u"]), b]],
        ["a manager", (a, b) => [a, b, user("dan", managedBy("bulkId:u"))]],
        ["a path", (a, b) => [a, b, { method: "DELETE", path: "/Users/bulkId:u" }]],
        ["a group's members, if the second fails", (a) => [a, a, group("Staff", ["bulkId:u"])]],
      ];
      for (const [what, operations] of twice) {
        it(`to one of two users with the same bulkId, in ${what}: 409, so that no wrong person is meant`, async () => {
          const [ada, eve] = [
            { ...user("ada"), bulkId: "u" },
            { ...user("eve"), bulkId: "u" },
          ];
          const sent = operations(ada, eve);
          const list = await run(sent);
          const referring = sent.findIndex((one) => one !== ada && one !== eve);
          assert.equal(list[referring]?.status, "409");
          assert.match(list[referring]?.response.detail, /More than one operation .* "u"/);
          assert.equal((await acme.client.get("/Groups")).body.totalResults, 0);
          const created = list.filter(({ status }) => status === "201").length;
          assert.equal((await acme.client.get("/Users")).body.totalResults, created);
          assert.ok(created > 0);
        });
      }

      const circles: [string, unknown[]][] = [
        ["a user who manages themselves", [user("ada", managedBy("bulkId:ada"))]],
        ["two managers", [user("ada", managedBy("bulkId:eve")), user("eve", managedBy("bulkId:ada"))]],
        [
          "three managers",
          [
            user("ada", managedBy("bulkId:eve")),
            user("eve", managedBy("bulkId:bob")),
            user("bob", managedBy("bulkId:ada")),
          ],
        ],
        [
          "two groups",
          [
            group("Staff", [{ value: "bulkId:Crew", type: "Group" }]),
            group("Crew", [{ value: "bulkId:Staff", type: "Group" }]),
          ],
        ],
      ];
      for (const [what, operations] of circles) {
        it(`in a circle of ${what}: 409 for each, and nothing else fails`, async () => {
          const list = await run([...operations, user("dan")]);
          assert.deepEqual(statuses(list), [...operations.map(() => "409"), "201"]);
          assert.match(JSON.stringify(list), /the references are circular/);
          assert.equal((await acme.client.get("/Users")).body.totalResults, 1);
          assert.equal((await acme.client.get("/Groups")).body.totalResults, 0);
        });
      }
    });

    it("count with failOnErrors: what waits for a failed operation is not begun", async () => {
      const list = await run(
        [group("Staff", [{ value: "bulkId:ada" }]), { ...user("ada"), data: {} }, user("eve")],
        { failOnErrors: 1 },
      );
      assert.deepEqual([bulkIds(list), statuses(list)], [["ada"], ["400"]]);
      assert.equal((await acme.client.get("/Users")).body.totalResults, 0);
    });
  });
});
