import { okta } from "okta-labels/labels";
import { orgIdOf } from "../../../../src/demo/tenants.ts";
import { paths } from "../../../../src/endpoints.ts";
import { describePerson } from "./snapshot.ts";
import { currentLogin, openTile, type StoryContext, type StoryStep, signInAtOrg } from "./story.ts";

/** How access ends, and how a person returns. */
export function leaving(context: StoryContext): StoryStep[] {
  const { tenant, orgUrl, appId, snapshot } = context;
  const [star] = tenant.people;
  const first = star.split(" ")[0] ?? star;
  const person = { label: star, href: `${orgUrl}/admin/users/${orgIdOf("00u", star)}` };
  return [
    {
      id: "universal-logout",
      title: "Universal Logout",
      actions: [
        { text: "Sign out here." },
        signInAtOrg(context, star),
        openTile(context),
        {
          text: `Choose “${okta.person.moreActions}” and “${okta.person.clearSessions}”. Tick “${okta.person.includeApps}”, and choose “${okta.person.clearAndRevoke}”.`,
          link: person,
        },
        { text: "Load the task list again.", link: { label: "Tasks", href: paths.home } },
      ],
      look: "The session has ended, in every browser and on every replica. The org’s call carried a token, signed with the same key as its sign-ins, and the application acted in this customer’s tenant only.",
      files: ["src/universal-logout/routes.ts", "src/directory/access.ts"],
      messages: "universal-logout",
      now: describePerson(snapshot.star),
    },
    {
      id: "deactivation",
      title: `${first} leaves the company`,
      actions: [
        signInAtOrg(context, star),
        openTile(context),
        {
          text: `Choose “${okta.person.moreActions}” and “${okta.buttons.deactivate}”, and confirm it.`,
          link: person,
        },
        { text: "Load the task list again.", link: { label: "Tasks", href: paths.home } },
      ],
      look: "The next click leads to the sign-in page. The account and its tasks stay; an administrator finds the tasks under “Needs an assignee”.",
      files: [
        "packages/scim-server/src/patch-user.ts",
        "src/directory/provisioning.ts",
        "src/web/sessions.ts",
      ],
      messages: "scim",
      now: describePerson(snapshot.star),
    },
    {
      id: "reactivation",
      title: `${first} returns`,
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
      look: "It is the same account, with the same id, groups and tasks: the org found the deactivated account and activated it.",
      files: ["src/scim/users.ts", "src/directory/provisioning.ts"],
      messages: "scim",
      now: describePerson(snapshot.star),
    },
  ];
}
