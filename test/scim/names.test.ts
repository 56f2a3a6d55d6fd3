import assert from "node:assert/strict";
import { updateProvisionedUser } from "../../src/directory/provisioning.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { newUser } from "../helpers/people.ts";
import { oktaUser, type ScimAnswer } from "../helpers/scim.ts";
import { assertScimError, type ScimTenant, useScim } from "../helpers/scim-site.ts";

const bulk = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
const group = (displayName: string) => ({
  schemas: ["urn:ietf:params:scim:schemas:core:2.0:Group"],
  displayName,
});
const refused = (answer: ScimAnswer, says: string) => {
  assertScimError(answer, 400, "invalidValue");
  assert.match(answer.body.detail, new RegExp(`${says}, which cannot be seen\\.$`));
};

describe("SCIM and names with deceptive characters", () => {
  onEachDatabase((use) => {
    const site = useScim(use);
    let acme: ScimTenant;
    beforeEach(async () => {
      acme = await site().tenant();
    });
    const create = (userName: string, more = {}) =>
      acme.client.send("POST", "/Users", oktaUser(userName, more));
    const existing = async () => (await create("ada@acme.example")).body.id as string;

    for (const [name, says] of Object.entries({
      "o\u202e@inb.test": "The login name contains U\\+202E RIGHT-TO-LEFT OVERRIDE",
      "o\u200b@inb.test": "The login name contains U\\+200B ZERO WIDTH SPACE",
      "o\n@inb.test": "The login name contains U\\+000A LINE FEED",
      "o\u0007@inb.test": "The login name contains U\\+0007 BELL",
      "o\u001b[31m@inb.test": "The login name contains U\\+001B ESCAPE",
    })) {
      it(`refuses them in userName, by POST, PUT and PATCH: ${JSON.stringify(name)}`, async () => {
        const id = await existing();
        refused(await create(name), says);
        refused(await acme.client.send("PUT", `/Users/${id}`, oktaUser(name)), says);
        for (const operation of [
          { op: "replace", path: "userName", value: name },
          { op: "replace", value: { userName: name } },
        ])
          refused(await acme.client.patch(`/Users/${id}`, operation), says);
        const Operations = [{ method: "POST", path: "/Users", bulkId: "1", data: oktaUser(name) }];
        const { body } = await acme.client.send("POST", "/Bulk", { schemas: [bulk], Operations });
        assert.equal(body.Operations[0].status, "400");
        assert.match(body.Operations[0].response.detail, new RegExp(says));
        assert.equal(await acme.store.users.count(), 1);
        assert.equal((await acme.store.users.byId(id))?.loginName, "ada@acme.example");
      });
    }

    for (const [path, says] of Object.entries({
      "name.givenName": "The first name",
      "name.familyName": "The last name",
      "name.formatted": "The full name",
      "name.middleName": "The middle name",
      "name.honorificPrefix": "The honorific prefix",
      displayName: "The display name",
      nickName: "The nickname",
    })) {
      it(`refuses them in ${path}`, async () => {
        const id = await existing();
        const value = "Ada\u202ecalevoL";
        const [top = "", sub] = path.split(".");
        const contains = `${says} contains U\\+202E RIGHT-TO-LEFT OVERRIDE`;
        const sent = oktaUser("new@acme.example");
        const more = { [top]: sub ? { ...(sent.name as object), [sub]: value } : value };
        refused(await create("new@acme.example", more), contains);
        refused(await acme.client.patch(`/Users/${id}`, { op: "add", path, value }), contains);
        refused(await acme.client.send("PUT", `/Users/${id}`, { ...sent, ...more }), contains);
        assert.equal((await acme.store.users.byId(id))?.version, 1);
      });
    }

    it("refuses them in an e-mail address", async () => {
      const emails = [{ value: "ada\u200b@acme.example", type: "work", primary: true }];
      refused(
        await create("new@acme.example", { emails }),
        "The e-mail address contains U\\+200B ZERO WIDTH SPACE",
      );
    });

    it("refuses them in a group's name", async () => {
      const contains = "The group's name contains U\\+2066 LEFT-TO-RIGHT ISOLATE";
      refused(await acme.client.send("POST", "/Groups", group("Ops\u2066")), contains);
      const { id } = (await acme.client.send("POST", "/Groups", group("Ops"))).body;
      refused(await acme.client.send("PUT", `/Groups/${id}`, group("Ops\u2066")), contains);
      const rename = { op: "replace", path: "displayName", value: "Ops\u2066" };
      refused(await acme.client.patch(`/Groups/${id}`, rename), contains);
      assert.equal((await acme.store.groups.byId(id))?.displayName, "Ops");
    });

    it("accepts real names: accents, apostrophes, other scripts, emoji, plus signs", async () => {
      const names = {
        "josé+news@acme.example": "José O’Brien-Núñez",
        "山田@acme.example": "山田 太郎 (Yamada)",
        "иван@acme.example": "Иван",
        "reza@acme.example": "علی‌رضا",
        "o'brien": "👩‍💻 Ada ❤️",
      };
      for (const [userName, displayName] of Object.entries(names)) {
        const { status, body } = await create(userName, { displayName });
        assert.deepEqual([status, body.userName, body.displayName], [201, userName, displayName]);
      }
    });

    it("trims a login name", async () => {
      assert.equal((await create("  ada@acme.example ")).body.userName, "ada@acme.example");
      assertScimError(await create("ada@acme.example  "), 409, "uniqueness");
    });

    it("keeps an old name until it changes, and lets everything else about the user change", async () => {
      const old = "o\u202e@inb.test";
      const { id } = await acme.store.users.create(
        newUser(old, {
          email: old,
          sourceId: acme.writer.source.id,
          displayName: "A\u200b",
          attributes: { displayName: "A\u200b", emails: [{ value: old, primary: true }] },
        }),
      );
      const off = await acme.client.patch(`/Users/${id}`, { op: "replace", value: { active: false } });
      assert.deepEqual([off.status, off.body.userName, off.body.active], [200, old, false]);
      const same = oktaUser(old, { displayName: "A\u200b", title: "Countess" });
      assert.equal((await acme.client.send("PUT", `/Users/${id}`, same)).status, 200);
      const renamed = oktaUser("o@inb.test");
      assert.equal((await acme.client.send("PUT", `/Users/${id}`, renamed)).body.userName, "o@inb.test");
    });
  });
});

describe("SCIM and names that look the same", () => {
  onEachDatabase((use) => {
    const site = useScim(use);
    let acme: ScimTenant;
    beforeEach(async () => {
      acme = await site().tenant();
    });
    const create = (userName: string) => acme.client.send("POST", "/Users", oktaUser(userName));
    const found = async (filter: string) =>
      (await acme.client.find(filter)).body.Resources.map(({ userName }: { userName: string }) => userName);

    for (const [first, second] of [
      ["fiona@acme.example", "ﬁona@acme.example"],
      ["ﬁona@acme.example", "FIONA@acme.example"],
      ["ａｄａ@acme.example", "ada@acme.example"],
      ["jose\u0301", "JOSÉ"],
    ] as const) {
      it(`treats ${first} and ${second} as one name`, async () => {
        const { body } = await create(first);
        assertScimError(await create(second), 409, "uniqueness");
        const other = (await create("other@acme.example")).body.id;
        const rename = { op: "replace", path: "userName", value: second };
        assertScimError(await acme.client.patch(`/Users/${other}`, rename), 409, "uniqueness");
        for (const name of [first, second]) {
          assert.deepEqual(await found(`userName eq "${name}"`), [first]);
          assert.deepEqual(await found(`userName sw "${name.slice(0, 3)}"`), [first]);
          assert.deepEqual(await found(`not (userName ne "${name}")`), [first]);
        }
        assert.equal(body.userName, first, "what was given is kept");
        assert.equal((await acme.client.patch(`/Users/${body.id}`, rename)).body.userName, second);
      });
    }

    it("treats a letter of another script as a different name", async () => {
      for (const name of ["ada@acme.example", "\u0430da@acme.example"])
        assert.equal((await create(name)).status, 201);
    });

    it("treats them as one name for groups, also in a filter on a user's groups", async () => {
      const { id: ada } = (await create("ada@acme.example")).body;
      const members = [{ value: ada }];
      const { body } = await acme.client.send("POST", "/Groups", { ...group("Oﬃce"), members });
      assertScimError(await acme.client.send("POST", "/Groups", group("office")), 409, "uniqueness");
      for (const name of ["Oﬃce", "OFFICE"]) {
        const filter = encodeURIComponent(`displayName eq "${name}"`);
        const groups = (await acme.client.get(`/Groups?filter=${filter}`)).body.Resources;
        assert.deepEqual(
          groups.map(({ id }: { id: string }) => id),
          [body.id],
        );
        assert.deepEqual(await found(`groups.display eq "${name}"`), ["ada@acme.example"]);
        assert.deepEqual(await found(`groups[display eq "${name}"]`), ["ada@acme.example"]);
      }
    });

    it("stores a name whose key is longer than itself if it fits the index, and refuses it otherwise", async () => {
      assertScimError(await create("\ufdfa".repeat(200)), 400, "invalidValue");
      assertScimError(
        await acme.client.send("POST", "/Groups", group("\ufdfa".repeat(300))),
        400,
        "invalidValue",
      );
    });

    it("lets an old user whose name now equals a plain one change by id, and finds it once it has another name", async () => {
      await create("fiona@acme.example");
      const { id } = (await create("other@acme.example")).body;
      const row = { login_name: "ﬁona@acme.example", login_name_key: "ﬁona@acme.example" };
      await use().database.sql()("users").where({ id }).update(row);
      assert.deepEqual(await found(`userName eq "ﬁona@acme.example"`), ["fiona@acme.example"]);
      const off = await acme.client.patch(`/Users/${id}`, { op: "replace", value: { active: false } });
      assert.deepEqual([off.status, off.body.userName], [200, "ﬁona@acme.example"]);
      const change = { loginName: "fiona.2@acme.example" };
      await updateProvisionedUser(acme.store, acme.writer, id, change);
      assert.deepEqual(await found(`userName eq "fiona.2@acme.example"`), ["fiona.2@acme.example"]);
    });
  });
});
