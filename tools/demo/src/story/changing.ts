import { okta } from "okta-labels/labels";
import { orgIdOf } from "../../../../src/demo/tenants.ts";
import { paths } from "../../../../src/endpoints.ts";
import { landingPath } from "../../../../src/web/home.ts";
import { describePerson, describePresence } from "./snapshot.ts";
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

/** Changes while people are signed in: to roles, names, and the person at the browser. */
export function changing(context: StoryContext): StoryStep[] {
  return [
    role(context),
    rename(context),
    ...(context.tenant.protocol === "saml" ? [weakSignature(context)] : []),
    otherSession(context),
  ];
}

function role(context: StoryContext): StoryStep {
  const { tenant, orgUrl, snapshot } = context;
  const [star] = tenant.people;
  const first = firstNameOf(star);
  const admins = tenant.groups.find(({ role: given }) => given === "admin")?.name ?? "";
  const group = `/admin/groups/${orgIdOf("00g", admins)}`;
  const login = currentLogin(context);
  const removal = `${group}/members/${orgIdOf("00u", star)}/remove`;
  const look: PreparedAct = { label: "Look at the header of the page", to: landingPath };
  return {
    id: "role",
    title: "A group makes an administrator",
    acts: [
      beAndOpenTile(context, star),
      { label: `Add ${first} to ${admins} at the org`, atOrg: { path: `${group}/members`, form: { login } } },
      look,
      { label: `Remove ${first} from ${admins} again`, atOrg: { path: removal, form: {} } },
      look,
    ],
    actions: [
      { text: "Sign out here." },
      signInAtOrg(context, star),
      openTile(context),
      {
        text: `Assign ${first} to the group ${admins}, by username:`,
        link: { label: admins, href: orgUrl + group },
        value: login,
      },
      { text: "Load the page again.", link: landing },
      {
        text: `Then remove ${first} from the group, and load it once more.`,
        link: { label: admins, href: orgUrl + group },
      },
    ],
    look: "“Admin” appears in the header with the next click, and disappears with the first click after the removal. The role follows from the membership and is not stored anywhere else, so it cannot outlive it.",
    files: ["packages/scim-server/src/groups.ts", "src/directory/groups.ts", "src/store/tenant/roles.ts"],
    messages: "scim",
    now: describePerson(snapshot.star, star),
  };
}

function rename(context: StoryContext): StoryStep {
  const { tenant, orgUrl, snapshot } = context;
  const [star] = tenant.people;
  const first = firstNameOf(star);
  const profile = `/admin/users/${orgIdOf("00u", star)}`;
  const login = `${first.toLowerCase()}.newman@${tenant.domain}`;
  return {
    id: "rename",
    title: `${first} has a new name`,
    acts: [
      {
        label: `Rename ${first} to ${first} Newman at the org`,
        atOrg: { path: profile, form: { firstName: first, lastName: "Newman", login, email: login } },
      },
      { label: "Look at the account", to: paths.account },
      beAndOpenTile(context, star),
    ],
    actions: [
      {
        text: "Change last name, username and primary email of the profile, and save.",
        link: { label: "Profile", href: orgUrl + profile },
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
    now: describePerson(snapshot.star, star),
  };
}

function otherSession(context: StoryContext): StoryStep {
  const { tenant, snapshot } = context;
  const [star, second] = tenant.people;
  const isOidc = tenant.protocol === "oidc";
  const { label, to = "" } = beAndOpenTile(context, second);
  return {
    id: "other-session",
    title: "A tile during another person’s session",
    // The application's session stays: it is what this step is about.
    acts: [beAndOpenTile(context, star), { label, to }],
    actions: [
      { text: `Stay signed in here as ${firstNameOf(star)}.` },
      signInAtOrg(context, second),
      openTile(context),
    ],
    look: isOidc
      ? "The application asked the org, and the org said who is signed in there now. The browser’s former session has ended; nothing of it is left in the new one."
      : "The application asks before it replaces the signed-in person. Otherwise an attacker who makes the browser post a response could sign the person in to another account.",
    files: isOidc
      ? ["src/oidc/routes.ts", "src/web/sessions.ts"]
      : ["src/saml/sign-in.ts", "views/continue-as.ejs"],
    messages: tenant.protocol,
    now: describePresence(snapshot),
  };
}

function weakSignature(context: StoryContext): StoryStep {
  const { tenant, orgUrl, appId, snapshot } = context;
  const [star] = tenant.people;
  const signOn = { label: okta.tabs.signOn, href: `${orgUrl}/admin/apps/${appId}/sign-on` };
  const path = `/admin/apps/${appId}/sign-on/algorithm`;
  return {
    id: "weak-signature",
    title: "A weak signature is refused",
    acts: [
      { label: "Have the org sign with SHA-1", atOrg: { path, form: { algorithm: "SHA1" } } },
      beAndOpenTile(context, star),
      { label: "Switch back to SHA-256", atOrg: { path, form: { algorithm: "SHA256" } } },
    ],
    actions: [
      { text: "Have the org sign with SHA-1.", link: signOn },
      openTile(context),
      { text: "Read the page, and switch back to SHA-256.", link: signOn },
    ],
    look: "The person reads one sentence and a reference. The operator finds the reason in the log under that reference.",
    files: ["packages/saml-policy/src/response-rules.ts", "src/web/refusals.ts"],
    messages: "saml",
    now: describePerson(snapshot.star, star),
  };
}
