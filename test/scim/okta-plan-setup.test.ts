import assert from "node:assert/strict";
import { addGroup, changeMembers } from "okta-stand-in/groups";
import { editPerson } from "okta-stand-in/people";
import { testCredentials } from "okta-stand-in/provisioning";
import { ScimFailure } from "okta-stand-in/scim-failure";
import type { Provisioning } from "okta-stand-in/state";
import { createToken } from "../../src/directory/provisioning-tokens.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { usePlanOrg } from "../helpers/plan-org.ts";
import type { ScimBody } from "../helpers/scim.ts";
import { useScim } from "../helpers/scim-site.ts";

const ada = "ada@acme.example";

/** The cases of okta-scim-test-plan-v2 by number and title, with the traffic of an Okta org. */
describe("Okta's SCIM test plan: preconditions", () => {
  onEachDatabase((use) => {
    const plan = usePlanOrg(useScim(use));

    /** "Configure API Integration > Save", with other values. */
    async function save(changed: Partial<Provisioning>): Promise<void> {
      const { org, app } = plan();
      const { provisioning } = app;
      assert.ok(provisioning);
      const wanted = { ...provisioning, ...changed };
      await testCredentials(org.provisioner.sender({ ...app, provisioning: wanted }, "Test API Credentials"));
      app.provisioning = wanted;
    }
    const total = async (endpoint: "/Users" | "/Groups") => {
      const { body } = await plan().tenant.client.get(`${endpoint}?startIndex=1&count=100`);
      return body.totalResults;
    };

    describe("C9296 Add People", () => {
      it("gets no call for a person without an assignment", async () => {
        const { add, callsOf } = plan();
        assert.deepEqual(await callsOf(() => add(ada)), []);
        assert.equal(await total("/Users"), 0);
      });
    });

    describe("C9297 Add Group", () => {
      it("gets no call for a group that is not pushed", async () => {
        const { org, callsOf } = plan();
        assert.deepEqual(await callsOf(() => addGroup(org, "Team")), []);
        assert.equal(await total("/Groups"), 0);
      });
    });

    describe("C9308 Add People to Group", () => {
      it("gets no call for a member of a group that is not pushed", async () => {
        const { org, add, callsOf } = plan();
        const team = addGroup(org, "Team");
        const calls = await callsOf(() => changeMembers(org, team.id, { add: [add(ada).id] }));
        assert.deepEqual(calls, []);
        assert.deepEqual([await total("/Users"), await total("/Groups")], [0, 0]);
      });
    });

    describe("C9306 Enable Provisioning and SCIM features", () => {
      it("accepts the credentials, and lists users and groups", async () => {
        assert.deepEqual(await plan().callsOf(() => save({})), [
          "GET /Users?startIndex=1&count=2 200",
          "GET /Groups?startIndex=1&count=100 200",
        ]);
      });
    });

    describe("C9339 Disable Provisioning", () => {
      it("keeps the user as before while Okta sends nothing, and goes on when provisioning is enabled again", async () => {
        const { org, app, assigned, callsOf, user } = plan();
        const [person] = await assigned(ada);
        assert.ok(person);
        const before = await user(ada);
        const { provisioning } = app;
        app.provisioning = null;
        const edit = () => editPerson(org, person.id, { ...person, lastName: "Lovelace" });
        assert.deepEqual(await callsOf(edit), []);
        assert.deepEqual(await user(ada), before);
        app.provisioning = provisioning;
        assert.deepEqual(await callsOf(edit), ["GET /Users/{id} 200", "PUT /Users/{id} 200"]);
        assert.equal((await user(ada)).name.familyName, "Lovelace");
      });
    });

    describe("C9340 Enable Provisioning With Incorrect credentials", () => {
      it("refuses a wrong token with a sentence for the admin", async () => {
        const refused = save({ token: "not a token" });
        await assert.rejects(refused, (error: Error) => {
          assert.ok(error instanceof ScimFailure);
          assert.equal(error.status, 401);
          assert.match(
            error.message,
            /Authentication failed: the provisioning token is missing or not valid/,
          );
          return true;
        });
      });

      it("refuses a wrong base URL", async () => {
        const baseUrl = `${plan().app.provisioning?.baseUrl}/v3`;
        await assert.rejects(save({ baseUrl }), (error: Error) => {
          assert.ok(error instanceof ScimFailure);
          assert.equal(error.status, 404);
          return true;
        });
      });
    });

    describe("C9341 Update Provisioning With Correct Credentials", () => {
      it("accepts a new token, with which provisioning goes on", async () => {
        const { tenant, assigned, user } = plan();
        const { token } = await createToken(tenant.store, "okta again");
        await save({ token });
        await assigned(ada);
        assert.equal((await user(ada)).active, true);
      });
    });

    describe("C9344 Basic Attributes", () => {
      it("announces username, given name and family name as required attributes of the core schema", async () => {
        const { client } = plan().tenant;
        const { body } = await client.get("/Schemas/urn:ietf:params:scim:schemas:core:2.0:User");
        const named = (list: ScimBody[], name: string) => list.find((one) => one.name === name) as ScimBody;
        const name = named(body.attributes, "name");
        for (const attribute of [
          named(body.attributes, "userName"),
          named(name.subAttributes, "givenName"),
          named(name.subAttributes, "familyName"),
        ])
          assert.deepEqual([attribute.type, attribute.required], ["string", true], attribute.name);
      });
    });
  });
});
