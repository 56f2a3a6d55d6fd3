import { okta } from "okta-labels/labels";
import { loginOf } from "../../../../src/demo/tenants.ts";
import { paths } from "../../../../src/endpoints.ts";
import { protocolStories } from "./protocols.ts";
import { describePerson } from "./snapshot.ts";
import { beAndOpenTile, openTile, type StoryContext, type StoryStep, signInAtOrg } from "./story.ts";

/** How people arrive: by a tile, from the sign-in page, just in time, and by provisioning. */
export function arriving(context: StoryContext): StoryStep[] {
  const { tenant, orgUrl, snapshot } = context;
  const [star] = tenant.people;
  const words = protocolStories[tenant.protocol];
  return [
    {
      id: "tile",
      title: `${star} opens the tile`,
      acts: [beAndOpenTile(context, star)],
      actions: [signInAtOrg(context, star), openTile(context)],
      look: words.tile.look,
      files: words.tile.files,
      messages: tenant.protocol,
      now: describePerson(snapshot.star, star),
    },
    {
      id: "login-page",
      title: `${star} starts at the application`,
      acts: [
        {
          label: "Sign out here, and open the sign-in page",
          signsOut: true,
          to: paths.login,
          value: snapshot.star?.user.email ?? loginOf(star, tenant),
        },
      ],
      actions: [
        { text: "Sign out here, in the menu at the top right." },
        {
          text: "Enter the address on the sign-in page:",
          link: { label: "Sign in", href: paths.login },
          value: snapshot.star?.user.email ?? loginOf(star, tenant),
        },
        { text: "Sign in at the org, if it asks you to." },
      ],
      look: `${tenant.name} proved that it owns the domain ${tenant.domain}, so the application knew which org to ask.`,
      files: ["src/web/login.ts", "src/web/sign-in-options.ts", words.beginning],
      messages: tenant.protocol,
      now: describePerson(snapshot.star, star),
    },
    {
      id: "just-in-time",
      title: `${tenant.guest} arrives just in time`,
      acts: [beAndOpenTile(context, tenant.guest), { label: "Look at the account", to: paths.account }],
      actions: [
        { text: "Sign out here again." },
        signInAtOrg(context, tenant.guest),
        openTile(context),
        { text: "Look at the account.", link: { label: "Your account", href: paths.account } },
      ],
      look: "The application did not know this person. The connection allows a first sign-in to create the account; name and e-mail address came from the org.",
      files: ["src/directory/sign-in.ts", words.arrival],
      messages: tenant.protocol,
      now: describePerson(snapshot.guest, tenant.guest),
    },
    {
      id: "adoption",
      title: "Provisioning adopts the account",
      acts: [
        {
          label: `Choose “${okta.provisioning.provisionUser}” at the org`,
          atOrg: { path: `/admin/apps/${context.appId}/assignments/provision`, form: {} },
        },
      ],
      actions: [
        {
          text: `In the org’s Admin Console, choose “${okta.provisioning.provisionUser}”.`,
          link: { label: okta.tabs.assignments, href: `${orgUrl}/admin/apps/${context.appId}/assignments` },
        },
        {
          text: "Look at the calls that the org made.",
          link: { label: okta.menus.systemLog, href: `${orgUrl}/admin/reports/system-log` },
        },
      ],
      look: "The org looked the person up by username, found the account, and updated it. It has the same id as before, and SCIM manages it from now on.",
      files: ["src/scim/users.ts", "src/directory/provisioning.ts"],
      messages: "scim",
      now: describePerson(snapshot.guest, tenant.guest),
    },
  ];
}
