import { loginOf } from "../../../../src/demo/cast.ts";
import { paths } from "../../../../src/endpoints.ts";
import { whatIsKnown } from "./glimpse.ts";
import { openTile, type Stage, type Step, signInAt } from "./stage.ts";

/** How people come: by a tile, from the sign-in page, just in time, and by provisioning. */
export function arriving(stage: Stage): Step[] {
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
        : ["src/saml/acs.ts", "packages/saml-policy/src/consume.ts", "src/directory/sign-in.ts"],
      messages: tenant.protocol,
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
        isOidc ? "src/web/pending-logins.ts" : "src/saml/strategy.ts",
      ],
      messages: tenant.protocol,
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
      messages: tenant.protocol,
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
      messages: "scim",
      now: whatIsKnown(glimpse.guest),
    },
  ];
}
