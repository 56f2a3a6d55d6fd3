import assert from "node:assert/strict";
import { onEachDatabase } from "../helpers/databases.ts";
import { oktaUser } from "../helpers/scim.ts";
import { assertScimError, type ScimTenant, useScim } from "../helpers/scim-site.ts";

const name = "ada@acme.example";
const off = { op: "Replace", path: "active", value: "False" };
const missing = { op: "Remove", path: 'roles[value eq "admin"]' };
type Change = [what: string, method: "PUT" | "PATCH", body: object];

const patch = (...Operations: object[]) => ({ Operations });

/** Each lacks, names or removes something that alone is an error. */
const deactivations: Change[] = [
  ["lacks names and address", "PUT", { userName: name, active: false }],
  ["has an unknown role", "PUT", oktaUser(name, { active: false, roles: ["superuser"] })],
  ["then removes the addresses", "PATCH", patch(off, { op: "remove", path: "emails" })],
  ["first removes the names", "PATCH", patch({ op: "remove", path: "name" }, off)],
  [
    "empties the names in one object",
    "PATCH",
    patch({ op: "replace", value: { name: null, active: false } }),
  ],
  ["removes the login name", "PATCH", patch({ op: "remove", path: "userName" }, off)],
  ["removes a role that the person lacks", "PATCH", patch(missing, off)],
  [
    "empties a number that the person lacks",
    "PATCH",
    patch(off, { ...missing, path: 'phoneNumbers[type eq "fax"].value' }),
  ],
  ["adds an unknown entitlement", "PATCH", patch(off, { op: "add", path: "entitlements", value: ["x"] })],
];

describe("a deactivation", () => {
  onEachDatabase((use) => {
    const site = useScim(use);
    let acme: ScimTenant;
    let id: string;
    beforeEach(async () => {
      acme = await site().tenant("refuse");
      id = (await acme.client.send("POST", "/Users", oktaUser(name))).body.id;
    });
    const stored = async () => await acme.store.users.byId(id);
    const inBulk = async (method: string, data: object) => {
      const Operations = [{ method, path: `/Users/${id}`, data }];
      return (await acme.client.send("POST", "/Bulk", { Operations })).body.Operations[0].status;
    };

    for (const [what, method, body] of deactivations) {
      it(`is obeyed if the ${method} ${what}`, async () => {
        const { status, body: shown } = await acme.client.send(method, `/Users/${id}`, body);
        assert.deepEqual([status, shown.active, shown.userName], [200, false, name]);
        assert.equal((await stored())?.active, false);
      });

      it(`is obeyed in Bulk if the ${method} ${what}`, async () => {
        assert.equal(await inBulk(method, body), "200");
        assert.equal((await stored())?.active, false);
      });
    }

    it("excuses nothing but what is missing: a value that cannot be stored is 400", async () => {
      const wrong = { op: "replace", path: "title", value: "x".repeat(1001) };
      assertScimError(await acme.client.patch(`/Users/${id}`, off, wrong), 400, "invalidValue");
      assertScimError(
        await acme.client.patch(`/Users/${id}`, off, { op: "remove", path: "x" }),
        400,
        "invalidPath",
      );
      assert.equal((await stored())?.active, true);
    });

    it("is the only such change: the same requests without it are refused", async () => {
      assertScimError(await acme.client.send("PUT", `/Users/${id}`, { userName: name }), 400, "invalidValue");
      for (const body of [{ active: false }, { userName: " ", active: false }])
        assertScimError(await acme.client.send("PUT", `/Users/${id}`, body), 400, "invalidValue");
      assertScimError(await acme.client.patch(`/Users/${id}`, missing), 400, "noTarget");
      const on = { ...off, value: "True" };
      assertScimError(await acme.client.patch(`/Users/${id}`, off, missing, on), 400, "noTarget");
      assertScimError(
        await acme.client.patch(`/Users/${id}`, off, { op: "remove", path: "emails" }, on),
        400,
        "mutability",
      );
      assert.equal((await stored())?.version, 1);
    });
  });
});
