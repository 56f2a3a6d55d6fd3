import assert from "node:assert/strict";
import { onEachDatabase } from "../helpers/databases.ts";
import { oktaUser, type ScimBody } from "../helpers/scim.ts";
import { assertScimError, type ScimTenant, useScim } from "../helpers/scim-site.ts";

/** A role as Entra's expression AppRoleAssignmentsComplex writes it. */
const packed = (value: string | null, displayName = "Any", more: ScimBody = {}) => ({
  value: JSON.stringify({ id: "06b07648", value, displayName }),
  ...more,
});

const appRole = "WindowsAzureActiveDirectoryRole";

describe("roles as clients write them", () => {
  onEachDatabase((use) => {
    const site = useScim(use);
    let acme: ScimTenant;
    let count = 0;
    before(async () => {
      acme = await site().tenant();
    });
    const create = async (roles?: unknown) => {
      const more = roles === undefined ? {} : { roles };
      const answer = await acme.client.send("POST", "/Users", oktaUser(`p${++count}@acme.example`, more));
      assert.equal(answer.status, 201, answer.text);
      return answer.body;
    };
    const patch = (id: string, ...operations: unknown[]) => acme.client.patch(`/Users/${id}`, ...operations);
    const rolesOf = async (id: string) =>
      ((await acme.client.get(`/Users/${id}`)).body.roles ?? []) as ScimBody[];
    const valuesOf = async (id: string) => (await rolesOf(id)).map(({ value }) => value as string);
    const effective = (id: string) => acme.store.roles.effective(id);
    const assertRoles = async (id: string, ...values: string[]) => {
      assert.deepEqual((await valuesOf(id)).sort(), values.sort());
      const granted = (await acme.store.roles.grantsOf(id)).filter(({ source }) => source === "scim");
      assert.deepEqual(granted.map(({ role }) => role as string).sort(), [...new Set(values)].sort());
    };

    const forms: [string, unknown, string][] = [
      ["objects", [{ value: "admin" }], "admin"],
      ["plain strings", ["admin"], "admin"],
      ["one string", "admin", "admin"],
      ["one object", { value: "admin" }, "admin"],
      ["values in another case", [{ value: "Admin" }], "admin"],
      ["a string in another case", "ADMIN", "admin"],
      ["names in another case", [{ VALUE: "admin", Primary: "True" }], "admin"],
      ["JSON in the value", [packed("admin", "Admin")], "admin"],
      ["JSON in the value of one object", packed("Admin", "Admin"), "admin"],
      ["JSON in a string", packed("admin").value, "admin"],
      ["a list as JSON in a string", '[{"value":"admin"}]', "admin"],
      ["a list as JSON in a value", [{ value: '[{"id":"1","value":"admin"}]' }], "admin"],
      ["an object as the value", [{ value: { id: "1", value: "admin", displayName: "Admin" } }], "admin"],
      ["the inner object alone", [{ id: "1", value: "admin", displayName: "Admin" }], "admin"],
      ["several, one of them twice", [packed("admin"), { value: "ADMIN" }, "member"], "admin member"],
      ["spaces around the JSON", [{ value: ` ${packed("admin").value} ` }], "admin"],
    ];
    for (const [form, roles, values] of forms) {
      it(`accepts ${form}, by POST, PUT and PATCH`, async () => {
        const { id } = await create(roles);
        await assertRoles(id, ...values.split(" "));
        const other = await create();
        await acme.client.send("PUT", `/Users/${other.id}`, oktaUser(other.userName, { roles }));
        await assertRoles(other.id, ...values.split(" "));
        for (const operation of [
          { op: "Add", path: "roles", value: roles },
          { op: "Replace", path: "roles", value: roles },
          { op: "Add", path: "roles.value", value: roles },
          { op: "add", value: { roles } },
        ]) {
          const { id: patched } = await create();
          const answer = await patch(patched, operation);
          assert.equal(answer.status, 200, `${JSON.stringify(operation)}: ${answer.text}`);
          await assertRoles(patched, ...values.split(" "));
        }
      });

      if (values === "admin") {
        it(`removes what ${form} list`, async () => {
          const { id } = await create([{ value: "admin", primary: true }, "member"]);
          assert.equal((await patch(id, { op: "Remove", path: "roles", value: roles })).status, 200);
          await assertRoles(id, "member");
          assert.equal(await effective(id), "member");
        });
      }
    }

    it("shows the name that the JSON gives", async () => {
      const { id } = await create([packed("admin", "Chief", { primary: "True", type: appRole })]);
      assert.deepEqual(await rolesOf(id), [
        { value: "admin", display: "Chief", primary: true, type: appRole },
      ]);
    });

    const removals: [string, unknown][] = [
      ["a filter in another case", { op: "remove", path: 'roles[value eq "ADMIN"]' }],
      ["a filter on the value alone", { op: "Remove", path: 'roles[value eq "Admin"].value' }],
      [
        "a filter with JSON",
        { op: "Remove", path: `roles[value eq ${JSON.stringify(packed("admin").value)}]` },
      ],
      ["a filter on primary, with a string", { op: "Remove", path: 'roles[primary eq "True"]' }],
      ["a filter on type", { op: "Remove", path: `roles[type eq "${appRole}"]` }],
      ["a list with another spelling", { op: "Remove", path: "roles", value: [packed("Admin")] }],
      ["a list without the type", { op: "Remove", path: "roles", value: [{ value: "admin" }] }],
      ["an emptied value", { op: "Replace", path: 'roles[primary eq "True"].value', value: "" }],
      ["an element that is null", { op: "Replace", path: 'roles[primary eq "True"]', value: null }],
      ["a list of the other role", { op: "Replace", path: "roles", value: ["member"] }],
      [
        "another value of the primary role",
        { op: "Replace", path: 'roles[primary eq "True"].value', value: "member" },
      ],
      [
        "another value, as JSON",
        { op: "Replace", path: 'roles[primary eq "True"].value', value: packed("Member", "Member").value },
      ],
      [
        "another value, in a list",
        { op: "Replace", path: "roles[primary eq true].value", value: [{ value: "member" }] },
      ],
      ["another element", { op: "Replace", path: `roles[type eq "${appRole}"]`, value: { value: "member" } }],
      ["a key with a filter", { op: "Replace", value: { 'roles[primary eq "True"].value': "member" } }],
      ["another value, by add", { op: "Add", path: 'roles[value eq "admin"].value', value: "member" }],
    ];
    for (const [how, operation] of removals) {
      it(`takes the role of an administrator away by ${how}`, async () => {
        const { id } = await create([
          { value: "admin", display: "Chief", primary: "True", type: appRole },
          "member",
        ]);
        assert.equal(await effective(id), "admin");
        const answer = await patch(id, operation);
        assert.equal(answer.status, 200, answer.text);
        assert.deepEqual([...new Set(await valuesOf(id))], ["member"]);
        assert.equal(await effective(id), "member");
        assert.ok(!answer.text.includes("Chief"), "the name of the former role is gone");
      });
    }

    const missed: [string, unknown][] = [
      ["another type", { op: "remove", path: 'roles[type eq "other"]' }],
      ["another value", { op: "remove", path: 'roles[value eq "member"]' }],
      ["a primary role that there is not", { op: "Remove", path: 'roles[primary eq "True"]' }],
      ["an emptied value", { op: "Replace", path: 'roles[primary eq "True"].value', value: null }],
      ["a part of another element", { op: "remove", path: 'entitlements[value eq "x"].display' }],
      ["an e-mail address that there is not", { op: "remove", path: 'emails[type eq "home"]' }],
    ];
    for (const [what, operation] of missed) {
      it(`answers noTarget to a removal of ${what}, and changes nothing`, async () => {
        const { id } = await create([{ value: "admin" }]);
        assertScimError(
          await patch(id, { op: "replace", value: { title: "X" } }, operation),
          400,
          "noTarget",
        );
        const { body } = await acme.client.get(`/Users/${id}`);
        assert.deepEqual([body.title, await effective(id)], [undefined, "admin"]);
      });
    }

    it("removes a role without a type that is listed with one", async () => {
      const { id } = await create(["admin", { value: "member", type: "x" }]);
      const listed = ["admin", "member"].map((value) => ({ value, type: appRole }));
      await patch(id, { op: "Remove", path: "roles", value: listed });
      assert.deepEqual(await valuesOf(id), ["member"], "a role of another type stays");
      assert.equal(await effective(id), "member");
    });

    it("replaces the only role of a person over and over", async () => {
      const { id } = await create([{ value: "member", primary: true }]);
      for (const value of ["admin", "member", "admin", "member"]) {
        await patch(id, { op: "Replace", path: 'roles[primary eq "True"].value', value });
        assert.deepEqual(await valuesOf(id), [value]);
        assert.equal(await effective(id), value);
      }
    });

    it("stays primary when the new value is another element's", async () => {
      const { id } = await create([
        { value: "admin", primary: true },
        { value: "member", primary: false },
      ]);
      await patch(id, { op: "Replace", path: 'roles[primary eq "True"].value', value: "member" });
      assert.deepEqual(await rolesOf(id), [{ value: "member", display: "Member", primary: true }]);
    });

    const unnamed: [string, unknown][] = [
      ["a display alone", [{ display: "Admin" }]],
      ["a type and primary alone", [{ type: "x", primary: true }]],
      ["JSON whose value is null", [packed(null, "msiam_access")]],
      ["a named one and another", ["member", { display: "Admin" }]],
      ["an unknown attribute alone", [{ id: "1" }]],
      ["JSON without a value", [{ value: '{"id":"1"}' }]],
      ["JSON of nothing", [{ value: "{}" }]],
      ["JSON of nothing as a string", ["{}"]],
      ["JSON with an empty value", [{ value: '{"value":""}' }]],
      ["an object as value without a value", [{ value: { id: "1" } }]],
      ["a list in a text", [{ value: '[{"id":"1"}]' }]],
      ["a named one and JSON", [{ value: "member" }, { value: '{"value":null}' }]],
    ];
    for (const [what, roles] of unnamed) {
      it(`refuses a role without a value, with a clear sentence: ${what}`, async () => {
        const { id, userName } = await create(["admin"]);
        const put = oktaUser(userName, { roles });
        for (const answer of [
          await acme.client.send("POST", "/Users", oktaUser("new@acme.example", { roles })),
          await acme.client.send("PUT", `/Users/${id}`, put),
          await patch(id, { op: "add", path: "roles", value: roles }),
        ]) {
          assertScimError(answer, 400, "invalidValue");
          assert.match(answer.body.detail, /^Each role needs a value, for example "member"\.$/);
        }
        await assertRoles(id, "admin");
      });
    }

    for (const text of ["[]", "[{}]", "[null]", '[{"value":""}]'])
      it(`refuses ${text} in the text of a value`, async () => {
        for (const roles of [[{ value: text }], [text], { value: text }])
          assertScimError(
            await acme.client.send("POST", "/Users", oktaUser("new@acme.example", { roles })),
            400,
            "invalidValue",
          );
      });

    for (const value of ["{}", "[]", '{"id":"1"}', '{"value":""}', '[{"id":"1"}]', { id: "1" }])
      it(`takes no role away by a new value that is ${JSON.stringify(value)}`, async () => {
        const { id } = await create([{ value: "admin", primary: true }]);
        for (const path of ['roles[value eq "admin"].value', 'roles[primary eq "True"].value', "roles"])
          assertScimError(
            await patch(id, { op: "replace", path, value: path === "roles" ? [{ value }] : value }),
            400,
            "invalidValue",
          );
        await assertRoles(id, "admin");
      });

    for (const name of ["__proto__", "constructor", "prototype", "Constructor"])
      it(`refuses JSON with the name ${name}`, async () => {
        const { id } = await create(["admin"]);
        for (const text of [`{"${name}":{"value":"admin"}}`, `{"value":"admin","x":{"${name}":1}}`]) {
          const roles = [{ value: text }];
          const answer = await acme.client.send("POST", "/Users", oktaUser("new@acme.example", { roles }));
          assertScimError(answer, 400, "invalidSyntax");
          for (const operation of [
            { op: "add", path: "roles", value: text },
            { op: "remove", path: `roles[value eq ${JSON.stringify(text)}]` },
          ])
            assertScimError(await patch(id, operation), 400, "invalidSyntax");
        }
        await assertRoles(id, "admin");
      });

    for (const empty of [null, "", [null], [""], {}, [{}], [[]], [{ value: null }]]) {
      it(`keeps roles and entitlements by PUT with ${JSON.stringify(empty)}`, async () => {
        const { id, userName } = await create(["admin"]);
        await patch(id, { op: "add", path: "entitlements", value: "task-export" });
        const put = oktaUser(userName, { roles: empty, entitlements: empty });
        assert.equal((await acme.client.send("PUT", `/Users/${id}`, put)).status, 200);
        await assertRoles(id, "admin");
        assert.deepEqual((await acme.store.users.byId(id))?.entitlements, ["task-export"]);
      });
    }

    for (const empty of [[], "[]"]) {
      it(`takes all roles of this source away by PUT with ${JSON.stringify(empty)}, and no other`, async () => {
        const { id, userName } = await create(["admin"]);
        await acme.store.roles.grant(id, "member");
        const { status } = await acme.client.send(
          "PUT",
          `/Users/${id}`,
          oktaUser(userName, { roles: empty }),
        );
        assert.equal(status, 200);
        await assertRoles(id);
        assert.deepEqual(
          (await acme.store.roles.grantsOf(id)).map(({ source }) => source),
          ["manual"],
        );
      });
    }

    it("keeps the roles that a group and an administrator gave, and does not repeat them", async () => {
      const { id } = await create([{ value: "admin", primary: true }]);
      const group = { displayName: `Admins ${id}`, members: [{ value: id }] };
      await acme.store.roles.mapGroup((await acme.client.send("POST", "/Groups", group)).body.id, "admin");
      await acme.store.roles.grant(id, "admin");
      await patch(id, { op: "Replace", path: 'roles[primary eq "True"].value', value: "member" });
      await patch(id, { op: "Add", path: "roles", value: ["member", packed("Member")] });
      assert.deepEqual(await valuesOf(id), ["member"]);
      const grants = (await acme.store.roles.grantsOf(id)).map(({ source, role }) => `${source} ${role}`);
      assert.deepEqual(grants.sort(), ["group admin", "manual admin", "scim member"]);
    });

    it("has the same forms for entitlements", async () => {
      const { id } = await create();
      await patch(id, { op: "Add", path: "entitlements", value: [packed("Task-Export", "Export")] });
      const { body } = await patch(id, { op: "Add", path: "entitlements", value: "task-deletion" });
      assert.deepEqual(body.entitlements, [
        { value: "task-export", display: "Export", type: "Entitlement" },
        { value: "task-deletion", display: "Task deletion", type: "Entitlement" },
      ]);
      await patch(id, { op: "Remove", path: 'entitlements[value eq "TASK-EXPORT"]' });
      assert.deepEqual((await acme.store.users.byId(id))?.entitlements, ["task-deletion"]);
      const unnamed = await patch(id, { op: "add", path: "entitlements", value: [{ display: "x" }] });
      assert.match(unnamed.body.detail, /^Each entitlement needs a value/);
    });
  });
});
