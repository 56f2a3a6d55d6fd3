import assert from "node:assert/strict";
import { onEachDatabase } from "../helpers/databases.ts";
import { oktaUser, type ScimBody } from "../helpers/scim.ts";
import { assertScimError, type ScimTenant, useScim } from "../helpers/scim-site.ts";

const replace = (path: string, value: unknown) => ({ op: "Replace", path, value });
const primary = 'roles[primary eq "True"]';

/** RFC 7644 §3.5.2.3: a right that a client replaces is gone, or the client is told that it is not. */
describe("a replacement of a role", () => {
  onEachDatabase((use) => {
    const site = useScim(use);
    let acme: ScimTenant;
    let count = 0;
    before(async () => {
      acme = await site().tenant();
    });
    const create = async (more: ScimBody, { client } = acme) => {
      const { status, body, text } = await client.send(
        "POST",
        "/Users",
        oktaUser(`p${++count}@acme.example`, more),
      );
      assert.equal(status, 201, text);
      return body.id as string;
    };
    const patch = (id: string, ...operations: unknown[]) => acme.client.patch(`/Users/${id}`, ...operations);
    const rolesOf = async (id: string) =>
      ((await acme.client.get(`/Users/${id}`)).body.roles ?? []) as ScimBody[];

    const demotions: [string, ScimBody[], unknown[]][] = [
      ["the value", [{ value: "admin" }], [replace(`${primary}.value`, "member")]],
      [
        "the value, of a role marked not primary",
        [{ value: "admin", primary: false }],
        [replace(`${primary}.value`, "member")],
      ],
      [
        "the value, of a role with a type",
        [{ value: "admin", type: "x" }],
        [replace(`${primary}.value`, "member")],
      ],
      [
        "the value as JSON",
        [{ value: "admin" }],
        [replace(`${primary}.value`, '{"id":"1","value":"member"}')],
      ],
      ["the element", [{ value: "admin" }], [replace("roles[primary eq true]", { value: "member" })]],
      ["a key", [{ value: "admin" }], [{ op: "replace", value: { [`${primary}.value`]: "member" } }]],
      [
        "name, type and value, one after another",
        [{ value: "admin" }],
        [
          replace(`${primary}.display`, "Member"),
          replace(`${primary}.type`, "x"),
          replace(`${primary}.value`, "member"),
        ],
      ],
    ];
    for (const [what, roles, operations] of demotions) {
      it(`demotes a person whose only role is not marked primary: ${what}`, async () => {
        const id = await create({ roles });
        for (const round of ["first", "second"]) {
          const answer = await patch(id, ...operations);
          assert.equal(answer.status, 200, `${round}: ${answer.text}`);
          const [role, ...others] = await rolesOf(id);
          assert.deepEqual([role?.value, role?.primary, others], ["member", true, []], round);
          assert.equal(await acme.store.roles.effective(id), "member");
        }
      });
    }

    const missed: [string, ScimBody[], unknown][] = [
      ["another type", [{ value: "admin" }], replace('roles[type eq "B"].value', "member")],
      ["another name", [{ value: "admin" }], replace('roles[display eq "User"].value', "member")],
      ["another value", [{ value: "admin" }], replace('roles[value eq "member"]', { value: "member" })],
      [
        "what is not primary",
        [{ value: "admin", primary: true }],
        replace('roles[primary eq "False"].value', "member"),
      ],
      [
        "the primary one of a type",
        [{ value: "admin" }],
        replace('roles[primary eq true and type eq "x"].value', "member"),
      ],
      [
        "the primary one of two",
        [{ value: "admin" }, { value: "member", type: "x" }],
        replace(`${primary}.value`, "member"),
      ],
      ["a part of another element", [{ value: "admin" }], replace('roles[type eq "B"].display', "User")],
      ["a key", [{ value: "admin" }], { op: "Replace", value: { 'roles[type eq "B"].value': "member" } }],
    ];
    for (const [what, roles, operation] of missed) {
      it(`answers noTarget if the filter names ${what}, and changes nothing`, async () => {
        const id = await create({ roles });
        const before = await rolesOf(id);
        assertScimError(await patch(id, replace("title", "X"), operation), 400, "noTarget");
        assert.deepEqual(await rolesOf(id), before);
        assert.equal(await acme.store.roles.effective(id), "admin");
      });
    }

    it("is the same for entitlements", async () => {
      const id = await create({ entitlements: ["task-export"] });
      const other = replace('entitlements[type eq "B"].value', "task-deletion");
      assertScimError(await patch(id, other), 400, "noTarget");
      assert.equal(
        (await patch(id, replace('entitlements[primary eq "True"].value', "task-deletion"))).status,
        200,
      );
      assert.deepEqual((await acme.store.users.byId(id))?.entitlements, ["task-deletion"]);
    });

    it("creates the role of a person who has none, also after a removal in the same request", async () => {
      for (const [roles, ...operations] of [
        [[], replace('roles[type eq "B"].value', "member")],
        [[], replace(primary, { value: "member" })],
        [["admin"], { op: "remove", path: "roles" }, replace(`${primary}.value`, "member")],
        [["admin"], replace("roles", []), replace('roles[value eq "member"].type', "x")],
      ]) {
        const id = await create({ roles });
        const { status, text } = await patch(id, ...operations);
        assert.equal(status, 200, text);
        assert.deepEqual(
          (await rolesOf(id)).map(({ value }) => value),
          ["member"],
        );
      }
    });

    it("adds a role next to others if the client says add", async () => {
      const id = await create({ roles: ["admin"] });
      const add = { op: "Add", path: `${primary}.value`, value: "member" };
      assert.equal((await patch(id, add)).status, 200);
      assert.deepEqual(
        (await rolesOf(id)).map(({ value }) => value),
        ["admin", "member"],
      );
    });

    const value = replace(`${primary}.value`, "member");
    const display = replace(`${primary}.display`, "Foo");
    const names: [string, unknown[], string][] = [
      ["before the value", [display, value], "Foo"],
      ["after the value", [value, display], "Foo"],
      ["before, with the type between", [display, replace(`${primary}.type`, "x"), value], "Foo"],
      [
        "as a key before the value",
        [{ op: "replace", value: { [`${primary}.display`]: "Foo", [`${primary}.value`]: "member" } }],
        "Foo",
      ],
      ["again, as it was", [replace(`${primary}.display`, "Chief"), value], "Chief"],
      [
        "by adding the role once more",
        [{ op: "add", path: "roles", value: [{ value: "admin", type: "t", display: "Foo" }] }, value],
        "Foo",
      ],
      ["with the element", [replace(primary, { value: "member", display: "Foo" })], "Foo"],
      ["not at all", [value], "Member"],
      ["not at all, with the type", [replace(`${primary}.type`, "x"), value], "Member"],
      ["only to choose the role", [replace('roles[display eq "Chief"].value', "member")], "Member"],
      ["only to choose the element", [replace('roles[display eq "Chief"]', { value: "member" })], "Member"],
      ["and taken away again", [display, { op: "remove", path: `${primary}.display` }, value], "Member"],
      ["not at all, with the same value in another case", [replace(`${primary}.value`, "ADMIN")], "Chief"],
      ["not at all, with another type alone", [replace(`${primary}.type`, "x")], "Chief"],
    ];
    for (const [how, operations, shown] of names) {
      it(`shows the name ${shown} if it is sent ${how}`, async () => {
        const id = await create({ roles: [{ value: "admin", display: "Chief", primary: true, type: "t" }] });
        const answer = await patch(id, ...operations);
        assert.equal(answer.status, 200, answer.text);
        assert.deepEqual(
          (await rolesOf(id)).map((role) => role.display),
          [shown],
        );
      });
    }

    it("keeps the name of a new role that is sent before its value", async () => {
      for (const op of ["Add", "Replace"]) {
        const id = await create({});
        await patch(id, { ...display, op }, { ...value, op });
        assert.deepEqual(await rolesOf(id), [{ value: "member", display: "Foo", primary: true }]);
      }
    });

    it("demotes a person whose unknown primary role was ignored", async () => {
      const tenant = await site().tenant();
      await tenant.store.settings.change({ unknownRoles: "ignore" });
      const id = await create({ roles: [{ value: "xyz", primary: true }, { value: "admin" }] }, tenant);
      const answer = await tenant.client.patch(`/Users/${id}`, replace(`${primary}.value`, "member"));
      assert.deepEqual(
        (answer.body.roles as ScimBody[]).map(({ value }) => value),
        ["member"],
      );
      assert.equal(await tenant.store.roles.effective(id), "member");
    });
  });
});
