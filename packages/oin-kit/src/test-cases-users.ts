import { bold, okta } from "okta-labels/labels";
import { type CaseTable, planTest, replayed, suite, test } from "./test-cases.ts";

const { menus, tabs, provisioning, person, assignments, buttons } = okta;
const toPeople = `${bold(tabs.assignments)} > ${bold(assignments.assign)} > ${bold(assignments.toPeople)}`;
const toGroups = `${bold(tabs.assignments)} > ${bold(assignments.assign)} > ${bold(assignments.toGroups)}`;
const people = bold(menus.people);
const moreActions = `${people}, the person, ${bold(person.moreActions)}`;
const syncPassword = `${bold(provisioning.toApp)}: ${bold(provisioning.syncPassword)}, ${bold(provisioning.syncOktaPassword)}`;
const importNow = `${bold(tabs.import)} > ${bold(provisioning.importNow)}`;

const access = (title: string) => test("scim/users-access", `provisioning and access ${title}`);
const stored = (title: string) => test("scim/users", `users ${title}`);
const adoption = (title: string) => test("scim/users-adoption", `adoption and sources ${title}`);

const pushed = "GET and PUT of the whole user: 200.";
const notSent = "Okta makes no call for this.";
const echo = replayed("Push a profile; groups: [] is an echo and removes no one from a group");

/** The cases of Okta's plan about users: created, changed, deprovisioned, imported. */
export const userCases = {
  C9290: {
    needs: "provisioning",
    step: `${toPeople}: a person with username, names and email`,
    answer: "The look-up finds no one, and POST creates the user: 201 with an id.",
    tests: [
      planTest("users", "C9290", "looks the user up, and creates one with the values of the profile"),
      suite("CRUD (its requests) assigns: looks the user up, creates it, finds it"),
      replayed("Create a user"),
    ],
  },
  C9293: {
    needs: "provisioning",
    step: `${people}: ${bold(buttons.activate)} for a deactivated person. Then ${toPeople}`,
    answer: "The user is found by name and activated: 200. Id and values are those of before.",
    tests: [
      planTest("users", "C9293", "activates the same user with the same values"),
      suite("CRUD (its requests) activates and assigns again: finds the user and activates the same id"),
      access("reactivation lets the same user in again: same id, nothing lost, old sessions stay ended"),
    ],
  },
  C9300: {
    needs: "provisioning",
    step: `${people}: ends the suspension of a person`,
    answer: "Nothing: the user was active all the time, and is still in the groups.",
    inOrgOnly: notSent,
    tests: [planTest("users", "C9300", "keeps the user active and in the group, without a call")],
  },
  C9307: {
    needs: "provisioning",
    step: `${toGroups}: a group with members`,
    answer: "A look-up and a POST for each member: 201.",
    tests: [planTest("users", "C9307", "creates each member of the group")],
  },
  C9334: {
    needs: "provisioning",
    step: `${people}: fills in all attributes. Then ${toPeople}`,
    answer: "201. GET returns every value that was sent.",
    tests: [
      stored("are stored and returned without loss; numbers become strings where the schema says string"),
      replayed("Create a user with the enterprise extension, numbers included"),
    ],
  },
  C9335: {
    needs: "provisioning",
    step: `${toPeople}: a person whom the product knows already`,
    answer: "The look-up finds the user, and PUT updates them: 200, same id. There is no second user.",
    tests: [
      planTest("users", "C9335", "links the user who is there, with the same id, and updates the profile"),
      replayed("Does the user exist? One; with + for spaces and in another case"),
      adoption(
        "a just-in-time user is adopted by PUT: same id and identities, and sign-in no longer overwrites the profile",
      ),
    ],
  },
  C9336: {
    needs: "provisioning",
    step: `${toPeople}: a person whose username and email no one else has`,
    answer: "POST creates the user: 201. No other user is linked or changed.",
    tests: [planTest("users", "C9336", "creates the user next to one of the same name, and links no one")],
  },
  C9291: {
    needs: "provisioning",
    step: `${bold(tabs.assignments)}, the person's pencil: changes names and other attributes`,
    answer: pushed,
    tests: [
      planTest("users", "C9291", "takes the names that are edited at the assignment"),
      suite("CRUD (its requests) changes the first name: reads the user and sends all of it by PUT"),
      echo,
    ],
  },
  C9309: {
    needs: "provisioning",
    step: `${bold(tabs.assignments)}, the group's pencil: changes attributes`,
    answer: `${pushed} Once for each member.`,
    tests: [planTest("users", "C9309", "takes an attribute of the group's assignment for each member")],
  },
  C9310: {
    needs: "provisioning",
    step: `${people}, the person's profile: changes mapped attributes, the username too`,
    answer: `${pushed} Same id, new name.`,
    tests: [
      planTest(
        "users",
        "C9310",
        "takes names and username of the profile: same id, and the old name is free",
      ),
      adoption(
        "a new login name moves the identity if the subject is the login name, so that the next user of the old name is not linked to it",
      ),
    ],
  },
  C9337: {
    needs: "provisioning",
    step: `${bold(tabs.assignments)}, the pencil of a group and of a person: empties attributes`,
    answer: 'PUT with "": 200. The attribute is gone.',
    tests: [
      planTest("users", "C9337", "accepts an emptied attribute, and shows none"),
      replayed("Push an attribute that was emptied"),
      stored('PUT reads "" as absent'),
    ],
  },
  C9292: {
    needs: "provisioning",
    step: `${moreActions} > ${bold(buttons.deactivate)}`,
    answer: "PATCH active: false: 200. All sessions end; the user stays readable.",
    tests: [
      planTest("users", "C9292", "deactivates the user, who stays readable"),
      suite("CRUD (its requests) deactivates: the user is inactive and readable"),
      access("deactivation by PATCH without a path answers 200 and ends every session"),
    ],
  },
  C9294: {
    needs: "provisioning",
    step: `${bold(tabs.assignments)}: removes the person with the X`,
    answer: "PATCH active: false: 200. All sessions end; the user stays readable.",
    tests: [
      planTest("users", "C9294", "deactivates the user, who stays readable"),
      suite("CRUD (its requests) unassigns: the user stays readable by id, but inactive"),
      access("deactivation by PATCH without a path answers 200 and ends every session"),
    ],
  },
  C9295: {
    needs: "provisioning",
    step: `${moreActions} > ${bold(person.suspend)}`,
    answer: "Nothing: the user stays active and in the groups. Okta itself refuses the sign-in.",
    inOrgOnly: notSent,
    tests: [planTest("users", "C9295", "keeps the user active and in the group, without a call")],
  },
  C9311: {
    needs: "provisioning",
    step: `${bold(tabs.assignments)}: removes the group with the X`,
    answer: "PATCH active: false for each member: 200.",
    tests: [planTest("users", "C9311", "deactivates each member, and keeps them readable")],
  },
  C9301: {
    needs: "passwords",
    step: `${syncPassword}. Then ${toPeople}, and signs in to the product`,
    answer: "The password of the POST signs in: Okta's own or a random one.",
    tests: [
      planTest("users", "C9301", "signs in with Okta's password"),
      planTest("users", "C9301", "signs in with a random password"),
      replayed("Sync a password"),
    ],
  },
  C9302: {
    needs: "passwords",
    step: `${people}: ${bold(person.resetPassword)}. Signs in to the product with both passwords`,
    answer: "PATCH password: 200. The new one signs in, the old one does not.",
    tests: [
      planTest("users", "C9302", "signs in with the new password, and refuses the old one"),
      access(
        "passwords are stored by POST, PUT and PATCH if it does; the old one stops working, an absent one changes nothing",
      ),
    ],
  },
  C9303: {
    needs: "provisioning",
    step: `${importNow}, then ${bold(provisioning.confirmAssignments)}`,
    answer: "GET /Users lists all users with username, names and email. Each says whether it is active.",
    inOrgOnly: "Okta offers only active users.",
    tests: [
      planTest("users", "C9303", "lists users with username, names and email, and says who is not active"),
      replayed("Import users, first page"),
    ],
  },
  C9304: {
    needs: "provisioning",
    step: `Adds a user in the product. Then ${importNow}`,
    answer: "The list has one user more, and each user once.",
    tests: [
      planTest("users", "C9304", "lists one user more after one was created, each once"),
      replayed("Import users, the page behind the last"),
      test(
        "scim/import",
        "an import by index reads every user exactly once while users are created, deactivated and renamed",
      ),
    ],
  },
  C9305: {
    needs: "provisioning",
    step: `${bold(tabs.assignments)}, the pencil of an imported person: changes attributes`,
    answer: `${pushed} It is the imported user.`,
    tests: [
      planTest("users", "C9305", "takes the changes of a user who was imported and confirmed: same id"),
    ],
  },
  C9338: {
    needs: "groups",
    step: `Adds a group in the product. Then ${importNow}`,
    answer: "GET /Groups has one group more.",
    tests: [
      planTest("users", "C9338", "lists one group more after one was created"),
      replayed("Import groups: lists leave members out"),
    ],
  },
  C9359: {
    needs: "profile sourcing",
    step: `${bold(provisioning.toOkta)}: lets the product be the source of profiles`,
    answer: "",
    tests: [],
  },
  C9360: {
    needs: "profile sourcing",
    step: `${importNow}, then looks at the person's profile`,
    answer: "",
    tests: [],
  },
  C9361: {
    needs: "profile sourcing",
    step: `Deactivates the user in the product. Then ${importNow}`,
    answer: "",
    tests: [],
  },
} satisfies CaseTable;
