import assert from "node:assert/strict";
import { onEachDatabase } from "../helpers/databases.ts";
import { oktaUser, type ScimBody } from "../helpers/scim.ts";
import { assertScimError, type ScimTenant, useScim } from "../helpers/scim-site.ts";

const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/** RFC 7643 §2.5: an attribute with one of these has no value. */
const empties: unknown[] = [null, "", [], [null], [""], {}, [{}], [{ value: null }], [[]]];

const told = (value: unknown) => JSON.stringify(value);

describe("an empty value", () => {
  onEachDatabase((use) => {
    const site = useScim(use);
    let acme: ScimTenant;
    before(async () => {
      acme = await site().tenant();
    });
    let count = 0;
    const nextName = () => `person${++count}@acme.example`;
    const create = async (more: ScimBody = {}) => {
      const { status, body, text } = await acme.client.send("POST", "/Users", oktaUser(nextName(), more));
      assert.equal(status, 201, text);
      return body;
    };
    const read = async (id: string) => (await acme.client.get(`/Users/${id}`)).body;
    const createInactive = () => create({ active: false, title: "Pilot" });

    for (const empty of empties) {
      it(`of active, ${told(empty)}, reactivates no one by PUT`, async () => {
        const { id, userName } = await createInactive();
        const { status, body } = await acme.client.send("PUT", `/Users/${id}`, {
          ...oktaUser(userName),
          active: empty,
        });
        assert.deepEqual([status, body.active], [200, false]);
        assert.equal((await acme.store.users.byId(id))?.active, false);
      });

      it(`of active, ${told(empty)}, is absent for POST: the account is active`, async () => {
        assert.equal((await create({ active: empty })).active, true);
      });

      it(`of active, ${told(empty)}, is absent in a PATCH without a path`, async () => {
        const { id } = await createInactive();
        const operation = { op: "replace", value: { active: empty, title: "Captain", password: empty } };
        const { status, body } = await acme.client.patch(`/Users/${id}`, operation);
        assert.deepEqual([status, body.active, body.title], [200, false, "Captain"]);
      });

      for (const op of ["add", "replace"]) {
        it(`of active, ${told(empty)}, is refused by PATCH with the path: ${op}`, async () => {
          const { id } = await createInactive();
          const answer = await acme.client.patch(`/Users/${id}`, { op, path: "active", value: empty });
          assertScimError(answer, 400, "mutability");
          assert.equal((await read(id)).active, false);
        });
      }
    }

    it("of active reactivates no one by Bulk", async () => {
      const { id, userName } = await createInactive();
      const { body } = await acme.client.send("POST", "/Bulk", {
        schemas: ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        Operations: [
          { method: "PUT", path: `/Users/${id}`, data: { ...oktaUser(userName), active: null } },
          {
            method: "PATCH",
            path: `/Users/${id}`,
            data: {
              schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
              Operations: [{ op: "replace", value: { active: "" } }],
            },
          },
        ],
      });
      const statuses = (body.Operations as ScimBody[]).map((one) => String(one.status));
      assert.deepEqual([statuses, (await read(id)).active], [["200", "200"], false]);
    });

    for (const value of ["null", "yes", "1", " ", 1, 0, [1], { value: true }]) {
      it(`is not ${told(value)}: active is refused, and no one reactivated`, async () => {
        const { id, userName } = await createInactive();
        const put = { ...oktaUser(userName), active: value };
        assertScimError(await acme.client.send("PUT", `/Users/${id}`, put), 400, "invalidValue");
        const patch = { op: "replace", path: "active", value };
        assertScimError(await acme.client.patch(`/Users/${id}`, patch), 400, "invalidValue");
        assert.equal((await read(id)).active, false);
      });
    }

    for (const value of [true, "true", "True", "TRUE"]) {
      it(`differs from ${told(value)}, which reactivates`, async () => {
        const { id, userName } = await createInactive();
        const put = { ...oktaUser(userName), active: value };
        assert.equal((await acme.client.send("PUT", `/Users/${id}`, put)).body.active, true);
      });
    }

    /** The attributes of /Schemas that a client may write, with the URN of their extension. */
    async function writable() {
      const { body } = await acme.client.get("/Schemas");
      const users = (body.Resources as ScimBody[]).filter(({ id }) => /:User$/.test(id));
      return users.flatMap(({ id, attributes }) =>
        (attributes as ScimBody[])
          .filter(
            ({ mutability, name }) => mutability === "readWrite" && !["userName", "active"].includes(name),
          )
          .map((attribute) => ({ urn: /:core:/.test(id) ? null : (id as string), attribute })),
      );
    }
    const inBody = (urn: string | null, name: string, value: unknown) =>
      urn === null ? { [name]: value } : { [urn]: { [name]: value } };

    for (const empty of empties) {
      it(`${told(empty)} is absent for every attribute, by POST, PUT and PATCH`, async () => {
        const attributes = await writable();
        assert.ok(attributes.length > 15);
        // An account has a name and an address; the test replaces one attribute at a time.
        const full = {
          nickName: "Ada",
          roles: [{ value: "admin", type: "x" }],
          entitlements: ["task-export"],
          addresses: [{ type: "work", locality: "London" }],
          [enterprise]: { department: "Research", manager: { value: "m1" } },
        };
        const { id, userName } = await create(full);
        for (const { urn, attribute } of attributes) {
          const { name, required } = attribute;
          if (required || ["name", "emails"].includes(name)) continue;
          const body = { ...oktaUser(userName, full), ...inBody(urn, name, empty) };
          const shown = (from: ScimBody) => (urn === null ? from : (from[urn] ?? {}))[name];
          const put = await acme.client.send("PUT", `/Users/${id}`, body);
          // PUT keeps absent rights, and only an empty list takes them away.
          const isKept = ["roles", "entitlements"].includes(name) && told(empty) !== "[]";
          assert.deepEqual(
            [put.status, shown(put.body) !== undefined],
            [200, isKept],
            `PUT ${name}: ${put.text}`,
          );
          const path = urn === null ? name : `${urn}:${name}`;
          await acme.client.send("PUT", `/Users/${id}`, oktaUser(userName, full));
          // An object without members names nothing to change.
          if (attribute.type !== "complex" || told(empty) !== "{}") {
            const patch = await acme.client.patch(`/Users/${id}`, { op: "replace", path, value: empty });
            assert.deepEqual([patch.status, shown(patch.body)], [200, undefined], `${name}: ${patch.text}`);
          }
        }
      });

      it(`${told(empty)} is absent for every sub-attribute`, async () => {
        for (const { urn, attribute } of await writable()) {
          const { name, multiValued, subAttributes = [] } = attribute as ScimBody;
          if (name === "roles" || name === "entitlements") continue;
          for (const { name: sub, required } of subAttributes as ScimBody[]) {
            const other = (subAttributes as ScimBody[]).find(
              (one) => one.type === "string" && one.name !== sub,
            );
            if (required || !other || sub === "$ref") continue;
            const element = { [other.name as string]: "kept", [sub]: empty };
            const named = name === "name" ? { givenName: "G", familyName: "F", ...element } : element;
            const sent = inBody(urn, name, multiValued ? [named] : named);
            const answer = await acme.client.send("POST", "/Users", oktaUser(nextName(), sent));
            if (name === "name" && answer.status === 400) continue;
            assert.equal(answer.status, 201, `${name}.${sub}: ${answer.text}`);
            const holder = urn === null ? answer.body : answer.body[urn];
            const stored = multiValued ? holder?.[name]?.[0] : holder?.[name];
            assert.equal(stored?.[sub], undefined, `${name}.${sub}`);
          }
        }
      });
    }

    // A group has few attributes, and each has a rule of its own; group-members.test.ts has those of members.
    for (const [endpoint, bodyOf] of [
      ["/Users", oktaUser],
      ["/Groups", (displayName: string) => ({ displayName })],
    ] as [string, (name: string) => ScimBody][]) {
      it(`of externalId is absent for ${endpoint}: PUT keeps it, and PATCH removes it`, async () => {
        const body = bodyOf(nextName());
        const { id } = (await acme.client.send("POST", endpoint, { ...body, externalId: "key" })).body;
        const address = `${endpoint}/${id}`;
        const shown = async () => (await acme.client.get(address)).body.externalId;
        for (const empty of empties) {
          const put = await acme.client.send("PUT", address, { ...body, externalId: empty });
          assert.deepEqual([put.status, put.body.externalId], [200, "key"], told(empty));
        }
        for (const operation of [
          { op: "remove", path: "externalId" },
          ...[null, "", []].map((value) => ({ op: "replace", path: "externalId", value })),
          { op: "replace", value: { externalId: "" } },
        ]) {
          const { status } = await acme.client.patch(address, operation);
          assert.equal(status, endpoint === "/Users" ? 200 : 204, told(operation));
          assert.equal(await shown(), undefined, told(operation));
          await acme.client.send("PUT", address, { ...body, externalId: "key" });
          assert.equal(await shown(), "key");
        }
      });
    }

    it("of displayName is refused for a group", async () => {
      const { id } = (await acme.client.send("POST", "/Groups", { displayName: "Crew" })).body;
      for (const empty of empties) {
        for (const [method, path] of [
          ["POST", "/Groups"],
          ["PUT", `/Groups/${id}`],
        ] as const)
          assertScimError(await acme.client.send(method, path, { displayName: empty }), 400, "invalidValue");
      }
      assert.equal((await acme.client.get(`/Groups/${id}`)).body.displayName, "Crew");
    });

    it("among others in a list is left out", async () => {
      const emails = [
        null,
        "",
        {},
        { value: "" },
        "ada@home.example",
        { value: "ada@work.example", type: null },
      ];
      const body = await create({ emails });
      assert.deepEqual(body.emails, [{ value: "ada@home.example" }, { value: "ada@work.example" }]);
    });
  });
});
