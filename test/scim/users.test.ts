import assert from "node:assert/strict";
import { onEachDatabase } from "../helpers/databases.ts";
import { oktaUser, type ScimBody } from "../helpers/scim.ts";
import { assertScimError, type ScimTenant, useScim } from "../helpers/scim-site.ts";

const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/** A value for every attribute that a client may write. */
const full = oktaUser("Ada@Acme.example", {
  schemas: ["urn:ietf:params:scim:schemas:core:2.0:User", enterprise],
  externalId: "00u1",
  name: { formatted: "Ada Lovelace", givenName: "Ada", familyName: "Lovelace", honorificPrefix: "Lady" },
  nickName: "Ada",
  profileUrl: "https://acme.example/ada",
  title: "Countess",
  userType: "Employee",
  preferredLanguage: "en",
  timezone: "Europe/London",
  emails: [
    { value: "ada@acme.example", type: "work", primary: true, display: "Ada" },
    { value: "ada@home.example", type: "home" },
  ],
  phoneNumbers: [{ value: "+44 20 7946 0000", type: "work" }],
  addresses: [{ type: "work", streetAddress: "12 St James's Sq", locality: "London", country: "GB" }],
  [enterprise]: {
    employeeNumber: 701984,
    costCenter: 4130,
    department: "Ünïcode 🚂",
    manager: { value: "m1" },
  },
});

const kept = ["groups", "meta", "password"];
const without = (body: ScimBody, names: readonly string[]) =>
  Object.fromEntries(Object.entries(body).filter(([name]) => !names.includes(name)));

describe("users", () => {
  onEachDatabase((use) => {
    const site = useScim(use);
    let acme: ScimTenant;
    beforeEach(async () => {
      acme = await site().tenant();
    });
    const create = async (more: ScimBody = {}) =>
      (await acme.client.send("POST", "/Users", oktaUser("ada@acme.example", more))).body;
    const read = async (id: string) => (await acme.client.get(`/Users/${id}`)).body;

    it("are stored and returned without loss; numbers become strings where the schema says string", async () => {
      const { status, body, headers } = await acme.client.send("POST", "/Users", full);
      assert.equal(status, 201);
      const location = `${site().app.url}/scim/v2/Users/${body.id}`;
      assert.equal(headers.get("location"), location);
      const expected = {
        ...without(full, kept),
        id: body.id,
        [enterprise]: { ...(full as ScimBody)[enterprise], employeeNumber: "701984", costCenter: "4130" },
      };
      assert.deepEqual(without(body, kept), expected);
      assert.equal(body.meta.location, location);
      assert.deepEqual(await read(body.id), body);
      assert.deepEqual((await acme.client.get("/Users")).body.Resources, [body]);
    });

    it("never return a password", async () => {
      const created = await acme.client.send("POST", "/Users?attributes=password,userName", full);
      assert.equal(created.status, 201);
      assert.ok(!created.text.includes("1mz050nq"));
    });

    it("are found by their login name in any case, active or not", async () => {
      const { id } = await create();
      await acme.client.patch(`/Users/${id}`, { op: "replace", value: { active: false } });
      const { body } = await acme.client.find('userName eq "ADA@ACME.EXAMPLE"');
      assert.deepEqual([body.totalResults, body.Resources[0].id, body.Resources[0].active], [1, id, false]);
    });

    describe("PUT", () => {
      it("clears absent attributes, except externalId, active, roles, entitlements and the password", async () => {
        const given = { roles: [{ value: "admin" }], entitlements: [{ value: "task-export" }] };
        const { id } = (await acme.client.send("POST", "/Users", { ...full, ...given, active: false })).body;
        const minimal = { schemas: full.schemas, userName: "Ada@Acme.example" };
        const { status, body } = await acme.client.send("PUT", `/Users/${id}`, minimal);
        assert.equal(status, 200);
        assert.deepEqual(without(body, ["meta"]), {
          schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"],
          id,
          externalId: "00u1",
          userName: "Ada@Acme.example",
          active: false,
          groups: [],
          roles: [{ value: "admin", display: "Admin" }],
          entitlements: [{ value: "task-export", display: "Task export", type: "Entitlement" }],
        });
        assert.equal((await acme.store.users.byId(id))?.email, null);
      });

      for (const empty of ["", null, []]) {
        it(`reads ${JSON.stringify(empty)} as absent`, async () => {
          const { id } = (await acme.client.send("POST", "/Users", { ...full, externalId: "00u1" })).body;
          const body = { ...full, title: empty, emails: empty === "" ? [] : empty, externalId: empty };
          const answer = await acme.client.send("PUT", `/Users/${id}`, body);
          assert.equal(answer.status, 200, answer.text);
          for (const name of ["title", "emails"]) assert.ok(!Object.hasOwn(answer.body, name), name);
          // A PUT keeps an absent externalId; PATCH removes it.
          assert.equal(answer.body.externalId, "00u1");
          const removal = { op: "remove", path: "externalId" };
          assert.ok(!Object.hasOwn((await acme.client.patch(`/Users/${id}`, removal)).body, "externalId"));
        });
      }

      it("ignores id, meta, groups and unknown attributes: the group keeps its member", async () => {
        const { id } = await create();
        const group = { displayName: "Staff", members: [{ value: id }] };
        const groupId = (await acme.client.send("POST", "/Groups", group)).body.id;
        const before = await read(id);
        const echo = {
          ...before,
          id: "other",
          meta: { created: "x", location: "y" },
          groups: [],
          colour: "blue",
        };
        const { status, body } = await acme.client.send("PUT", `/Users/${id}`, echo);
        assert.equal(status, 200);
        assert.deepEqual(without(body, ["meta"]), without(before, ["meta"]));
        assert.deepEqual(body.groups[0].value, groupId);
        assert.equal(body.meta.created, before.meta.created);
        assert.ok(await acme.store.groupMembers.has(groupId, id));
      });

      it("accepts the strings True and False for active", async () => {
        const { id } = await create();
        for (const [text, active] of [
          ["False", false],
          ["True", true],
        ]) {
          const body = oktaUser("ada@acme.example", { active: text });
          assert.equal((await acme.client.send("PUT", `/Users/${id}`, body)).body.active, active);
        }
      });
    });

    describe("refusals", () => {
      const bad: [string, unknown, string][] = [
        ["a user without a login name", { schemas: full.schemas }, "invalidValue"],
        ["an empty login name", oktaUser(""), "invalidValue"],
        ["a login name that is a number in a list", { ...full, userName: [1] }, "invalidValue"],
        ["an active that is neither true nor false", { ...full, active: "perhaps" }, "invalidValue"],
        ["an entitlement that does not exist", { ...full, entitlements: [{ value: "x" }] }, "invalidValue"],
        ["two spellings of one name", { ...full, USERNAME: "eve@acme.example" }, "invalidSyntax"],
        ["a login name that is too long for the index", oktaUser("鄲".repeat(900)), "invalidValue"],
        [
          "an externalId that is too long for the index",
          { ...full, externalId: "鄲".repeat(900) },
          "invalidValue",
        ],
        ["a list", [full], "invalidSyntax"],
        ["no body", undefined, "invalidSyntax"],
        ["broken JSON", '{"userName": "ada', "invalidSyntax"],
      ];
      for (const [what, body, scimType] of bad) {
        it(`${what}: ${scimType}, on POST and on PUT`, async () => {
          const { id } = await create();
          assertScimError(await acme.client.send("POST", "/Users", body), 400, scimType);
          assertScimError(await acme.client.send("PUT", `/Users/${id}`, body), 400, scimType);
        });
      }

      it("a login name that is taken, in any case: 409 uniqueness, by POST, PUT and PATCH", async () => {
        await create();
        const { id } = (await acme.client.send("POST", "/Users", oktaUser("eve@acme.example"))).body;
        const taken = oktaUser("ADA@acme.example");
        assertScimError(await acme.client.send("POST", "/Users", taken), 409, "uniqueness");
        assertScimError(await acme.client.send("PUT", `/Users/${id}`, taken), 409, "uniqueness");
        const rename = { op: "replace", path: "userName", value: "ADA@acme.example" };
        assertScimError(await acme.client.patch(`/Users/${id}`, rename), 409, "uniqueness");
        assert.equal((await acme.client.get("/Users")).body.totalResults, 2);
      });

      it("one of several operations that fails: nothing is changed", async () => {
        const { id } = await create();
        const before = await read(id);
        const answer = await acme.client.patch(
          `/Users/${id}`,
          { op: "replace", path: "displayName", value: "Changed" },
          { op: "replace", path: "colour", value: "blue" },
        );
        assertScimError(answer, 400, "invalidPath");
        assert.deepEqual(await read(id), before);
      });
    });

    it("are 404 for every method once they are deleted", async () => {
      const { id } = await create();
      const deleted = await acme.client.send("DELETE", `/Users/${id}`);
      assert.deepEqual([deleted.status, deleted.text], [204, ""]);
      const patch = { op: "replace", value: { active: true } };
      assertScimError(await acme.client.get(`/Users/${id}`), 404);
      assertScimError(await acme.client.send("PUT", `/Users/${id}`, oktaUser("ada@acme.example")), 404);
      assertScimError(await acme.client.patch(`/Users/${id}`, patch), 404);
      assertScimError(await acme.client.send("DELETE", `/Users/${id}`), 404);
      assert.equal((await acme.client.find('userName eq "ada@acme.example"')).body.totalResults, 0);
    });

    it("are in the tenant's activity: actor, action, names of attributes, request id, and no values", async () => {
      const { id } = await create({ externalId: "00u1" });
      const deactivated = await acme.client.patch(`/Users/${id}`, {
        op: "replace",
        value: { active: false },
      });
      await acme.client.send("DELETE", `/Users/${id}`);
      const entries = await acme.store.activity.latest(10);
      assert.deepEqual(entries.map(({ action }) => action).sort(), [
        "user.created",
        "user.deactivated",
        "user.deleted",
      ]);
      const {
        at,
        id: _,
        ...entry
      } = entries.find(({ action }) => action === "user.deactivated") ?? assert.fail();
      assert.ok(Math.abs(Date.now() - at) < 60_000);
      assert.deepEqual(entry, {
        kind: "provisioning",
        actorKind: "provisioning",
        actor: `default (${acme.token.slice(0, 12)}…)`,
        actorId: null,
        action: "user.deactivated",
        targetId: id,
        changed: ["active"],
        reason: null,
        requestId: deactivated.headers.get("x-request-id"),
      });
      const written = JSON.stringify(entries);
      for (const value of ["ada@acme", "00u1", "1mz050nq", "Test"])
        assert.ok(!written.includes(value), value);
    });
  });
});
