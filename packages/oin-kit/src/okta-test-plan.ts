/**
 * Okta's manual test plan for SCIM integrations, as facts: numbers, titles and what each case expects, in the plan's order.
 * Nothing here knows the product. test-cases.ts says what the product does in each case.
 *
 * Source: okta-scim-test-plan-v2.xlsx in okta/okta-developer-docs, last changed on 2024-03-21. Titles leave out "Verify".
 */
/** The plan's sections, in its order. Each case: number, title, and the expected result in a few words. */
const sections = {
  "Preconditions: app, people and groups": [
    ["C9296", "Add People", "A person exists in Okta"],
    ["C9297", "Add Group", "A group exists in Okta"],
    ["C9298", "Setup SCIM App", "The app works after the steps of the configuration guide"],
    ["C9308", "Add People to Group", "The person is a member of the group in Okta"],
    ["C9313", "Rename app groups to match group name in Okta flag - ENABLED", "The flag is on"],
    ["C9314", "Rename app groups to match group name in Okta flag - DISABLED", "The flag is off"],
  ],
  "Preconditions: provisioning and SSO": [
    ["C21902", "OAUTH2 using NOT allow-listed redirect URIs", "Such a URI is refused"],
    ["C9306", "Enable Provisioning and SCIM features", "Base URL, token and features are saved"],
    ["C9339", "Disable Provisioning", "A changed assignment changes nothing in the app"],
    ["C9340", "Enable Provisioning With Incorrect credentials", "The admin sees an error"],
    ["C9341", "Update Provisioning With Correct Credentials", "A new token of the app is accepted"],
    ["C9342", "Login to App SWA", "The tile signs in by Secure Web Authentication"],
    ["C9343", "Login to App SAML", "The tile signs in by SAML"],
  ],
  "Preconditions: attributes and mapping": [
    ["C9289", "Attribute Type In the Profile Editor", "Each attribute is Personal or Group"],
    ["C9344", "Basic Attributes", "Username, given name and family name are base attributes"],
    ["C9345", "Attributes and Mapping", "The mapping is the one that the guide lists"],
  ],
  "Preconditions: configuration guide": [
    ["C9299", "Configuration Guide", "It is reachable, clear and current, with five headings"],
  ],
  "Create users": [
    ["C9290", "App Assignment for New User", "The app creates the user with the profile's values"],
    ["C9293", "Re-Activation Of User Is Synced To Target App", "The user is active: same id, same values"],
    ["C9300", "Un-Suspend User Functionality", "The user has the apps and groups of before"],
    ["C9307", "Group Assignment to Target App", "The app creates each member of the group"],
    ["C9334", "App Assignment For New User Which Has All Attributes", "The app stores all values"],
    ["C9335", "App Assignment For User Already Created In App", "The app's user is linked and updated"],
    ["C9336", "App Assignment For User With a Unique UserName And Email", "The app creates the user"],
  ],
  "Update users": [
    ["C9291", "User Attribute Update", "Values edited at the assignment reach the app"],
    ["C9309", "Update For User Group Attributes", "Values of the group's assignment reach each member"],
    ["C9310", "Update User Attributes from User Profile", "Values of the Okta profile reach the app"],
    ["C9337", "Update To Push Empty Values", "Emptied values cause no error"],
  ],
  "Deprovision users": [
    ["C9292", "Deactivate User", "Who is deactivated in Okta loses the app"],
    ["C9294", "Removes an assignment for a user from an application", "The user loses access in the app"],
    ["C9295", "Suspend user functionality", "Apps and groups of a suspended user stay"],
    ["C9311", "Removes an assignment for a group from an application", "Each member loses access"],
  ],
  "Sync password": [
    ["C9301", "Sync Password Functionality", "The app gets Okta's password or a random one"],
    ["C9302", "Sync Password Update", "The new password works, and the old one does not"],
  ],
  "Import users": [
    ["C9303", "Import User Functionality", "Active users of the app are found, with names and email"],
    ["C9304", "Import User Functionality Scanned Users", "One new user is counted"],
    ["C9305", "Import User > Update Functionality", "A change of an imported user reaches the app"],
  ],
  "Import groups": [["C9338", "Import Group Functionality", "One new group is counted"]],
  "Group push": [
    ["C9312", "Push Groups > Create Group", "The app has the group with its members"],
    ["C9315", "Push Groups > Link Group > Rename App Group", "Renamed; new members join the old ones"],
    ["C9316", "Push Groups > Push Now", "The members in the app are those in Okta, even none"],
    ["C9317", "Push Groups > Push Empty Group", "The app has a group without members"],
    [
      "C9318",
      "Push Groups > Unlink Pushed Group > Delete the group in the target app",
      "The group is gone, the users stay",
    ],
    ["C9319", "Push Groups > Deactivate Group Push", "The group stays; a new member does not arrive"],
    ["C9320", "Push Groups > Activate Group Push", "The new member arrives"],
    [
      "C9321",
      "Push Groups > Unlink Pushed Group > Leave the group in the target app",
      "Group and members stay in the app",
    ],
    [
      "C9322",
      "Push Groups > Link Group > After Leave the group in the target app",
      "The same group; old members stay, new ones arrive",
    ],
    ["C9323", "Push Groups > Push Groups By Rule", "Each group that the rule finds is in the app"],
    ["C9324", "Push Groups > Deactivate Rule", "Groups of before stay; new ones do not arrive"],
    ["C9325", "Push Groups > Delete Rule", "The rule's groups are gone from the app"],
    ["C9326", "Push Groups > Delete Rule > Leave Associated Groups", "The rule's groups stay in the app"],
    ["C9327", "Push Groups > Bulk Edit > Delete", "All selected groups are gone, the users stay"],
    ["C9328", "Push Groups > Bulk Edit > Deactivate", "The groups stay; new members do not arrive"],
    ["C9329", "Push Groups > Bulk Edit > Activate", "The members arrive at once"],
    ["C9330", "Push Groups > Link Group > Do Not Rename App Group", "Old name; new members join old ones"],
    ["C9331", "Push Groups > Bulk Edit > Delete > Leave Associated Groups", "Groups and users stay"],
    ["C9332", "Push Groups > Add Members As Group", "The added user is a member in the app"],
    ["C9333", "Push Groups > Remove Members From Group", "The user leaves the group and loses the app"],
  ],
  "Profile sourcing": [
    ["C9359", "Enable Profile Sourcing", "Who is deactivated in the app is deactivated in Okta"],
    ["C9360", "User Profile if User Mastered By Profile Sourcing", "Okta shows the app as the source"],
    ["C9361", "User Profile > Deactivate User", "Okta shows the user as deactivated"],
  ],
} as const;

/** A case's number in Okta's plan. */
export type CaseId = (typeof sections)[keyof typeof sections][number][0];

/** A case of Okta's plan. */
export interface OktaCase {
  id: CaseId;
  section: string;
  title: string;
  /** The result that Okta expects, in a few words. */
  expected: string;
}

/** All cases, in the plan's order. */
export const oktaCases: readonly OktaCase[] = Object.entries(sections).flatMap(([section, cases]) =>
  cases.map(([id, title, expected]) => ({ id, section, title, expected })),
);

export const oktaTestPlan = {
  name: "Okta SCIM test plan, version 2",
  url: "https://developer.okta.com/standards/SCIM/SCIMFiles/okta-scim-test-plan-v2.xlsx",
  /** The date of Okta's documents from which the cases were read. */
  readOn: "2026-08-21",
  cases: oktaCases,
} as const;
