import assert from "node:assert/strict";
import { onEachDatabase } from "../helpers/databases.ts";
import { oktaUser, type ScimBody } from "../helpers/scim.ts";
import { assertScimError, type ScimTenant, useScim } from "../helpers/scim-site.ts";

const name = "ada@acme.example";

describe("roles and entitlements", () => {
  onEachDatabase((use) => {
    const site = useScim(use);
    let acme: ScimTenant;
    let id: string;
    beforeEach(async () => {
      acme = await site().tenant();
      id = (await acme.client.send("POST", "/Users", oktaUser(name))).body.id;
    });
    const put = (more: ScimBody) => acme.client.send("PUT", `/Users/${id}`, oktaUser(name, more));
    const role = () => acme.store.roles.effective(id);
    const admin = [{ value: "admin", display: "Admin" }];

    it("a group's role ends with the membership, even if a PUT echoed the role meanwhile", async () => {
      const group = { displayName: "Admins", members: [{ value: id }] };
      const groupId = (await acme.client.send("POST", "/Groups", group)).body.id;
      await acme.store.roles.mapGroup(groupId, "admin");
      assert.equal(await role(), "admin");
      const { body } = await acme.client.get(`/Users/${id}`);
      assert.equal(body.roles, undefined, "what a group grants is not what provisioning granted");
      assert.equal((await acme.client.send("PUT", `/Users/${id}`, body)).status, 200);
      assert.equal(await role(), "admin");
      const removal = { op: "remove", path: `members[value eq "${id}"]` };
      assert.equal((await acme.client.patch(`/Groups/${groupId}`, removal)).status, 204);
      assert.equal(await role(), "member");
    });

    it("deleting the group of the last owner is allowed, and removes the group's role", async () => {
      const group = { displayName: "Admins", members: [{ value: id }] };
      const groupId = (await acme.client.send("POST", "/Groups", group)).body.id;
      await acme.store.roles.mapGroup(groupId, "admin");
      assert.equal((await acme.client.send("DELETE", `/Groups/${groupId}`)).status, 204);
      assert.equal(await role(), "member");
    });

    it("roles replaces the grants of provisioning, and no other grant", async () => {
      await acme.store.roles.grant(id, "owner");
      assert.deepEqual((await put({ roles: admin })).body.roles, admin);
      assert.deepEqual((await put({ roles: [{ value: "member" }] })).body.roles, [
        { value: "member", display: "Member" },
      ]);
      const grants = await acme.store.roles.grantsOf(id);
      assert.deepEqual(grants.map((grant) => `${grant.source}: ${grant.role}`).sort(), [
        "manual: owner",
        "scim: member",
      ]);
    });

    const silent: [string, () => Promise<{ status: number }>][] = [
      ["a PUT without roles", () => put({})],
      [
        "a PATCH of something else",
        () => acme.client.patch(`/Users/${id}`, { op: "replace", value: { title: "T" } }),
      ],
      ["an echoed PUT", async () => put((await acme.client.get(`/Users/${id}`)).body)],
    ];
    for (const [what, call] of silent) {
      it(`${what} keeps roles and entitlements`, async () => {
        await put({ roles: admin, entitlements: [{ value: "task-export" }] });
        assert.equal((await call()).status, 200);
        const { body } = await acme.client.get(`/Users/${id}`);
        assert.deepEqual([await role(), body.roles, body.entitlements.length], ["admin", admin, 1]);
      });
    }

    for (const [how, clear] of [
      ["PUT", () => put({ roles: [], entitlements: [] })],
      [
        "PATCH",
        () =>
          acme.client.patch(
            `/Users/${id}`,
            { op: "remove", path: "roles" },
            { op: "remove", path: "entitlements" },
          ),
      ],
    ] as [string, () => Promise<{ status: number }>][]) {
      it(`an empty list by ${how} removes the grants of provisioning`, async () => {
        await put({ roles: admin, entitlements: [{ value: "task-export" }] });
        assert.equal((await clear()).status, 200);
        const { body } = await acme.client.get(`/Users/${id}`);
        assert.deepEqual([await role(), body.roles, body.entitlements], ["member", undefined, undefined]);
      });
    }

    for (const value of ["owner", "OWNER", "superuser", "constructor"]) {
      it(`"${value}" is not a role that clients may give: 400, by POST, PUT and PATCH`, async () => {
        const roles = [{ value }];
        assertScimError(
          await acme.client.send("POST", "/Users", oktaUser("eve", { roles })),
          400,
          "invalidValue",
        );
        assertScimError(await put({ roles }), 400, "invalidValue");
        const add = { op: "add", path: "roles", value: roles };
        assertScimError(await acme.client.patch(`/Users/${id}`, add), 400, "invalidValue");
        assert.equal(await role(), "member");
      });
    }

    it("PATCH adds and removes single roles", async () => {
      await acme.client.patch(`/Users/${id}`, { op: "add", path: "roles", value: admin });
      assert.equal(await role(), "admin");
      await acme.client.patch(`/Users/${id}`, { op: "remove", path: 'roles[value eq "admin"]' });
      assert.equal(await role(), "member");
    });

    it("/Roles lists member and admin, not owner; each can be read", async () => {
      const { body } = await acme.client.get("/Roles");
      assert.deepEqual(
        (body.Resources as ScimBody[]).map((one) => one.id),
        ["member", "admin"],
      );
      const one = (await acme.client.get("/Roles/admin")).body;
      assert.deepEqual(one, body.Resources[1]);
      assert.equal(one.meta.location, `${site().app.url}/scim/v2/Roles/admin`);
      assertScimError(await acme.client.get("/Roles/owner"), 404);
      assertScimError(await acme.client.get("/Entitlements/nothing"), 404);
    });

    it("filters find users by them", async () => {
      await put({ roles: admin, entitlements: [{ value: "task-export" }] });
      await acme.client.send("POST", "/Users", oktaUser("eve@acme.example"));
      for (const filter of ['roles.value eq "admin"', 'entitlements[value eq "task-export"]', "roles pr"]) {
        const { body } = await acme.client.find(filter);
        assert.deepEqual([body.totalResults, body.Resources[0]?.id], [1, id], filter);
      }
    });
  });
});
