import { okta } from "okta-labels/labels";
import { orgIdOf } from "../../../../src/demo/tenants.ts";
import { landingPath } from "../../../../src/web/home.ts";
import { describePerson } from "./snapshot.ts";
import {
  beAndOpenTile,
  currentLogin,
  firstNameOf,
  landing,
  openTile,
  type PreparedAct,
  type StoryContext,
  type StoryStep,
  signInAtOrg,
} from "./story.ts";

/** How access ends, and how a person returns. */
export function leaving(context: StoryContext): StoryStep[] {
  const { tenant, orgUrl, appId, snapshot } = context;
  const [star] = tenant.people;
  const first = firstNameOf(star);
  const profile = `/admin/users/${orgIdOf("00u", star)}`;
  const person = { label: star, href: orgUrl + profile };
  const load: PreparedAct = { label: "Load the page again", to: landingPath };
  return [
    {
      id: "universal-logout",
      title: "Universal Logout",
      acts: [
        beAndOpenTile(context, star),
        {
          label: `Choose “${okta.person.clearSessions}” at the org`,
          atOrg: { path: `${profile}/clear-sessions`, form: { includeApps: "on" } },
        },
        load,
      ],
      actions: [
        { text: "Sign out here." },
        signInAtOrg(context, star),
        openTile(context),
        {
          text: `Choose “${okta.person.moreActions}” and “${okta.person.clearSessions}”. Tick “${okta.person.includeApps}”, and choose “${okta.person.clearAndRevoke}”.`,
          link: person,
        },
        { text: "Load the page again.", link: landing },
      ],
      look: "The sign-in page opens, because the session has ended, in every browser and on every replica. The org’s call carried a token, signed with the same key as its sign-ins, and the application acted in this customer’s tenant only.",
      files: ["src/universal-logout/routes.ts", "src/directory/access.ts"],
      messages: "universal-logout",
      now: describePerson(snapshot.star, star),
    },
    {
      id: "deactivation",
      title: `${first} leaves the company`,
      acts: [
        beAndOpenTile(context, star),
        { label: `Deactivate ${first} at the org`, atOrg: { path: `${profile}/deactivate`, form: {} } },
        load,
      ],
      actions: [
        signInAtOrg(context, star),
        openTile(context),
        {
          text: `Choose “${okta.person.moreActions}” and “${okta.buttons.deactivate}”, and confirm it.`,
          link: person,
        },
        { text: "Load the page again.", link: landing },
      ],
      look: "The next click leads to the sign-in page, which says that the session has ended. The account and its data stay.",
      files: [
        "packages/scim-server/src/patch-user.ts",
        "src/directory/provisioning.ts",
        "src/web/sessions.ts",
      ],
      messages: "scim",
      now: describePerson(snapshot.star, star),
    },
    {
      id: "reactivation",
      title: `${first} returns`,
      acts: [
        { label: `Activate ${first} at the org`, atOrg: { path: `${profile}/activate`, form: {} } },
        {
          label: `Assign the application to ${first}`,
          atOrg: { path: `/admin/apps/${appId}/assign-to-people/${orgIdOf("00u", star)}`, form: {} },
        },
        beAndOpenTile(context, star),
      ],
      actions: [
        { text: `Choose “${okta.person.moreActions}” and “${okta.buttons.activate}”.`, link: person },
        {
          text: "Assign the application again, by username:",
          link: { label: okta.tabs.assignments, href: `${orgUrl}/admin/apps/${appId}/assignments` },
          value: currentLogin(context),
        },
        signInAtOrg(context, star),
        openTile(context),
      ],
      look: "It is the same account, with the same id, groups and data: the org found the deactivated account and activated it.",
      files: ["src/scim/users.ts", "src/directory/provisioning.ts"],
      messages: "scim",
      now: describePerson(snapshot.star, star),
    },
  ];
}
