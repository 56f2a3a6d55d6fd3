import assert from "node:assert/strict";
import { addGroup, changeMembers, pushGroups, pushNow, renameGroup, unlinkGroup } from "okta-stand-in/groups";
import { unassign } from "okta-stand-in/people";
import type { OrgGroup, OrgPerson } from "okta-stand-in/state";
import { onEachDatabase } from "../helpers/databases.ts";
import { usePlanOrg } from "../helpers/plan-org.ts";
import { useScim } from "../helpers/scim-site.ts";

const [ada, bob, eve] = ["ada@acme.example", "bob@acme.example", "eve@acme.example"] as const;
const idsOf = (people: readonly OrgPerson[]) => people.map(({ id }) => id);

/** The cases of okta-scim-test-plan-v2 by number and title, with the traffic of an Okta org. */
describe("Okta's SCIM test plan: groups", () => {
  onEachDatabase((use) => {
    const plan = usePlanOrg(useScim(use));

    /** "Push Groups > Find groups by name > Create Group", for each name. */
    async function pushed(people: readonly OrgPerson[], ...names: string[]): Promise<OrgGroup[]> {
      const { org, app } = plan();
      const groups = names.map((name) => addGroup(org, name, idsOf(people)));
      await pushGroups(
        org,
        app,
        groups.map(({ id }) => id),
      );
      return groups;
    }
    /** "Link Group": the org's group and the application's become one. Okta pushes it at once. */
    async function link(group: OrgGroup, remoteId: string): Promise<void> {
      const { org, app } = plan();
      const state = { pushedName: null, pushedMembers: {}, state: "pending" as const, problem: null };
      app.pushGroups[group.id] = { remoteId, ...state };
      await org.provisioner.groups(app, [group.id]);
    }
    /** "Deactivate Group Push". The returned function activates it again: Okta then pushes all members. */
    function pause(groups: readonly OrgGroup[]): () => Promise<void> {
      const { org, app } = plan();
      const links = { ...app.pushGroups };
      for (const { id } of groups) delete app.pushGroups[id];
      return () => {
        Object.assign(app.pushGroups, links);
        const ids = groups.map(({ id }) => id);
        return org.provisioner.groups(app, ids, true);
      };
    }
    const unlink = (groups: readonly OrgGroup[], deleteThere: boolean) => {
      const { org, app } = plan();
      return Promise.all(groups.map(({ id }) => unlinkGroup(org, app, id, deleteThere)));
    };
    const membersOf = async (...names: string[]) => {
      const found = await Promise.all(names.map((name) => plan().groups(name)));
      return found.map((groups) => groups.map(({ members }) => members));
    };
    const assertActive = async (...logins: string[]) => {
      for (const login of logins) assert.equal((await plan().user(login)).active, true);
    };

    describe("C9313 Rename app groups to match group name in Okta flag - ENABLED", () => {
      it("renames the group and keeps its id and its members", async () => {
        const { org, callsOf, groups, assigned } = plan();
        const [team] = await pushed(await assigned(ada), "Team");
        const [before] = await groups("Team");
        const calls = await callsOf(() => renameGroup(org, team?.id ?? "", "Crew"));
        assert.deepEqual(calls, ["PATCH /Groups/{id} 204"]);
        assert.deepEqual(await groups("Crew"), [before]);
        assert.deepEqual(await groups("Team"), []);
      });
    });

    describe("C9314 Rename app groups to match group name in Okta flag - DISABLED", () => {
      it("keeps the group's name when members change without one", async () => {
        const { tenant, assigned, groups, user } = plan();
        const [person] = await assigned(ada, bob);
        await pushed(person ? [person] : [], "Team");
        const [team] = await groups("Team");
        const { id: value } = await user(bob);
        const add = { op: "add", path: "members", value: [{ value, display: bob }] };
        assert.equal((await tenant.client.patch(`/Groups/${team?.id}`, add)).status, 204);
        assert.deepEqual(await groups("Team"), [{ id: team?.id, members: [ada, bob] }]);
      });
    });

    describe("C9312 Push Groups > Create Group", () => {
      it("creates the group, and adds the people who are assigned", async () => {
        const { add, assigned, callsOf } = plan();
        const people = [...(await assigned(ada, bob)), add(eve)];
        const calls = await callsOf(() => pushed(people, "Team"));
        assert.deepEqual(calls, [
          "GET /Groups?filter 200",
          "POST /Groups 201",
          "PATCH /Groups/{id} 204",
          "PATCH /Groups/{id} 204",
        ]);
        assert.deepEqual(await membersOf("Team"), [[[ada, bob]]]);
      });
    });

    describe("C9315 Push Groups > Link Group > Rename App Group", () => {
      it("renames the application's group, adds the members and keeps those of before", async () => {
        const { org, tenant, assigned, groups, user } = plan();
        const [person] = await assigned(ada, bob);
        const body = { displayName: "Old name", members: [{ value: (await user(bob)).id }] };
        const { body: old } = await tenant.client.send("POST", "/Groups", body);
        await link(addGroup(org, "Team", person ? [person.id] : []), old.id);
        assert.deepEqual(await groups("Team"), [{ id: old.id, members: [ada, bob] }]);
        assert.deepEqual(await groups("Old name"), []);
      });
    });

    describe("C9330 Push Groups > Link Group > Do Not Rename App Group", () => {
      it("adds the members to the application's group, which keeps its name and the members of before", async () => {
        const { tenant, assigned, groups, user } = plan();
        await assigned(ada, bob);
        const members = [{ value: (await user(bob)).id }];
        const { body: old } = await tenant.client.send("POST", "/Groups", {
          displayName: "Old name",
          members,
        });
        // With the flag off, Okta leaves the name out.
        const value = [{ value: (await user(ada)).id, display: ada }];
        const answer = await tenant.client.patch(`/Groups/${old.id}`, { op: "add", path: "members", value });
        assert.equal(answer.status, 204);
        assert.deepEqual(await groups("Old name"), [{ id: old.id, members: [ada, bob] }]);
        const all = await tenant.client.get("/Groups?startIndex=1&count=100");
        assert.equal(all.body.totalResults, 1, "no additional group");
      });
    });

    describe("C9316 Push Groups > Push Now", () => {
      it("removes members that were added in the application, also from an empty group", async () => {
        const { org, app, tenant, assigned, groups, user } = plan();
        const [person] = await assigned(ada, bob);
        const [team, empty] = [
          ...(await pushed(person ? [person] : [], "Team")),
          ...(await pushed([], "Empty")),
        ];
        const add = { op: "add", path: "members", value: [{ value: (await user(bob)).id }] };
        for (const name of ["Team", "Empty"]) {
          const [group] = await groups(name);
          assert.equal((await tenant.client.patch(`/Groups/${group?.id}`, add)).status, 204);
        }
        assert.deepEqual(await membersOf("Team", "Empty"), [[[ada, bob]], [[bob]]]);
        for (const group of [team, empty]) await pushNow(org, app, group?.id ?? "");
        assert.deepEqual(await membersOf("Team", "Empty"), [[[ada]], [[]]]);
      });
    });

    describe("C9317 Push Groups > Push Empty Group", () => {
      it("creates a group without members", async () => {
        await pushed([], "Team");
        assert.deepEqual(await membersOf("Team"), [[[]]]);
      });
    });

    describe("C9318 Push Groups > Unlink Pushed Group > Delete the group in the target app", () => {
      it("deletes the group and keeps its members as users", async () => {
        const { assigned, callsOf } = plan();
        const groups = await pushed(await assigned(ada), "Team");
        assert.deepEqual(await callsOf(() => unlink(groups, true)), ["DELETE /Groups/{id} 204"]);
        assert.deepEqual(await membersOf("Team"), [[]]);
        await assertActive(ada);
      });
    });

    describe("C9319 Push Groups > Deactivate Group Push", () => {
      it("keeps the group as it was while Okta sends nothing", async () => {
        const { org, assigned, callsOf } = plan();
        const [first, second] = await assigned(ada, bob);
        const groups = await pushed(first ? [first] : [], "Team");
        pause(groups);
        const add = [second?.id ?? ""];
        assert.deepEqual(await callsOf(() => changeMembers(org, groups[0]?.id ?? "", { add })), []);
        assert.deepEqual(await membersOf("Team"), [[[ada]]]);
      });
    });

    describe("C9320 Push Groups > Activate Group Push", () => {
      it("takes the members who came while the push was off", async () => {
        const { org, assigned } = plan();
        const [first, second] = await assigned(ada, bob);
        const groups = await pushed(first ? [first] : [], "Team");
        const activate = pause(groups);
        await changeMembers(org, groups[0]?.id ?? "", { add: [second?.id ?? ""] });
        await activate();
        assert.deepEqual(await membersOf("Team"), [[[ada, bob]]]);
      });
    });

    describe("C9321 Push Groups > Unlink Pushed Group > Leave the group in the target app", () => {
      it("keeps the group, its members and the users", async () => {
        const { assigned, callsOf } = plan();
        const groups = await pushed(await assigned(ada), "Team");
        assert.deepEqual(await callsOf(() => unlink(groups, false)), []);
        assert.deepEqual(await membersOf("Team"), [[[ada]]]);
        await assertActive(ada);
      });
    });

    describe("C9322 Push Groups > Link Group > After Leave the group in the target app", () => {
      it("finds the same group again, keeps its members and adds new ones", async () => {
        const { org, app, assigned, groups } = plan();
        const [first, second] = await assigned(ada, bob);
        const pushedGroups = await pushed(first ? [first] : [], "Team");
        const [before] = await groups("Team");
        await unlink(pushedGroups, false);
        await changeMembers(org, pushedGroups[0]?.id ?? "", { add: [second?.id ?? ""] });
        await pushGroups(org, app, [pushedGroups[0]?.id ?? ""]);
        assert.deepEqual(await groups("Team"), [{ id: before?.id, members: [ada, bob] }]);
      });
    });

    describe("C9323 Push Groups > Push Groups By Rule", () => {
      it("creates each group that the rule finds", async () => {
        const { assigned } = plan();
        await pushed(await assigned(ada, bob), "Team North", "Team South");
        assert.deepEqual(await membersOf("Team North", "Team South"), [[[ada, bob]], [[ada, bob]]]);
      });
    });

    describe("C9324 Push Groups > Deactivate Rule", () => {
      it("keeps the groups of before, and knows no group that came later", async () => {
        const { org, assigned, callsOf } = plan();
        const people = await assigned(ada);
        await pushed(people, "Team North");
        assert.deepEqual(await callsOf(() => addGroup(org, "Team South", idsOf(people))), []);
        assert.deepEqual(await membersOf("Team North", "Team South"), [[[ada]], []]);
      });
    });

    describe("C9325 Push Groups > Delete Rule", () => {
      it("deletes each group of the rule and keeps the users", async () => {
        const { assigned } = plan();
        await unlink(await pushed(await assigned(ada), "Team North", "Team South"), true);
        assert.deepEqual(await membersOf("Team North", "Team South"), [[], []]);
        await assertActive(ada);
      });
    });

    describe("C9326 Push Groups > Delete Rule > Leave Associated Groups", () => {
      it("keeps each group of the rule with its members", async () => {
        const { assigned, callsOf } = plan();
        const groups = await pushed(await assigned(ada), "Team North", "Team South");
        assert.deepEqual(await callsOf(() => unlink(groups, false)), []);
        assert.deepEqual(await membersOf("Team North", "Team South"), [[[ada]], [[ada]]]);
      });
    });

    describe("C9327 Push Groups > Bulk Edit > Delete", () => {
      it("deletes all selected groups at the same time, and keeps the others and the users", async () => {
        const { assigned, callsOf } = plan();
        const groups = await pushed(await assigned(ada, bob), "North", "South", "West", "East");
        const calls = await callsOf(() => unlink(groups.slice(0, 3), true));
        assert.deepEqual(calls, Array(3).fill("DELETE /Groups/{id} 204"));
        assert.deepEqual(await membersOf("North", "South", "West", "East"), [[], [], [], [[ada, bob]]]);
        await assertActive(ada, bob);
      });
    });

    describe("C9328 Push Groups > Bulk Edit > Deactivate", () => {
      it("keeps all selected groups as they were while Okta sends nothing", async () => {
        const { org, assigned, callsOf } = plan();
        const [first, second] = await assigned(ada, bob);
        const groups = await pushed(first ? [first] : [], "North", "South");
        pause(groups);
        const calls = await callsOf(async () => {
          for (const { id } of groups) await changeMembers(org, id, { add: [second?.id ?? ""] });
        });
        assert.deepEqual(calls, []);
        assert.deepEqual(await membersOf("North", "South"), [[[ada]], [[ada]]]);
      });
    });

    describe("C9329 Push Groups > Bulk Edit > Activate", () => {
      it("takes all members of the selected groups at once", async () => {
        const { org, assigned } = plan();
        const [first, second] = await assigned(ada, bob);
        const groups = await pushed(first ? [first] : [], "North", "South");
        const activate = pause(groups);
        const [north, south] = groups.map(({ id }) => id);
        await changeMembers(org, north ?? "", { add: [second?.id ?? ""] });
        await changeMembers(org, south ?? "", { add: [second?.id ?? ""], remove: [first?.id ?? ""] });
        await activate();
        assert.deepEqual(await membersOf("North", "South"), [[[ada, bob]], [[bob]]]);
      });
    });

    describe("C9331 Push Groups > Bulk Edit > Delete > Leave Associated Groups", () => {
      it("keeps all selected groups with their members, and the users", async () => {
        const { assigned, callsOf } = plan();
        const groups = await pushed(await assigned(ada, bob), "North", "South");
        assert.deepEqual(await callsOf(() => unlink(groups, false)), []);
        assert.deepEqual(await membersOf("North", "South"), [[[ada, bob]], [[ada, bob]]]);
        await assertActive(ada, bob);
      });
    });

    describe("C9332 Push Groups > Add Members As Group", () => {
      it("adds the member to the group", async () => {
        const { org, assigned, callsOf } = plan();
        const [first, second] = await assigned(ada, bob);
        const [team] = await pushed(first ? [first] : [], "Team");
        const add = [second?.id ?? ""];
        const calls = await callsOf(() => changeMembers(org, team?.id ?? "", { add }));
        assert.deepEqual(calls, Array(2).fill("PATCH /Groups/{id} 204"));
        assert.deepEqual(await membersOf("Team"), [[[ada, bob]]]);
      });
    });

    describe("C9333 Push Groups > Remove Members From Group", () => {
      it("takes the member out of the group, and deactivates who was assigned by it", async () => {
        const { org, app, assigned, user } = plan();
        const [first, second] = await assigned(ada, bob);
        const [team] = await pushed(first && second ? [first, second] : [], "Team");
        const remove = [second?.id ?? ""];
        // The group is assigned to the app, too, so Okta also ends the member's assignment.
        await changeMembers(org, team?.id ?? "", { remove });
        await unassign(org, app, remove);
        assert.deepEqual(await membersOf("Team"), [[[ada]]]);
        assert.equal((await user(bob)).active, false);
        await assertActive(ada);
      });
    });
  });
});
