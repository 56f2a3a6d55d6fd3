import { paths } from "../endpoints.ts";
import { type DemoTenant, loginOf, orgIdOf } from "./cast.ts";
import { type Glimpse, presence, whatIsKnown } from "./glimpse.ts";

/** One step of the story, as the page shows it. */
export interface Step {
  /** Names the step in addresses and tests. */
  id: string;
  title: string;
  /** What to do, in order. */
  actions: Action[];
  /** What there is to see, and why it is so. */
  look: string;
  /** Where it happens in the code. */
  files: string[];
  /** What the application knows at this moment. */
  now: string;
}

interface Action {
  text: string;
  link?: { label: string; href: string };
  /** Something to enter there. */
  value?: string;
}

/** Where the story happens. */
export interface Stage {
  tenant: DemoTenant;
  /** The tenant's app at the org. */
  appId: string;
  orgUrl: string;
  glimpse: Glimpse;
}

/** The story of one customer. */
export function stepsOf(stage: Stage): Step[] {
  return [...arriving(stage), ...changing(stage), ...leaving(stage)];
}

function arriving(stage: Stage): Step[] {
  const { tenant, orgUrl, glimpse } = stage;
  const [star] = tenant.people;
  const isOidc = tenant.protocol === "oidc";
  return [
    {
      id: "tile",
      title: `${star} opens the tile`,
      actions: [signInAt(stage, star), openTile(stage)],
      look: isOidc
        ? "You are on the task list, and nobody asked for a password here. The tile sent nothing but the name of the org; the application asked it who you are, and believed the answer because the org’s key had signed it."
        : "You are on the task list, and nobody asked for a password here. The org posted a signed response that nobody had asked for. The application checked it, and will not take the same one twice.",
      files: isOidc
        ? ["src/oidc/routes.ts", "src/oidc/strategy.ts", "src/directory/sign-in.ts"]
        : ["src/saml/acs.ts", "src/saml/checks.ts", "src/directory/sign-in.ts"],
      now: whatIsKnown(glimpse.star),
    },
    {
      id: "login-page",
      title: `${star} begins at the application`,
      actions: [
        { text: "Sign out here, with the button at the top of the page." },
        {
          text: "Enter the address on the sign-in page:",
          link: { label: "Sign in", href: paths.login },
          value: glimpse.star?.user.email ?? loginOf(star, tenant),
        },
        { text: "Sign in at the org, if it asks you to." },
      ],
      look: `The domain ${tenant.domain} belongs to ${tenant.name}, which proved it; so the application knew which org to ask.`,
      files: [
        "src/web/login.ts",
        "src/web/doors.ts",
        isOidc ? "src/oidc/pending.ts" : "src/saml/service-provider.ts",
      ],
      now: whatIsKnown(glimpse.star),
    },
    {
      id: "just-in-time",
      title: `${tenant.guest} arrives just in time`,
      actions: [
        { text: "Sign out here again." },
        signInAt(stage, tenant.guest),
        openTile(stage),
        { text: "Look at the account.", link: { label: "Your account", href: paths.account } },
      ],
      look: "Nobody had told the application of this person. The connection allows first sign-ins to create accounts; name and address came from the org.",
      files: ["src/directory/sign-in.ts", isOidc ? "src/oidc/claims.ts" : "src/saml/attributes.ts"],
      now: whatIsKnown(glimpse.guest),
    },
    {
      id: "adoption",
      title: "Provisioning adopts the account",
      actions: [
        {
          text: "In the org’s Admin Console, choose “Provision Users”.",
          link: { label: "Assignments", href: `${orgUrl}/admin/apps/${stage.appId}/assignments` },
        },
        {
          text: "Look at the calls that this made.",
          link: { label: "System Log", href: `${orgUrl}/admin/reports/system-log` },
        },
      ],
      look: "The org looked the person up by username, found the account, and wrote onto it. It has the same id as before, and is managed by SCIM from now on.",
      files: ["src/scim/users.ts", "src/directory/provisioning.ts"],
      now: whatIsKnown(glimpse.guest),
    },
  ];
}

function changing(stage: Stage): Step[] {
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
      files: ["src/scim/patch-group.ts", "src/directory/groups.ts", "src/store/tenant/roles.ts"],
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
    now: whatIsKnown(stage.glimpse.star),
  };
}

function leaving(stage: Stage): Step[] {
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
      files: ["src/scim/patch-user.ts", "src/directory/provisioning.ts", "src/web/sessions.ts"],
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
      now: whatIsKnown(glimpse.star),
    },
  ];
}

function signInAt({ tenant, orgUrl, glimpse }: Stage, name: string): Action {
  const current = name === tenant.people[0] ? glimpse.star?.user.loginName : undefined;
  const query = new URLSearchParams({ username: current ?? loginOf(name, tenant) });
  return {
    text: `Sign in at the org as ${name}.`,
    link: { label: "Org sign-in", href: `${orgUrl}/login?${query}` },
  };
}

function openTile({ orgUrl }: Stage): Action {
  return { text: "Choose the tile.", link: { label: "Dashboard", href: `${orgUrl}/app/UserHome` } };
}

function loginNow({ tenant, glimpse }: Stage): string {
  return glimpse.star?.user.loginName ?? loginOf(tenant.people[0], tenant);
}
