import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { attributes as table } from "../../config/attributes.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { newUser } from "../helpers/people.ts";
import { oktaUser, type ScimAnswer, type ScimBody } from "../helpers/scim.ts";
import { assertScimError, type ScimTenant, useScim } from "../helpers/scim-site.ts";

const core = "urn:ietf:params:scim:schemas:core:2.0:User";
const bulk = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
const required = ["userName", "name.familyName", "name.givenName", "emails"];

/** A whole user without one attribute or one part of it. */
function without(path: string, userName = "ada@acme.example"): ScimBody {
  const body = structuredClone(oktaUser(userName)) as ScimBody;
  const [top = "", sub] = path.split(".");
  if (sub) delete body[top][sub];
  else delete body[top];
  return body;
}

/** A whole user in which one attribute has another value. */
function withValue(path: string, value: unknown): ScimBody {
  const body = without(path);
  const [top = "", sub] = path.split(".");
  if (sub) body[top][sub] = value;
  else body[top] = value;
  return body;
}

const refused = (answer: ScimAnswer, ...paths: string[]) => {
  assertScimError(answer, 400, "invalidValue");
  for (const path of paths) assert.ok(answer.body.detail.includes(path), answer.body.detail);
  assert.match(answer.body.detail, / (is|are) required\.$/);
};

describe("the required attributes of a user", () => {
  onEachDatabase((use) => {
    const site = useScim(use);
    let acme: ScimTenant;
    beforeEach(async () => {
      acme = await site().tenant("refuse");
    });
    const post = (body: unknown) => acme.client.send("POST", "/Users", body);
    const create = async (userName = "ada@acme.example") =>
      (await post(oktaUser(userName))).body.id as string;

    async function announced(tenant = acme): Promise<string[]> {
      const { body } = await tenant.client.get(`/Schemas/${core}`);
      return (body.attributes as ScimBody[])
        .filter((attribute) => attribute.required)
        .flatMap(({ name, subAttributes = [] }) => {
          const parts = (subAttributes as ScimBody[]).filter((sub) => sub.required);
          return parts.length === 0 ? [name] : parts.map((sub) => `${name}.${sub.name}`);
        });
    }

    it("are the same in /Schemas, in config/attributes.ts and in the guide", async () => {
      assert.deepEqual(await announced(), required);
      const listed = table.filter((entry) => entry.required).map(({ scim }) => scim);
      assert.deepEqual(listed.sort(), [...required].sort());
      const guide = readFileSync(new URL("../../docs/guides/scim.md", import.meta.url), "utf8");
      const rows = [...guide.matchAll(/^\| [^|]+ \| `([^`]+)` \| [^|]+ \| Yes \|/gm)].map(([, path]) => path);
      assert.deepEqual(rows.sort(), [...required].sort());
    });

    it("mark the name, too, whose parts are required", async () => {
      const { body } = await acme.client.get(`/Schemas/${core}`);
      const name = (body.attributes as ScimBody[]).find((attribute) => attribute.name === "name");
      assert.equal(name?.required, true);
    });

    for (const path of required) {
      it(`refuse a new user without ${path}, by POST and in Bulk`, async () => {
        refused(await post(without(path)), path);
        const data = without(path);
        const Operations = [{ method: "POST", path: "/Users", bulkId: "1", data }];
        const { body } = await acme.client.send("POST", "/Bulk", { schemas: [bulk], Operations });
        assert.equal(body.Operations[0].status, "400");
        assert.ok(body.Operations[0].response.detail.includes(path));
        assert.equal(await acme.store.users.count(), 0);
      });

      for (const value of [null, "", "  ", [], {}]) {
        it(`refuse a new user whose ${path} is ${JSON.stringify(value)}`, async () => {
          assertScimError(await post(withValue(path, value)), 400, "invalidValue");
          assert.equal(await acme.store.users.count(), 0);
        });
      }
    }

    it("are all named at once, and a userName comes first", async () => {
      refused(await post({ userName: "ada@acme.example" }), "name.familyName, name.givenName, emails");
      refused(await post({}), "userName");
      refused(await post({ ...without("name"), name: null }), "name.familyName, name.givenName");
    });

    it("need an address, not an element without one", async () => {
      for (const emails of [[{ type: "work" }], [{ type: "work", value: "" }], [{ value: null }]])
        refused(await post(withValue("emails", emails)), "emails");
      for (const emails of [["a@acme.example"], { value: "a@acme.example" }])
        assert.equal((await post({ ...oktaUser(JSON.stringify(emails)), emails })).status, 201);
    });

    it("are found under the core URN and in any case", async () => {
      const { userName, ...rest } = oktaUser("urn@acme.example");
      assert.equal((await post({ schemas: [core], [core]: { userName, ...rest } })).status, 201);
      const { name, emails } = rest;
      const spelled = { USERNAME: "case@acme.example", Name: name, EMAILS: emails };
      assert.equal((await post(spelled)).status, 201);
    });

    it("cannot be taken away by PUT", async () => {
      const id = await create();
      for (const path of required) {
        refused(await acme.client.send("PUT", `/Users/${id}`, without(path)), path);
        for (const value of [null, ""])
          assertScimError(
            await acme.client.send("PUT", `/Users/${id}`, withValue(path, value)),
            400,
            "invalidValue",
          );
      }
      assert.equal((await acme.store.users.byId(id))?.version, 1);
      assert.equal((await acme.client.send("PUT", `/Users/${id}`, oktaUser("ada@acme.example"))).status, 200);
    });

    const removals: [what: string, operation: object][] = [
      ["a part", { op: "remove", path: "name.familyName" }],
      ["the name", { op: "remove", path: "name" }],
      ["a part that is emptied", { op: "replace", path: "name.givenName", value: "" }],
      ["a part of an object", { op: "replace", value: { name: { familyName: null } } }],
      ["every address", { op: "remove", path: "emails" }],
      ["the last address", { op: "remove", path: 'emails[type eq "work"]' }],
      ["the value of the last address", { op: "remove", path: 'emails[type eq "work"].value' }],
    ];
    for (const [what, operation] of removals) {
      it(`cannot be taken away by PATCH: ${what}`, async () => {
        const id = await create();
        assertScimError(await acme.client.patch(`/Users/${id}`, operation), 400, "mutability");
        assert.equal((await acme.store.users.byId(id))?.version, 1);
      });
    }

    it("can be changed by PATCH", async () => {
      const id = await create();
      const changes = [
        { op: "replace", path: "name.familyName", value: "King" },
        { op: "replace", path: 'emails[type eq "work"].value', value: "king@acme.example" },
        { op: "add", path: "emails", value: [{ type: "home", value: "home@acme.example" }] },
        { op: "remove", path: 'emails[type eq "home"]' },
      ];
      for (const change of changes)
        assert.equal((await acme.client.patch(`/Users/${id}`, change)).status, 200, JSON.stringify(change));
    });

    it("can be removed by one operation of a PATCH and set by the next", async () => {
      const id = await create();
      const operations = [
        { op: "remove", path: "emails" },
        { op: "remove", path: "name.familyName" },
        { op: "add", path: "emails", value: [{ type: "home", value: "home@acme.example" }] },
        { op: "add", value: { name: { familyName: "King" } } },
      ];
      const { status, body } = await acme.client.patch(`/Users/${id}`, ...operations);
      assert.equal(status, 200);
      assert.deepEqual([body.emails[0].value, body.name.familyName], ["home@acme.example", "King"]);
    });

    it("do not keep a user who never had them from being read, listed, renamed or deactivated", async () => {
      const known = newUser("nameless@acme.example", { origin: "just-in-time", attributes: {} });
      const { id } = await acme.store.users.create(known);
      const listed = (await acme.client.find('userName eq "nameless@acme.example"')).body.Resources[0];
      assert.deepEqual([listed.id, listed.name], [id, undefined]);
      const on = (active: boolean) => acme.client.patch(`/Users/${id}`, { op: "replace", value: { active } });
      assert.equal((await on(false)).body.active, false);
      assert.equal((await on(true)).status, 200);
      const back = await acme.client.send("PUT", `/Users/${id}`, { ...listed, active: false });
      assert.deepEqual([back.status, back.body.active], [200, false]);
      const named = { op: "add", path: "name.givenName", value: "Ada" };
      assert.equal((await acme.client.patch(`/Users/${id}`, named)).body.name.givenName, "Ada");
      refused(await acme.client.send("PUT", `/Users/${id}`, { ...listed, active: true }), "name.givenName");
    });

    describe("and what directories send", () => {
      const whole: [client: string, body: object][] = [
        ["Okta", oktaUser("okta@acme.example")],
        [
          "Entra",
          {
            schemas: [core],
            externalId: "ada",
            userName: "entra@acme.example",
            active: true,
            displayName: "Ada",
            emails: [{ primary: true, type: "work", value: "ada@acme.example" }],
            meta: { resourceType: "User" },
            name: { formatted: "Ada Lovelace", familyName: "Lovelace", givenName: "Ada" },
          },
        ],
        [
          "Microsoft's Postman collection",
          {
            UserName: "postman",
            active: true,
            schemas: [core],
            name: { formatted: "Ada Lovelace", familyName: "Lovelace", givenName: "Ada" },
            emails: [
              { Primary: true, type: "work", value: "work@acme.example" },
              { Primary: false, type: "home", value: "home@acme.example" },
            ],
          },
        ],
        [
          "authentik",
          {
            schemas: [core],
            userName: "ada",
            externalId: "42",
            name: { formatted: "Ada King Lovelace", givenName: "Ada", familyName: "King Lovelace" },
            displayName: "Ada King Lovelace",
            photos: [],
            locale: null,
            active: true,
            emails: [{ value: "ada@acme.example", type: "other", primary: true }],
          },
        ],
      ];
      for (const [client, body] of whole)
        it(`accept a person of ${client}`, async () => assert.equal((await post(body)).status, 201));

      const incomplete: [what: string, body: object][] = [
        [
          "authentik sends for someone with one name and no address",
          {
            schemas: [core],
            userName: "madonna",
            name: { formatted: "Madonna", givenName: "Madonna", familyName: "" },
            displayName: "Madonna",
            emails: [],
          },
        ],
        [
          "Entra sends for a guest without names, or an account without a mailbox",
          { schemas: [core], userName: "guest@acme.example", displayName: "Guest", active: "True" },
        ],
        [
          "Keycloak sends for a user without names",
          {
            schemas: [core],
            userName: "keycloak",
            name: { givenName: null, familyName: null },
            emails: [{ value: "k@acme.example" }],
          },
        ],
      ];
      for (const [what, body] of incomplete) {
        it(`accept what ${what}, if the tenant's setting says so`, async () => {
          refused(await post(body));
          await acme.store.settings.change({ incompletePeople: "accept" });
          assert.deepEqual(await announced(), ["userName"]);
          const { status, body: created } = await post(body);
          assert.equal(status, 201);
          const path = `/Users/${created.id}`;
          assert.equal((await acme.client.send("PUT", path, body)).status, 200);
          assert.equal((await acme.client.patch(path, { op: "remove", path: "emails" })).status, 200);
          refused(await post({ ...body, userName: undefined }), "userName");
        });
      }
    });
  });
});
