import { bold, okta } from "okta-labels/labels";
import { type CaseTable, planTest, replayed, suite, test } from "./test-cases.ts";

const { menus, tabs, provisioning, person, groups, pushGroups, buttons, signOn } = okta;
const integration = `${bold(tabs.provisioning)} > ${bold(provisioning.integration)}`;
const profileEditor = bold(menus.profileEditor);

const guide = (title: string) => test("guide/guides", `configuration guides ${title}`);
const discovery = (title: string) => test("scim/discovery", `discovery ${title}`);
const nothingSent = "Nothing: no call arrives, and no user or group is created.";
const notSent = "Okta makes no call for this.";

/** The preconditions of Okta's plan: C9296 to C9299 and their neighbours. */
export const setupCases = {
  C9296: {
    needs: "provisioning",
    step: `${bold(menus.people)} > ${bold(person.add)}: names, username and email`,
    answer: nothingSent,
    inOrgOnly: notSent,
    tests: [planTest("setup", "C9296", "gets no call for a person without an assignment")],
  },
  C9297: {
    needs: "provisioning",
    step: `${bold(menus.groups)} > ${bold(groups.add)}: name and description`,
    answer: nothingSent,
    inOrgOnly: notSent,
    tests: [planTest("setup", "C9297", "gets no call for a group that is not pushed")],
  },
  C9298: {
    needs: "provisioning",
    step: "Follows the SCIM guide from its first step to its last",
    answer: "A person and a group are provisioned.",
    tests: [
      test("browser/guides", "following the guides literally leads from nothing to everything, with OIDC"),
    ],
  },
  C9308: {
    needs: "provisioning",
    step: `${bold(menus.groups)}, the group, ${bold(groups.assignPeople)}`,
    answer: nothingSent,
    inOrgOnly: notSent,
    tests: [planTest("setup", "C9308", "gets no call for a member of a group that is not pushed")],
  },
  C9313: {
    needs: "groups",
    step: `${bold(tabs.pushGroups)}, the gear: ticks ${bold(pushGroups.renameFlag)}. Renames a pushed group`,
    answer: "PATCH with the new name: 204. Id and members stay.",
    tests: [
      planTest("groups", "C9313", "renames the group and keeps its id and its members"),
      replayed("Rename a group: sent at every change of members, with its id"),
      replayed("Get a group: renamed, with the members it had"),
    ],
  },
  C9314: {
    needs: "groups",
    step: `${bold(tabs.pushGroups)}, the gear: unticks ${bold(pushGroups.renameFlag)}. Changes members`,
    answer: "PATCH without a name: 204. The group keeps its name.",
    inOrgOnly: "Okta leaves the name out.",
    tests: [planTest("groups", "C9314", "keeps the group's name when members change without one")],
  },
  C21902: {
    needs: "OAuth 2",
    step: `${integration} > ${bold(provisioning.configure)}, with another redirect URI`,
    answer: "A page says that the request is not from Okta: 400, and no redirect.",
    tests: [
      test(
        "scim-authorization/redirect-uris",
        "the redirect URI of the authorization endpoint may not have the host of test case C21902: a page says so, and leads nowhere",
      ),
    ],
  },
  C9306: {
    needs: "provisioning",
    step: `${integration} > ${bold(provisioning.configure)}, then the features under ${bold(provisioning.toApp)}`,
    answer: "GET /Users and GET /Groups: 200 with lists.",
    tests: [
      planTest("setup", "C9306", "accepts the credentials, and lists users and groups"),
      replayed("Test API credentials"),
      replayed("After saving with groups enabled"),
    ],
  },
  C9339: {
    needs: "provisioning",
    step: `${integration} > ${bold(buttons.edit)}: unticks ${bold(provisioning.enable)}. Edits an assigned person`,
    answer: "The user stays as before. A later change arrives once provisioning is on again.",
    inOrgOnly: notSent,
    tests: [
      planTest(
        "setup",
        "C9339",
        "keeps the user as before while Okta sends nothing, and goes on when provisioning is enabled again",
      ),
    ],
  },
  C9340: {
    needs: "provisioning",
    step: `${integration} > ${bold(provisioning.configure)}, with a wrong token or ${provisioning.baseUrl}`,
    answer: "401 with a sentence for a wrong token, 404 for a wrong URL. Okta shows an error.",
    tests: [
      planTest("setup", "C9340", "refuses a wrong token with a sentence for the admin"),
      planTest("setup", "C9340", "refuses a wrong base URL"),
      replayed("Wrong credentials"),
      suite("SPEC 21: a wrong token is refused with a SCIM body"),
    ],
  },
  C9341: {
    needs: "provisioning",
    step: `Creates a token in the product and enters it as ${bold(provisioning.apiToken)}`,
    answer: "200: the new token works, and provisioning goes on.",
    tests: [planTest("setup", "C9341", "accepts a new token, with which provisioning goes on")],
  },
  C9342: {
    needs: "SWA",
    step: `${bold(tabs.signOn)} > ${bold(signOn.secureWebAuthentication)}, then the tile`,
    answer: "",
    tests: [],
  },
  C9343: {
    needs: "saml",
    step: `${bold(tabs.signOn)} > ${bold(signOn.saml)}, assigns the person, then the tile as that person`,
    answer: "The person is signed in.",
    tests: [
      test("saml/sign-in", "sign-in by SAML signs in through the provider, and shows the names that it sent"),
      test("browser/guides", "following the guides literally leads from nothing to everything, with SAML"),
    ],
  },
  C9289: {
    needs: "provisioning",
    step: `${profileEditor}: looks at the attribute type of each attribute`,
    answer: "Each attribute is taken from a person's assignment and from a group's.",
    inOrgOnly: "The types Personal and Group are settings of the Okta app; SCIM has no such thing.",
    tests: [
      planTest("users", "C9309", "takes an attribute of the group's assignment for each member"),
      discovery("offers exactly the attributes of config/attributes.ts and the built-in ones"),
    ],
  },
  C9344: {
    needs: "provisioning",
    step: `${profileEditor}: looks at the base attributes`,
    answer: "GET /Schemas announces username, given name and family name, all required.",
    inOrgOnly: "The Okta app has the attributes that you imported or added.",
    tests: [
      planTest(
        "setup",
        "C9344",
        "announces username, given name and family name as required attributes of the core schema",
      ),
      test(
        "scim/required",
        "the required attributes of a user are the same in /Schemas, in config/attributes.ts and in the guide",
      ),
    ],
  },
  C9345: {
    needs: "provisioning",
    step: `${profileEditor} > mappings: compares them with the table of the guide`,
    answer: "The guide lists each attribute that the product stores, and no other.",
    inOrgOnly: "The mappings are those of your app instance.",
    tests: [
      guide("scim: changes with every fact of config/, and hard-codes none"),
      discovery("offers exactly the attributes of config/attributes.ts and the built-in ones"),
    ],
  },
  C9299: {
    needs: "provisioning",
    step: `${bold(tabs.provisioning)}: opens the link to the configuration guide`,
    answer: "The guide is public. It has the five headings, and current pictures.",
    inOrgOnly: "A person judges whether each step is clear.",
    tests: [
      guide("scim: has every heading that Okta requires, in order, with content below each"),
      test("guide/outputs", "pictures and PDFs are up to date"),
    ],
  },
} satisfies CaseTable;
