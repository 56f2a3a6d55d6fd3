import assert from "node:assert/strict";
import { onEachDatabase } from "../helpers/databases.ts";
import type { ScimBody } from "../helpers/scim.ts";
import { assertScimError, type ScimTenant, useScim } from "../helpers/scim-site.ts";

const core = "urn:ietf:params:scim:schemas:core:2.0:User";
const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const group = "urn:ietf:params:scim:schemas:core:2.0:Group";

/** A URN, a path below it, and a value to set, with the member of the user that then has it. */
const targets: [string, string, unknown, (user: ScimBody) => unknown][] = [
  [enterprise, "department", "Research", (user) => user[enterprise]?.department],
  [enterprise, "employeeNumber", "4711", (user) => user[enterprise]?.employeeNumber],
  [enterprise, "manager", "26118915", (user) => user[enterprise]?.manager?.value],
  [enterprise, "manager.value", "26118916", (user) => user[enterprise]?.manager?.value],
  [core, "title", "Countess", (user) => user.title],
  [core, "name.familyName", "Lovelace", (user) => user.name?.familyName],
  [core, "userType", "Employee", (user) => user.userType],
];
const spellings: [string, (urn: string, path: string) => string][] = [
  ["a colon", (urn, path) => `${urn}:${path}`],
  ["a dot", (urn, path) => `${urn}.${path}`],
  ["a dot, in upper case", (urn, path) => `${urn.toUpperCase()}.${path.toUpperCase()}`],
];

describe("a path below a schema's URN", () => {
  onEachDatabase((use) => {
    const site = useScim(use);
    let acme: ScimTenant;
    let count = 0;
    before(async () => {
      acme = await site().tenant();
    });
    const newName = () => `user${++count}@acme.example`;
    const create = async (more: ScimBody = {}) => {
      const { status, body } = await acme.client.send("POST", "/Users", { userName: newName(), ...more });
      assert.equal(status, 201, JSON.stringify(body));
      return body;
    };

    for (const [how, write] of spellings) {
      for (const [urn, name, value, read] of targets) {
        const key = write(urn, name);
        it(`with ${how} sets ${name}, by PATCH with and without a path, POST, PUT and a filter`, async () => {
          const { id, userName } = await create();
          const path = `/Users/${id}`;
          const set = async (operation: ScimBody) => {
            await acme.client.send("PUT", path, { userName });
            const { status, body } = await acme.client.patch(path, operation);
            assert.deepEqual([status, read(body)], [200, value], JSON.stringify(body));
          };
          await set({ op: "add", path: key, value });
          await set({ op: "Replace", path: key, value });
          await set({ op: "replace", value: { [key]: value } });
          assert.equal(read((await acme.client.send("PUT", path, { userName, [key]: value })).body), value);
          assert.equal(read((await acme.client.get(path)).body), value);
          const filter = `${key} eq ${JSON.stringify(value)} and userName eq "${userName}"`;
          assert.equal((await acme.client.find(filter)).body.totalResults, 1);
          const shown = (await acme.client.get(`${path}?attributes=${encodeURIComponent(key)}`)).body;
          assert.deepEqual([read(shown), shown.userName], [value, undefined]);
          const hidden = (await acme.client.get(`${path}?excludedAttributes=${encodeURIComponent(key)}`))
            .body;
          assert.deepEqual([read(hidden), hidden.userName], [undefined, userName]);
          const removal = await acme.client.patch(path, { op: "remove", path: key });
          assert.deepEqual([removal.status, read(removal.body)], [200, undefined]);
          assert.equal(read(await create({ [key]: value })), value);
        });
      }
    }

    it("chooses elements of a list", async () => {
      const { id } = await create({ emails: [{ type: "work", value: "a@acme.example" }] });
      const path = `${core}.emails[type eq "work"].value`;
      const answer = await acme.client.patch(`/Users/${id}`, {
        op: "replace",
        path,
        value: "b@acme.example",
      });
      assert.deepEqual(answer.body.emails, [{ type: "work", value: "b@acme.example" }]);
      const filter = `${core}.emails[type eq "work" and value eq "b@acme.example"]`;
      assert.equal((await acme.client.find(filter)).body.totalResults, 1);
    });

    it("joins the object of the same URN in a body", async () => {
      const body = await create({
        [enterprise]: { division: "Theory", manager: { displayName: "Boss" } },
        [`${enterprise}:department`]: "Research",
        [`${enterprise}.manager.value`]: "1",
        [`${core}:name.givenName`]: "Ada",
        [`${core}.name.familyName`]: "Lovelace",
      });
      assert.deepEqual(
        [body[enterprise].division, body[enterprise].department, body[enterprise].manager.value, body.name],
        ["Theory", "Research", "1", { givenName: "Ada", familyName: "Lovelace" }],
      );
    });

    it("clears an attribute that is sent empty", async () => {
      const { id, userName } = await create({ [`${enterprise}:department`]: "Research" });
      const sent = { userName, [`${enterprise}.department`]: null };
      assert.equal((await acme.client.send("PUT", `/Users/${id}`, sent)).body[enterprise], undefined);
    });

    const twice: [string, ScimBody][] = [
      ["the object of the URN", { [enterprise]: { department: "A" }, [`${enterprise}.department`]: "B" }],
      ["another spelling", { [`${enterprise}:department`]: "A", [`${enterprise}.DEPARTMENT`]: "A" }],
      ["the bare name", { title: "A", [`${core}:title`]: "B" }],
      ["the whole attribute", { [`${enterprise}:manager`]: "1", [`${enterprise}:manager.value`]: "2" }],
    ];
    for (const [where, more] of twice) {
      it(`is 400 if the attribute is there a second time, by ${where}`, async () => {
        const answer = await acme.client.send("POST", "/Users", { userName: newName(), ...more });
        assertScimError(answer, 400, "invalidSyntax");
      });
    }

    for (const name of ["__proto__", "constructor", "manager.__proto__", "prototype.x"]) {
      it(`is 400 with the reserved name ${name}`, async () => {
        for (const separator of [":", "."]) {
          const key = `${enterprise}${separator}${name}`;
          const answer = await acme.client.send("POST", "/Users", { userName: newName(), [key]: { x: 1 } });
          assertScimError(answer, 400, "invalidSyntax");
          const { id } = await create();
          assertScimError(
            await acme.client.patch(`/Users/${id}`, { op: "add", path: key, value: "x" }),
            400,
            "invalidPath",
          );
        }
      });
    }

    for (const key of ["urn:acme:unknown:User.department", "urn:acme:unknown:User:department"]) {
      it(`is refused with an unknown URN where it is deliberate, and ignored in a body: ${key}`, async () => {
        const { id } = await create({ [key]: "x" });
        const path = `/Users/${id}`;
        assertScimError(
          await acme.client.patch(path, { op: "add", path: key, value: "x" }),
          400,
          "invalidPath",
        );
        assertScimError(await acme.client.find(`${key} eq "x"`), 400, "invalidFilter");
        assertScimError(await acme.client.get(`/Users?sortBy=${key}`), 400, "invalidValue");
        const answer = await acme.client.patch(path, { op: "add", value: { [key]: "x", title: "T" } });
        assert.deepEqual([answer.status, answer.body.title], [200, "T"]);
        assert.deepEqual(Object.keys((await acme.client.get(`${path}?attributes=${key}`)).body), [
          "schemas",
          "id",
        ]);
      });
    }

    it("is 400 for an attribute that the schema does not have", async () => {
      const { id } = await create();
      for (const path of [`${enterprise}.colour`, `${enterprise}.manager.colour`, `${core}.department`])
        assertScimError(
          await acme.client.patch(`/Users/${id}`, { op: "add", path, value: "x" }),
          400,
          "invalidPath",
        );
    });

    for (const path of [
      `${enterprise}:manager.displayName`,
      `${enterprise}.manager.displayName`,
      `${enterprise.toUpperCase()}:MANAGER.DISPLAYNAME`,
    ]) {
      it(`is 400 mutability for the manager's name, which is read-only: ${path}`, async () => {
        const { id } = await create();
        for (const op of ["add", "replace", "remove"])
          assertScimError(
            await acme.client.patch(`/Users/${id}`, { op, path, value: "x" }),
            400,
            "mutability",
          );
        const value = { [path]: "x", title: "Countess" };
        const answer = await acme.client.patch(`/Users/${id}`, { op: "replace", value });
        assert.deepEqual([answer.status, answer.body.title], [200, "Countess"]);
      });
    }

    it("names what a group has", async () => {
      const { id: user } = await create();
      const { body } = await acme.client.send("POST", "/Groups", { [`${group}:displayName`]: `G${count}` });
      const path = `/Groups/${body.id}`;
      const add = { op: "add", path: `${group}.members`, value: [{ value: user }] };
      const rename = { op: "replace", value: { [`${group}.displayName`]: `H${count}` } };
      assert.equal((await acme.client.patch(path, add, rename)).status, 204);
      const changed = (await acme.client.get(path)).body;
      assert.deepEqual([changed.displayName, changed.members.length], [`H${count}`, 1]);
      const remove = { op: "remove", path: `${group}.members[value eq "${user}"]` };
      assert.equal((await acme.client.patch(path, remove)).status, 204);
      assert.deepEqual((await acme.client.get(path)).body.members, []);
      const filter = encodeURIComponent(`${group}.displayName eq "H${count}"`);
      assert.equal((await acme.client.get(`/Groups?filter=${filter}`)).body.totalResults, 1);
    });
  });
});
