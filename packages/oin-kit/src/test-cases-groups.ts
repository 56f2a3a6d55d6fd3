import { bold, okta } from "okta-labels/labels";
import { type CaseTable, planTest, replayed } from "./test-cases.ts";

const { menus, tabs, pushGroups, buttons, groups } = okta;
const push = bold(tabs.pushGroups);
const byName = `${push} > ${bold(pushGroups.byName)}`;
const byRule = `${push} > ${bold(pushGroups.byRule)}`;
const unlink = `${push}, the group: ${bold(pushGroups.unlink)}`;
const bulkEdit = `${push} > ${bold(pushGroups.bulkEdit)}, several groups`;

const deleted = "DELETE for each group: 204. The members stay users.";
const left = "Nothing: group, members and users stay.";
const notSent = "Okta makes no call for this.";
const pushedAll = "PATCH that replaces all members: 204.";
/** Okta may send all members or the difference. */
const arrived = "PATCH with all members, or with the new ones: 204.";
const added = planTest("groups", "C9332", "adds the member to the group");

/** The cases of Okta's plan about group push. */
export const groupCases = {
  C9312: {
    needs: "groups",
    step: `${byName}, ${bold(pushGroups.create)}`,
    answer: "POST: 201. PATCH adds the members who are assigned: 204.",
    tests: [
      planTest("groups", "C9312", "creates the group, and adds the people who are assigned"),
      replayed("Push a group without members"),
    ],
  },
  C9315: {
    needs: "groups",
    step: `${byName}, ${bold(pushGroups.link)}: a group of the product with another name and own members`,
    answer: "PATCH renames it and adds the members: 204. The old members stay.",
    tests: [
      planTest(
        "groups",
        "C9315",
        "renames the application's group, adds the members and keeps those of before",
      ),
      replayed("Find a group by name"),
    ],
  },
  C9316: {
    needs: "groups",
    step: `Adds members in the product. Then ${push}, the group: ${bold(pushGroups.pushNow)}; an empty group too`,
    answer: pushedAll,
    tests: [
      planTest(
        "groups",
        "C9316",
        "removes members that were added in the application, also from an empty group",
      ),
      replayed("Push now: the whole membership"),
      replayed("Push now: an empty group"),
    ],
  },
  C9317: {
    needs: "groups",
    step: `${byName}, ${bold(pushGroups.create)}: a group without members`,
    answer: "POST: 201 with an empty list of members.",
    tests: [
      planTest("groups", "C9317", "creates a group without members"),
      replayed("Push a group without members"),
      replayed("Get the empty group"),
    ],
  },
  C9318: {
    needs: "groups",
    step: `${unlink}, ${bold(pushGroups.deleteThere)}`,
    answer: deleted,
    tests: [
      planTest("groups", "C9318", "deletes the group and keeps its members as users"),
      replayed("Delete a group"),
      replayed("Its member is not"),
    ],
  },
  C9319: {
    needs: "groups",
    step: `${push}, the group: ${bold(pushGroups.deactivate)}. Adds a member in Okta`,
    answer: "The group stays as it was.",
    inOrgOnly: notSent,
    tests: [planTest("groups", "C9319", "keeps the group as it was while Okta sends nothing")],
  },
  C9320: {
    needs: "groups",
    step: `${push}, the same group: ${bold(pushGroups.activate)}`,
    answer: arrived,
    tests: [planTest("groups", "C9320", "takes the members who came while the push was off"), added],
  },
  C9321: {
    needs: "groups",
    step: `${unlink}, ${bold(pushGroups.leaveThere)}`,
    answer: left,
    inOrgOnly: notSent,
    tests: [planTest("groups", "C9321", "keeps the group, its members and the users")],
  },
  C9322: {
    needs: "groups",
    step: `${byName}, ${bold(pushGroups.link)}: the group that was left. Adds a member in Okta`,
    answer: "The group is found by name, with its id and members. PATCH adds the new member: 204.",
    tests: [
      planTest("groups", "C9322", "finds the same group again, keeps its members and adds new ones"),
      replayed("Find a group by name"),
    ],
  },
  C9323: {
    needs: "groups",
    step: `${byRule}, ${bold(pushGroups.createRule)}: names that start with a word`,
    answer: "POST for each group that the rule finds: 201. PATCH adds the members: 204.",
    inOrgOnly: "Okta alone decides which groups a rule finds.",
    tests: [planTest("groups", "C9323", "creates each group that the rule finds")],
  },
  C9324: {
    needs: "groups",
    step: `${push}, the rule: ${bold(pushGroups.deactivateRule)}. Adds a group that it would find`,
    answer: "The groups of before stay. The new group does not arrive.",
    inOrgOnly: notSent,
    tests: [planTest("groups", "C9324", "keeps the groups of before, and knows no group that came later")],
  },
  C9325: {
    needs: "groups",
    step: `${push}, the rule: ${bold(pushGroups.deleteRule)}, ${bold(pushGroups.deleteAssociated)}`,
    answer: deleted,
    tests: [planTest("groups", "C9325", "deletes each group of the rule and keeps the users")],
  },
  C9326: {
    needs: "groups",
    step: `${push}, the rule: ${bold(pushGroups.deleteRule)}, ${bold(pushGroups.leaveAssociated)}`,
    answer: left,
    inOrgOnly: notSent,
    tests: [planTest("groups", "C9326", "keeps each group of the rule with its members")],
  },
  C9327: {
    needs: "groups",
    step: `${bulkEdit}, ${bold(pushGroups.deleteThere)}`,
    answer: deleted,
    tests: [
      planTest(
        "groups",
        "C9327",
        "deletes all selected groups at the same time, and keeps the others and the users",
      ),
    ],
  },
  C9328: {
    needs: "groups",
    step: `${bulkEdit}, ${bold(buttons.deactivate)}. Adds members in Okta`,
    answer: "The groups stay as they were.",
    inOrgOnly: notSent,
    tests: [planTest("groups", "C9328", "keeps all selected groups as they were while Okta sends nothing")],
  },
  C9329: {
    needs: "groups",
    step: `${bulkEdit} that are inactive, ${bold(buttons.activate)}`,
    answer: `${arrived} Once for each group.`,
    tests: [planTest("groups", "C9329", "takes all members of the selected groups at once"), added],
  },
  C9330: {
    needs: "groups",
    step: `Unticks ${bold(pushGroups.renameFlag)}. Then ${byName}, ${bold(pushGroups.link)}`,
    answer: "PATCH adds the members: 204. Name and old members stay, and there is no other group.",
    inOrgOnly: "Okta leaves the name out.",
    tests: [
      planTest(
        "groups",
        "C9330",
        "adds the members to the application's group, which keeps its name and the members of before",
      ),
      replayed("Find a group by name"),
    ],
  },
  C9331: {
    needs: "groups",
    step: `${bulkEdit}, ${bold(pushGroups.leaveThere)}`,
    answer: left,
    inOrgOnly: notSent,
    tests: [planTest("groups", "C9331", "keeps all selected groups with their members, and the users")],
  },
  C9332: {
    needs: "groups",
    step: `${bold(menus.groups)}, a pushed group: ${bold(groups.assignPeople)}`,
    answer: "PATCH with the name and PATCH with the member: 204.",
    tests: [added, replayed("Change members: one leaves, one comes")],
  },
  C9333: {
    needs: "groups",
    step: `${bold(menus.groups)}, a group that is pushed and assigned: removes a member`,
    answer: "PATCH removes the member: 204. PATCH active: false deactivates the user: 200.",
    tests: [
      planTest(
        "groups",
        "C9333",
        "takes the member out of the group, and deactivates who was assigned by it",
      ),
      replayed("The same change again is not an error"),
    ],
  },
} satisfies CaseTable;
