import { orgIdOf } from "../../../../src/demo/tenants.ts";
import { paths } from "../../../../src/endpoints.ts";
import { landingPath } from "../../../../src/web/home.ts";
import { protocolStories } from "./protocols.ts";
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
    ...protocolStories[context.tenant.protocol].steps(context),
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
    look: protocolStories[tenant.protocol].renamed,
    files: ["src/scim/users.ts", "src/directory/provisioning.ts", "src/store/tenant/identities.ts"],
    messages: "scim",
    now: describePerson(snapshot.star, star),
  };
}

function otherSession(context: StoryContext): StoryStep {
  const { tenant, snapshot } = context;
  const [star, second] = tenant.people;
  const { look, files } = protocolStories[tenant.protocol].otherSession;
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
    look,
    files,
    messages: tenant.protocol,
    now: describePresence(snapshot),
  };
}
