import { orgIdOf } from "../../../../src/demo/cast.ts";
import { paths } from "../../../../src/endpoints.ts";
import { whatIsKnown } from "./glimpse.ts";
import { loginNow, openTile, type Stage, type Step, signInAt } from "./stage.ts";

/** How access ends, and how somebody comes back. */
export function leaving(stage: Stage): Step[] {
  const { tenant, orgUrl, appId, glimpse } = stage;
  const [star] = tenant.people;
  const first = star.split(" ")[0] ?? star;
  const person = { label: star, href: `${orgUrl}/admin/users/${orgIdOf("00u", star)}` };
  return [
    {
      id: "universal-logout",
      title: "Universal Logout",
      actions: [
        { text: "Sign out here." },
        signInAt(stage, star),
        openTile(stage),
        { text: "Choose “Clear User Sessions”, and “Clear and revoke”.", link: person },
        { text: "Load the task list again.", link: { label: "Tasks", href: paths.home } },
      ],
      look: "The session is over, in every browser and on every replica. The org’s call carried a token that it had signed with the key of its sign-ins, and the application acted in this customer’s tenant only.",
      files: ["src/universal-logout/routes.ts", "src/directory/access.ts"],
      messages: "universal-logout",
      now: whatIsKnown(glimpse.star),
    },
    {
      id: "deactivation",
      title: `${first} leaves the company`,
      actions: [
        signInAt(stage, star),
        openTile(stage),
        { text: "Choose “Deactivate”.", link: person },
        { text: "Load the task list again.", link: { label: "Tasks", href: paths.home } },
      ],
      look: "The very next click leads to the sign-in page. The account stays, and so do the tasks; an administrator finds them under “Needs somebody”.",
      files: ["packages/scim-server/src/patch-user.ts", "src/directory/provisioning.ts", "src/web/sessions.ts"],
      messages: "scim",
      now: whatIsKnown(glimpse.star),
    },
    {
      id: "reactivation",
      title: `${first} comes back`,
      actions: [
        { text: "Choose “Activate”.", link: person },
        {
          text: "Assign the application again, by username:",
          link: { label: "Assignments", href: `${orgUrl}/admin/apps/${appId}/assignments` },
          value: loginNow(stage),
        },
        signInAt(stage, star),
        openTile(stage),
      ],
      look: "The same account with the same id, the same groups and the same tasks: the org looked it up, although it was deactivated, and activated it.",
      files: ["src/scim/users.ts", "src/directory/provisioning.ts"],
      messages: "scim",
      now: whatIsKnown(glimpse.star),
    },
  ];
}
