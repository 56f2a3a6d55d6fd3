/** An automated test: its file below test/, and the end of its full title without the database engine. */
interface TestReference {
  file: string;
  title: string;
}

/** A case of Okta's plan. It applies only to integrations that support `needs`. */
export interface PlanCase {
  id: string;
  area: string;
  what: string;
  needs: "provisioning" | "groups" | "passwords" | "saml" | "OAuth 2" | "profile sourcing";
  tests: readonly TestReference[];
}

/** A case of Okta's manual test plan, with the automated tests that cover it. */
export interface PlannedCase {
  id: string;
  area: string;
  what: string;
  /** Empty if the case does not apply. */
  tests: readonly TestReference[];
  /** Why the case does not apply; null if it does. */
  notSupported: string | null;
}

const test = (file: string, title: string): TestReference => ({ file: `${file}.test.ts`, title });

/** A test that replays one recorded exchange with Okta (test/fixtures/okta/). */
const replayed = (name: string) => test("scim/fixtures", `recorded traffic okta ${name}`);
const suite = (title: string) => test("scim/okta-spec", `Okta's test suites ${title}`);
const access = (title: string) => test("scim/users-access", `provisioning and access ${title}`);
const guide = (title: string) => test("guide/guides", `configuration guides ${title}`);
const groups = (title: string) => test("scim/groups", `groups ${title}`);

const plan = (area: string, needs: PlanCase["needs"], rows: [string, string, ...TestReference[]][]) =>
  rows.map(([id, what, ...tests]): PlanCase => ({ id, area, what, needs, tests }));

const assigned = suite("CRUD (its requests) assigns: looks the user up, creates it, finds it");
const changed = suite(
  "CRUD (its requests) changes the first name: reads the user and sends all of it by PUT",
);
const unassigned = suite("CRUD (its requests) unassigns: the user stays readable by id, but inactive");
const deactivated = suite("CRUD (its requests) deactivates: the user is inactive and readable");
const activatedAgain = suite(
  "CRUD (its requests) activates and assigns again: finds the user and activates the same id",
);
const renamed = replayed("Rename a group: sent at every change of members, with its id");
const created = replayed("Push a group without members");

const discovery = (title: string) => test("scim/discovery", `discovery ${title}`);
const tokens = (title: string) => test("scim/tokens", `provisioning tokens ${title}`);
const people = (title: string) => test("scim/users", `users ${title}`);
const adoption = (title: string) => test("scim/users-adoption", `adoption and sources ${title}`);
const paging = (title: string) => test("scim/import", `an import by index ${title}`);
const pushed = replayed("Push a profile; groups: [] is an echo and removes no one from a group");
const found = replayed("Find a group by name");
const keptMembers = replayed("Get a group: renamed, with the members it had");
const followed = test("browser/scim-guide", "following the guide to SCIM provisions a person and a group");
const current = test("guide/outputs", "pictures and PDFs are up to date");
const headings = guide("scim: has every heading that Okta requires, in order, with content below each");

/** okta-scim-test-plan-v2, in its order. A row may have several cases, as in the public plan. */
export const cases: readonly PlanCase[] = [
  ...plan("Setup", "provisioning", [
    ["C9298", "Set up by following the guide", followed],
    [
      "C9306",
      "Enable provisioning",
      replayed("Test API credentials"),
      replayed("After saving with groups enabled"),
    ],
    [
      "C9339",
      "Disable provisioning",
      tokens("stop working at once when they are revoked; the tenant's other tokens keep working"),
    ],
    [
      "C9340",
      "Wrong credentials are an error",
      replayed("Wrong credentials"),
      suite("SPEC 21: a wrong token is refused with a SCIM body"),
    ],
    ["C9341", "A new token is accepted", tokens("are accepted as Bearer")],
  ]),
  ...plan("Setup", "OAuth 2", [["C21902", "A redirect that is not on the allow-list is refused"]]),
  ...plan("Setup", "saml", [
    [
      "C9343",
      "SAML sign-in",
      test("saml/sign-in", "sign-in by SAML goes to the provider and back, and shows the names that it gave"),
    ],
  ]),
  ...plan("Attributes and guide", "provisioning", [
    ["C9289", "Attribute types", discovery("offers a user schema that is a subset of scimmy's definition")],
    [
      "C9344",
      "Base attributes",
      discovery("offers exactly the attributes of config/attributes.ts and the built-in ones"),
    ],
    ["C9345", "Mapping", guide("scim: changes with every fact of config/, and hard-codes none")],
    ["C9299", "Configuration guide", headings, current],
  ]),
  ...plan("Create", "provisioning", [
    ["C9290", "A new user", assigned, replayed("Create a user")],
    [
      "C9293",
      "Reactivation keeps the id",
      activatedAgain,
      access("reactivation lets the same user in again: same id, nothing lost, old sessions stay ended"),
    ],
    ["C9300", "Unsuspended in Okta: a push changes no state", pushed],
    ["C9307", "Assignment by group", assigned],
    [
      "C9334",
      "All attributes",
      people("are stored and returned without loss; numbers become strings where the schema says string"),
      replayed("Create a user with the enterprise extension, numbers included"),
    ],
    [
      "C9335",
      "Link to a user who exists",
      replayed("Does the user exist? One; with + for spaces and in another case"),
      adoption(
        "a just-in-time user is adopted by PUT: same id and identities, and sign-in no longer overwrites the profile",
      ),
    ],
    [
      "C9336",
      "User names are unique (e-mail addresses need not be)",
      replayed("Create a user who exists"),
      suite("SPEC 15: the same user again is a conflict"),
    ],
  ]),
  ...plan("Update", "provisioning", [
    [
      "C9291, C9309, C9310",
      "Profile push, of the user name too",
      changed,
      pushed,
      adoption(
        "a new login name moves the identity if the subject is the login name, so that the next user of the old name is not linked to it",
      ),
    ],
    [
      "C9337",
      "Empty values",
      replayed("Push an attribute that was emptied"),
      people('PUT reads "" as absent'),
    ],
  ]),
  ...plan("Deprovision", "provisioning", [
    [
      "C9292, C9294, C9311",
      "Unassigned, or deactivated in Okta",
      unassigned,
      deactivated,
      access("deactivation by PATCH without a path answers 200 and ends every session"),
    ],
    ["C9295", "Suspended in Okta: nothing is sent", access("a profile push ends no session")],
  ]),
  ...plan("Password", "passwords", [
    ["C9301", "Sync password", replayed("Sync a password")],
    [
      "C9302",
      "The old password stops",
      access(
        "passwords are stored by POST, PUT and PATCH if it does; the old one stops working, an absent one changes nothing",
      ),
    ],
  ]),
  ...plan("Import", "provisioning", [
    [
      "C9303",
      "Users, who say whether they are active",
      replayed("Import users, first page"),
      people("are found by their login name in any case, active or not"),
    ],
    [
      "C9304, C9305",
      "Statistics and update",
      replayed("Import users, the page behind the last"),
      paging("reads every user exactly once while users are created, deactivated and renamed"),
    ],
    ["C9338", "Groups", replayed("Import groups: lists leave members out")],
  ]),
  ...plan("Group push", "groups", [
    ["C9312", "Create", created],
    ["C9313, C9314", "Rename", renamed, keptMembers],
    ["C9315", "Link and rename", found, renamed],
    [
      "C9316",
      "Push now, an empty group too",
      replayed("Push now: the whole membership"),
      replayed("Push now: an empty group"),
    ],
    ["C9317", "Empty group", created, replayed("Get the empty group")],
    ["C9318", "Delete", replayed("Delete a group"), replayed("Its member is not")],
    [
      "C9319, C9320",
      "Deactivate and activate the push",
      keptMembers,
      replayed("Push now: the whole membership"),
    ],
    ["C9321, C9322", "Leave the group, and link it again", keptMembers, found],
    ["C9323, C9324, C9325, C9326", "Push by rule", created, renamed, keptMembers, replayed("Delete a group")],
    [
      "C9327, C9328, C9329",
      "Names that are taken, members who are not there",
      replayed("Push a group whose name is taken"),
      groups("cannot have names that differ only in case: 409 on POST, PUT and PATCH"),
      groups("refuse members who do not exist, naming all of them, and change nothing"),
    ],
    ["C9330", "Link without renaming", found],
    [
      "C9331",
      "Many members at once",
      test(
        "scim/patch-group",
        "the steps of a group's PATCH are two for 256 alternating additions and removals of different members",
      ),
    ],
    [
      "C9332",
      "Add members",
      groups("PATCH adds: 204 without a body"),
      replayed("Change members: one leaves, one comes"),
    ],
    [
      "C9333",
      "Remove members",
      groups("PATCH removes by a filter: 204 without a body"),
      replayed("The same change again is not an error"),
    ],
  ]),
  ...plan("Profile sourcing", "profile sourcing", [["C9359, C9360, C9361", "The product as profile source"]]),
];
