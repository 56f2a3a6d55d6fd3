import assert from "node:assert/strict";
import { addGroup, pushGroups } from "okta-stand-in/groups";
import {
  activatePerson,
  assign,
  deactivatePerson,
  editPerson,
  suspendPerson,
  unassign,
} from "okta-stand-in/people";
import { importAll, provisionPerson, syncPassword } from "okta-stand-in/provisioning";
import type { OrgPerson } from "okta-stand-in/state";
import { systemStore } from "../../src/store/system-store.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { usePlanOrg } from "../helpers/plan-org.ts";
import { oktaUser } from "../helpers/scim.ts";
import { useScim } from "../helpers/scim-site.ts";

const [ada, bob] = ["ada@acme.example", "bob@acme.example"] as const;

/** The cases of okta-scim-test-plan-v2 by number and title, with the traffic of an Okta org. */
describe("Okta's SCIM test plan: users", () => {
  onEachDatabase((use) => {
    const site = useScim(use);
    const plan = usePlanOrg(site);

    const edit = (person: OrgPerson, changed: Partial<OrgPerson>) =>
      editPerson(plan().org, person.id, { ...person, ...changed });
    const person = async (): Promise<OrgPerson> => {
      const [assigned] = await plan().assigned(ada);
      assert.ok(assigned);
      return assigned;
    };
    /** A user whom the application has before Okta assigns anyone. */
    const createHere = async (login: string, more: Record<string, unknown> = {}) => {
      const { status, body } = await plan().tenant.client.send("POST", "/Users", oktaUser(login, more));
      assert.equal(status, 201);
      return body;
    };
    const total = async () => {
      const { body } = await plan().tenant.client.get("/Users?startIndex=1&count=100");
      return body.totalResults;
    };

    describe("C9290 App Assignment for New User", () => {
      it("looks the user up, and creates one with the values of the profile", async () => {
        const { callsOf, user } = plan();
        assert.deepEqual(await callsOf(person), ["GET /Users?filter 200", "POST /Users 201"]);
        const { userName, name, emails, active } = await user(ada);
        assert.deepEqual([userName, active], [ada, true]);
        assert.deepEqual(name, { givenName: "Ada", familyName: "Byron" });
        assert.deepEqual(emails, [{ value: ada, type: "work", primary: true }]);
      });
    });

    describe("C9293 Re-Activation Of User Is Synced To Target App", () => {
      it("activates the same user with the same values", async () => {
        const { org, app, user } = plan();
        const { id } = await person();
        const before = await user(ada);
        await deactivatePerson(org, id);
        assert.equal((await user(ada)).active, false);
        activatePerson(org, id);
        await assign(org, app, [id]);
        assert.deepEqual({ ...(await user(ada)), meta: null }, { ...before, meta: null });
      });
    });

    describe("C9300 Un-Suspend User Functionality", () => {
      it("keeps the user active and in the group, without a call", async () => {
        const { org, app, callsOf, user, groups } = plan();
        const { id } = await person();
        await pushGroups(org, app, [addGroup(org, "Team", [id]).id]);
        const before = await user(ada);
        const calls = await callsOf(() => {
          suspendPerson(org, id);
          activatePerson(org, id);
        });
        assert.deepEqual(calls, []);
        assert.deepEqual(await user(ada), before);
        assert.deepEqual((await groups("Team"))[0]?.members, [ada]);
      });
    });

    describe("C9307 Group Assignment to Target App", () => {
      it("creates each member of the group", async () => {
        const { org, app, add, user } = plan();
        const team = addGroup(org, "Team", [add(ada).id, add(bob).id]);
        await assign(org, app, team.memberIds);
        for (const login of [ada, bob]) assert.equal((await user(login)).active, true);
        assert.equal(await total(), 2);
      });
    });

    describe("C9335 App Assignment For User Already Created In App", () => {
      it("links the user who is there, with the same id, and updates the profile", async () => {
        const { callsOf, user } = plan();
        const { id } = await createHere(ada, { name: { givenName: "A.", familyName: "King" } });
        const calls = await callsOf(person);
        assert.deepEqual(calls, ["GET /Users?filter 200", "GET /Users/{id} 200", "PUT /Users/{id} 200"]);
        const linked = await user(ada);
        assert.deepEqual([linked.id, linked.name.familyName], [id, "Byron"]);
        assert.equal(await total(), 1);
      });
    });

    describe("C9336 App Assignment For User With a Unique UserName And Email", () => {
      it("creates the user next to one of the same name, and links no one", async () => {
        const { user } = plan();
        const namesake = await createHere(bob, { name: { givenName: "Ada", familyName: "Byron" } });
        await person();
        const created = await user(ada);
        assert.notEqual(created.id, namesake.id);
        assert.equal(created.emails[0].value, ada);
        const { meta: _meta, ...unchanged } = namesake;
        const { meta: _now, ...now } = await user(bob);
        assert.deepEqual(now, unchanged);
        assert.equal(await total(), 2);
      });
    });

    describe("C9291 User Attribute Update", () => {
      it("takes the names that are edited at the assignment", async () => {
        const { callsOf, user } = plan();
        const assigned = await person();
        const { id } = await user(ada);
        const calls = await callsOf(() => edit(assigned, { firstName: "Augusta", lastName: "Lovelace" }));
        assert.deepEqual(calls, ["GET /Users/{id} 200", "PUT /Users/{id} 200"]);
        const changed = await user(ada);
        assert.equal(changed.id, id);
        assert.deepEqual(changed.name, { givenName: "Augusta", familyName: "Lovelace" });
      });
    });

    describe("C9309 Update For User Group Attributes", () => {
      it("takes an attribute of the group's assignment for each member", async () => {
        const { assigned, tenant, user } = plan();
        await assigned(ada, bob);
        for (const login of [ada, bob]) {
          // Okta reads the user and writes all of it with the attribute.
          const { body } = await tenant.client.get(`/Users/${(await user(login)).id}`);
          const put = { ...body, title: "Analyst" };
          assert.equal((await tenant.client.send("PUT", `/Users/${body.id}`, put)).status, 200);
        }
        for (const login of [ada, bob]) assert.equal((await user(login)).title, "Analyst");
      });
    });

    describe("C9310 Update User Attributes from User Profile", () => {
      it("takes names and username of the profile: same id, and the old name is free", async () => {
        const { tenant, user } = plan();
        const assigned = await person();
        const { id } = await user(ada);
        const login = "ada.lovelace@acme.example";
        await edit(assigned, { login, email: login, lastName: "Lovelace" });
        const changed = await user(login);
        assert.deepEqual([changed.id, changed.name.familyName], [id, "Lovelace"]);
        assert.deepEqual(changed.emails, [{ value: login, type: "work", primary: true }]);
        assert.equal((await tenant.client.find(`userName eq "${ada}"`)).body.totalResults, 0);
      });
    });

    describe("C9337 Update To Push Empty Values", () => {
      it("accepts an emptied attribute, and shows none", async () => {
        const { callsOf, tenant, user } = plan();
        const assigned = await person();
        const { id, name, ...rest } = await user(ada);
        const put = { ...rest, id, name: { ...name, middleName: "King" }, title: "Analyst" };
        assert.equal((await tenant.client.send("PUT", `/Users/${id}`, put)).status, 200);
        assert.equal((await user(ada)).name.middleName, "King");
        const emptied = { ...put, name: { ...name, middleName: "" }, title: "" };
        assert.equal((await tenant.client.send("PUT", `/Users/${id}`, emptied)).status, 200);
        const { name: now, title } = await user(ada);
        assert.deepEqual([now, title], [name, undefined]);
        const calls = await callsOf(() => edit(assigned, { middleName: "" }));
        assert.deepEqual(calls, ["GET /Users/{id} 200", "PUT /Users/{id} 200"]);
      });
    });

    describe("C9292 Deactivate User", () => {
      it("deactivates the user, who stays readable", async () => {
        const { org, callsOf, user } = plan();
        const { id } = await person();
        const before = await user(ada);
        assert.deepEqual(await callsOf(() => deactivatePerson(org, id)), ["PATCH /Users/{id} 200"]);
        const after = await user(ada);
        assert.deepEqual({ ...after, meta: null }, { ...before, active: false, meta: null });
      });
    });

    describe("C9294 Removes an assignment for a user from an application", () => {
      it("deactivates the user, who stays readable", async () => {
        const { org, app, callsOf, user } = plan();
        const { id } = await person();
        assert.deepEqual(await callsOf(() => unassign(org, app, [id])), ["PATCH /Users/{id} 200"]);
        assert.equal((await user(ada)).active, false);
      });
    });

    describe("C9295 Suspend user functionality", () => {
      it("keeps the user active and in the group, without a call", async () => {
        const { org, app, callsOf, user, groups } = plan();
        const { id } = await person();
        await pushGroups(org, app, [addGroup(org, "Team", [id]).id]);
        assert.deepEqual(await callsOf(() => suspendPerson(org, id)), []);
        assert.equal((await user(ada)).active, true);
        assert.deepEqual((await groups("Team"))[0]?.members, [ada]);
      });
    });

    describe("C9311 Removes an assignment for a group from an application", () => {
      it("deactivates each member, and keeps them readable", async () => {
        const { org, app, assigned, callsOf, user } = plan();
        const people = await assigned(ada, bob);
        const ids = people.map(({ id }) => id);
        const calls = await callsOf(() => unassign(org, app, ids));
        assert.deepEqual(calls, Array(2).fill("PATCH /Users/{id} 200"));
        for (const login of [ada, bob]) assert.equal((await user(login)).active, false);
      });
    });

    describe("passwords", () => {
      beforeEach(async () => {
        const { tenants } = systemStore(use().database);
        await tenants.update(plan().tenant.tenant.id, { passwordSync: true });
      });
      const [random, own] = ["a random one: 1mz050nq", "Okta's own: correct horse"];
      const sender = () => plan().org.provisioner.sender(plan().app, "Sync Password");
      const create = async (password: string) => {
        const { add, app } = plan();
        assert.ok(app.provisioning);
        return await provisionPerson(sender(), app.provisioning, add(ada), {
          newPassword: () => password,
        });
      };
      const signInWith = async (password: string) => {
        const { slug } = plan().tenant.tenant;
        return (await site().app.client().signIn(slug, ada, password)).status;
      };

      describe("C9301 Sync Password Functionality", () => {
        for (const [whose, password] of [
          ["Okta's password", own],
          ["a random password", random],
        ] as const) {
          it(`signs in with ${whose}`, async () => {
            await create(password);
            assert.equal(await signInWith(password), 303);
            assert.equal(await signInWith(`${password}!`), 403);
          });
        }
      });

      describe("C9302 Sync Password Update", () => {
        it("signs in with the new password, and refuses the old one", async () => {
          await syncPassword(sender(), await create(random), own);
          assert.equal(await signInWith(own), 303);
          assert.equal(await signInWith(random), 403);
        });
      });
    });

    describe("import", () => {
      const read = () => importAll(plan().org.provisioner.sender(plan().app, "Import Now"));

      describe("C9303 Import User Functionality", () => {
        it("lists users with username, names and email, and says who is not active", async () => {
          const { tenant } = plan();
          await createHere(ada);
          const { id } = await createHere(bob);
          await tenant.client.patch(`/Users/${id}`, { op: "replace", value: { active: false } });
          const { users } = await read();
          assert.deepEqual(
            users.map(({ userName, name, emails, active }) => ({ userName, name, emails, active })),
            [ada, bob].map((login) => ({
              userName: login,
              name: { givenName: "Test", familyName: "User" },
              emails: [{ value: login, type: "work", primary: true }],
              active: login === ada,
            })),
          );
        });
      });

      describe("C9304 Import User Functionality Scanned Users", () => {
        it("lists one user more after one was created, each once", async () => {
          assert.deepEqual(await read(), { users: [], groups: [] });
          await createHere(ada);
          const { users, groups } = await read();
          assert.deepEqual([users.map(({ userName }) => userName), groups], [[ada], []]);
        });
      });

      describe("C9305 Import User > Update Functionality", () => {
        it("takes the changes of a user who was imported and confirmed: same id", async () => {
          const { app, add, callsOf, user } = plan();
          await createHere(ada);
          const { users } = await read();
          const confirmed = add(ada);
          const remoteId = String(users[0]?.id);
          app.assignments[confirmed.id] = { remoteId, state: "provisioned", problem: null };
          const calls = await callsOf(() => edit(confirmed, { lastName: "Lovelace" }));
          assert.deepEqual(calls, ["GET /Users/{id} 200", "PUT /Users/{id} 200"]);
          const changed = await user(ada);
          assert.deepEqual([changed.id, changed.name.familyName], [remoteId, "Lovelace"]);
        });
      });

      describe("C9338 Import Group Functionality", () => {
        it("lists one group more after one was created", async () => {
          assert.deepEqual((await read()).groups, []);
          await plan().tenant.client.send("POST", "/Groups", { displayName: "Team" });
          assert.deepEqual(
            (await read()).groups.map(({ displayName }) => displayName),
            ["Team"],
          );
        });
      });
    });
  });
});
