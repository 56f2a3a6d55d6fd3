import { okta } from "okta-labels/labels";
import { orgIdOf } from "../../../../src/demo/tenants.ts";
import { paths } from "../../../../src/endpoints.ts";
import { describePerson, describePresence } from "./snapshot.ts";
import { currentLogin, openTile, type StoryContext, type StoryStep, signInAtOrg } from "./story.ts";

/** Changes while people are signed in: to roles, names, and the person at the browser. */
export function changing(context: StoryContext): StoryStep[] {
  const { tenant, orgUrl, snapshot } = context;
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
        signInAtOrg(context, star),
        openTile(context),
        {
          text: `Assign ${first} to the group ${admins}, by username:`,
          link: { label: admins, href: groupPage },
          value: currentLogin(context),
        },
        { text: "Load the task list again.", link: { label: "Tasks", href: paths.home } },
        {
          text: `Then remove ${first} from the group, and load it once more.`,
          link: { label: admins, href: groupPage },
        },
      ],
      look: "“Admin” appears in the header with the next click, and disappears with the first click after the removal. The role follows from the membership and is not stored anywhere else, so it cannot outlive it.",
      files: ["packages/scim-server/src/groups.ts", "src/directory/groups.ts", "src/store/tenant/roles.ts"],
      messages: "scim",
      now: describePerson(snapshot.star),
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
          ? "It is the same account. The application knows the person by a key that never changes (sub), so a new name changes only the name."
          : "It is the same account, although the SAML response identifies the person by the username. The push moved the identity to the new name, so the next person with the old username gets an account of their own.",
      files: ["src/scim/users.ts", "src/directory/provisioning.ts", "src/store/tenant/identities.ts"],
      messages: "scim",
      now: describePerson(snapshot.star),
    },
    ...(tenant.protocol === "saml" ? [weakSignature(context)] : []),
    {
      id: "other-session",
      title: "A tile during another person’s session",
      actions: [
        { text: `Stay signed in here as ${first}.` },
        signInAtOrg(context, tenant.people[1]),
        openTile(context),
      ],
      look:
        tenant.protocol === "oidc"
          ? "The application asked the org, and the org said who is signed in there now. The browser’s former session has ended; nothing of it is left in the new one."
          : "The application asks before it replaces the signed-in person. Otherwise an attacker who makes the browser post a response could sign the person in to another account.",
      files:
        tenant.protocol === "oidc"
          ? ["src/oidc/routes.ts", "src/web/sessions.ts"]
          : ["src/saml/sign-in.ts", "views/continue-as.ejs"],
      messages: tenant.protocol,
      now: describePresence(snapshot),
    },
  ];
}

function weakSignature(context: StoryContext): StoryStep {
  const { orgUrl, appId } = context;
  const signOn = { label: okta.tabs.signOn, href: `${orgUrl}/admin/apps/${appId}/sign-on` };
  return {
    id: "weak-signature",
    title: "A weak signature is refused",
    actions: [
      { text: "Have the org sign with SHA-1.", link: signOn },
      openTile(context),
      { text: "Read the page, and switch back to SHA-256.", link: signOn },
    ],
    look: "The person reads one sentence and a reference. The operator finds the reason in the log under that reference.",
    files: ["packages/saml-policy/src/response-rules.ts", "src/web/refusals.ts"],
    messages: "saml",
    now: describePerson(context.snapshot.star),
  };
}
