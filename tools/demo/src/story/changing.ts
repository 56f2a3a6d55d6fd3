import { orgIdOf } from "../../../../src/demo/cast.ts";
import { paths } from "../../../../src/endpoints.ts";
import { presence, whatIsKnown } from "./glimpse.ts";
import { loginNow, openTile, type Stage, type Step, signInAt } from "./stage.ts";

/** What changes while they are there: roles, names, and who sits at the browser. */
export function changing(stage: Stage): Step[] {
  const { tenant, orgUrl, glimpse } = stage;
  const [star] = tenant.people;
  const first = star.split(" ")[0] ?? star;
  const admins = tenant.groups.find(({ role }) => role === "admin")?.name ?? "";
  const groupPage = `${orgUrl}/admin/groups/${orgIdOf("00g", admins)}`;
  return [
    {
      id: "role",
      title: "A group makes an administrator",
      actions: [
        { text: "Sign out here." },
        signInAt(stage, star),
        openTile(stage),
        {
          text: `Assign ${first} to the group ${admins}, by username:`,
          link: { label: admins, href: groupPage },
          value: loginNow(stage),
        },
        { text: "Load the task list again.", link: { label: "Tasks", href: paths.home } },
        {
          text: `Then remove ${first} from the group, and load it once more.`,
          link: { label: admins, href: groupPage },
        },
      ],
      look: "“Admin” stands in the header from the next click on, and is gone at the one after the removal. The role follows from the membership and is not copied anywhere, so nothing can be left behind.",
      files: ["packages/scim-server/src/patch-group.ts", "src/directory/groups.ts", "src/store/tenant/roles.ts"],
      messages: "scim",
      now: whatIsKnown(glimpse.star),
    },
    {
      id: "rename",
      title: `${first} has a new name`,
      actions: [
        {
          text: "Change last name, username and primary email of the profile, and save.",
          link: { label: "Profile", href: `${orgUrl}/admin/users/${orgIdOf("00u", star)}` },
        },
        { text: "Look at the account.", link: { label: "Your account", href: paths.account } },
        {
          text: "Sign out, and open the tile again.",
          link: { label: "Dashboard", href: `${orgUrl}/app/UserHome` },
        },
      ],
      look:
        tenant.protocol === "oidc"
          ? "It is the same account. The org is known to the application by a key that never changes (sub), so a new name changes nothing but the name."
          : "It is the same account, although the SAML response names the person by the username: the application moved the identity to the new name with the push, so that the next holder of the old one is somebody else.",
      files: ["src/scim/users.ts", "src/directory/provisioning.ts", "src/store/tenant/identities.ts"],
      messages: "scim",
      now: whatIsKnown(glimpse.star),
    },
    ...(tenant.protocol === "saml" ? [weakSignature(stage)] : []),
    {
      id: "other-session",
      title: "A tile over somebody else’s session",
      actions: [
        { text: `Stay signed in here as ${first}.` },
        signInAt(stage, tenant.people[1]),
        openTile(stage),
      ],
      look:
        tenant.protocol === "oidc"
          ? "The application asked the org, and the org said who is there now. The former session of this browser is over, not mixed with the new one."
          : "The application asks before it changes who is signed in: whoever can make a browser post a response must not decide under whose name it goes on.",
      files:
        tenant.protocol === "oidc"
          ? ["src/oidc/routes.ts", "src/web/sessions.ts"]
          : ["src/saml/finish.ts", "views/continue-as.ejs"],
      messages: tenant.protocol,
      now: presence(glimpse),
    },
  ];
}

function weakSignature({ orgUrl, appId, ...stage }: Stage): Step {
  const signOn = { label: "Sign On", href: `${orgUrl}/admin/apps/${appId}/sign-on` };
  return {
    id: "weak-signature",
    title: "A weak signature is refused",
    actions: [
      { text: "Have the org sign with SHA-1.", link: signOn },
      { text: "Open the tile.", link: { label: "Dashboard", href: `${orgUrl}/app/UserHome` } },
      { text: "Read the page, and switch back to SHA-256.", link: signOn },
    ],
    look: "One sentence for the person, and a reference for whoever is asked about it; the reason is in the log under that reference.",
    files: ["src/saml/signatures.ts", "src/web/refusals.ts"],
    messages: "saml",
    now: whatIsKnown(stage.glimpse.star),
  };
}
