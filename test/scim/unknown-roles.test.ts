import assert from "node:assert/strict";
import { onEachDatabase } from "../helpers/databases.ts";
import { oktaUser, type ScimBody } from "../helpers/scim.ts";
import { assertScimError, type ScimTenant, useScim } from "../helpers/scim-site.ts";

describe("a tenant that ignores unknown roles", () => {
  onEachDatabase((use) => {
    const site = useScim(use);
    let acme: ScimTenant;
    beforeEach(async () => {
      acme = await site().tenant();
      await acme.store.settings.change({ unknownRoles: "ignore" });
    });
    let count = 0;
    const create = async (more: ScimBody) =>
      await acme.client.send("POST", "/Users", oktaUser(`p${++count}@acme.example`, more));
    const valuesIn = (body: ScimBody) =>
      ((body.roles ?? []) as ScimBody[]).map(({ value }) => value as string);

    /** The problems of the tenant, once there are as many: they are recorded after the answer. */
    async function problems(least: number) {
      for (;;) {
        const found = await acme.store.provisioningProblems.list(20);
        if (found.length >= least) return found;
        await new Promise((resolve) => setImmediate(resolve));
      }
    }

    it("creates the person without them, and lists what it ignored", async () => {
      const roles = [{ value: "superuser" }, { value: "admin" }, "r4nd0m"];
      const { status, body } = await create({ roles, entitlements: [{ value: "x" }] });
      assert.deepEqual([status, valuesIn(body), body.entitlements], [201, ["admin"], undefined]);
      assert.equal(await acme.store.roles.effective(body.id), "admin");
      const [problem] = await problems(1);
      assert.deepEqual(
        [problem?.kind, problem?.call, problem?.status],
        ["roles-ignored", "POST /Users", 201],
      );
      assert.match(
        problem?.detail ?? "",
        /^There is no role "superuser", "r4nd0m"\. There is no entitlement "x"\. The rest/,
      );
    });

    for (const value of ["owner", "OWNER"]) {
      it(`never gives the role ${value}`, async () => {
        const { status, body } = await create({ roles: [{ value, primary: true }] });
        assert.deepEqual([status, valuesIn(body)], [201, []]);
        assert.equal(await acme.store.roles.effective(body.id), "member");
      });
    }

    it("changes a person without them, by PUT and PATCH", async () => {
      const { body } = await create({ roles: ["admin"] });
      const path = `/Users/${body.id}`;
      const put = await acme.client.send("PUT", path, oktaUser(body.userName, { roles: ["r1"], title: "T" }));
      assert.deepEqual([put.status, put.body.title, valuesIn(put.body)], [200, "T", []]);
      const add = { op: "add", path: "roles", value: ["r2", "member", { display: "Nothing" }] };
      assert.deepEqual(valuesIn((await acme.client.patch(path, add)).body), ["member"]);
      const calls = (await problems(2)).map(({ call }) => call).sort();
      assert.deepEqual(calls, ["PATCH /Users/{id}", "PUT /Users/{id}"]);
    });

    it("takes a role away that an unknown one replaces", async () => {
      const { body } = await create({ roles: [{ value: "admin", primary: true }] });
      const replace = { op: "Replace", path: 'roles[primary eq "True"].value', value: "r4nd0m" };
      assert.equal((await acme.client.patch(`/Users/${body.id}`, replace)).status, 200);
      assert.equal(await acme.store.roles.effective(body.id), "member");
    });

    it("accepts the removal of what it ignored, but not of what a person with roles does not have", async () => {
      const { body } = await create({ roles: [{ value: "r4nd0m", primary: true }] });
      const path = `/Users/${body.id}`;
      for (const filter of ['roles[value eq "r4nd0m"]', 'roles[primary eq "True"].value'])
        assert.equal((await acme.client.patch(path, { op: "Remove", path: filter })).status, 200, filter);
      await acme.client.patch(path, { op: "add", path: "roles", value: "admin" });
      const missed = await acme.client.patch(path, { op: "Remove", path: 'roles[primary eq "True"]' });
      assertScimError(missed, 400, "noTarget");
      const address = await acme.client.patch(path, { op: "Remove", path: 'phoneNumbers[type eq "x"]' });
      assertScimError(address, 400, "noTarget");
    });

    it("is the tenant's choice: another tenant refuses", async () => {
      const other = await site().tenant();
      const user = oktaUser("x@other.example", { roles: ["admin", "superuser"] });
      const answer = await other.client.send("POST", "/Users", user);
      assertScimError(answer, 400, "invalidValue");
      assert.equal(answer.body.detail, 'There is no role "superuser".');
      assert.equal((await other.client.get("/Users")).body.totalResults, 0);
    });
  });
});
