/** The session that opens a page: none, the owner of the demo's first customer, or one of its people at the org. */
export type Viewer = "anyone" | "owner" | "colleague";

/** One page of the demo, and how to find it. A build that does not have it leaves it out. */
export interface ListedPage {
  name: string;
  as: Viewer;
  /** Which program serves it. */
  at: "app" | "org";
  /** Its path, or the first link on another page of this list that fits. */
  path: string | { on: string; link: RegExp };
}

type Row = [name: string, path: string | [on: string, link: RegExp]];

const id = "[\\w-]+";
const admin = (rest: string) => new RegExp(`^/admin/${rest}$`);

const signedOut: Row[] = [
  ["front", "/"],
  ["login", "/login"],
  ["login-ended", "/login?ended=1"],
  ["login-password", "/login/password/acme"],
  ["login-organisation", "/login/password"],
  ["signed-out", "/signed-out"],
  ["set-up-link-dead", "/setup/unknown"],
  ["not-found", "/no-such-page"],
  ["guide-oidc", "/guides/okta/oidc"],
  ["guide-saml", "/guides/okta/saml"], // SAML
  ["guide-scim", "/guides/okta/scim"],
  ["guide-agents", "/guides/okta/xaa"],
  ["story-acme", "/demo/acme"],
  ["story-globex", "/demo/globex"],
  ["story-step", ["story-acme", new RegExp(`^/demo/acme/(?!messages|all)${id}$`)]],
  ["story-all", "/demo/acme/all"],
  ["components", "/demo/components"],
];

const owned: Row[] = [
  ["tasks", "/tasks"], // sample domain
  ["tasks-done", "/tasks?show=done"], // sample product
  ["account", "/account"],
  ["admin", "/admin"],
  ["connections", "/admin/connections"],
  ["connection-new", "/admin/connections/new"],
  ["connection", ["connections", admin(`connections/(?!new)${id}`)]],
  [
    "connection-settings",
    ["connection", new RegExp(`^/admin/connections/${id}(/settings|\\?tab=settings)$`)],
  ],
  ["connection-guide", ["guides", admin(`connections/${id}/guide`)]],
  ["domains", "/admin/domains"],
  ["provisioning", "/admin/provisioning"],
  ["people", "/admin/people"],
  ["people-none", "/admin/people?q=unknown"],
  ["people-deleted", "/admin/people/deleted"],
  ["person", ["people", admin(`people/(?!deleted|invitations)${id}`)]],
  ["invitations", "/admin/people/invitations"],
  ["webhooks", "/admin/activity/webhooks"],
  ["api-keys", "/admin/api-keys"],
  ["groups", "/admin/groups"],
  ["group", ["groups", admin(`groups/${id}`)]],
  ["agents", "/admin/agents"],
  ["agent-new", "/admin/agents/new"],
  ["agent", ["agents", admin(`agents/(?!new)${id}`)]],
  ["sessions", "/admin/sessions"],
  ["activity", "/admin/activity"],
  ["inspector", "/admin/inspector"],
  ["inspector-flow", ["inspector", admin(`inspector/flows/${id}`)]],
  ["inspector-message", ["inspector-flow", admin("inspector/\\d+")]],
  ["inspector-source", ["inspector-message", /^\/admin\/inspector\/source[/?]/]],
  ["guides", "/admin/guides"],
];

const atOrg: Row[] = [
  ["org-dashboard", "/app/UserHome"],
  ["org-people", "/admin/users"],
  ["org-person", ["org-people", admin(`users/${id}`)]],
  ["org-groups", "/admin/groups"],
  ["org-group", ["org-groups", admin(`groups/${id}`)]],
  ["org-apps", "/admin/apps"],
  ["org-app", ["org-apps", admin(`app/${id}/instance/${id}`)]],
  ["org-app-assignments", ["org-app", admin(`app/.+/assignments`)]],
  ["org-app-sign-on", ["org-app", admin(`app/.+/sign-on`)]],
  ["org-app-provisioning", ["org-app", admin(`app/.+/provisioning`)]],
  ["org-agents", "/admin/ai-agents"],
  ["org-log", "/admin/reports/system-log"],
];

const listed = (rows: readonly Row[], as: Viewer, at: ListedPage["at"] = "app"): ListedPage[] =>
  rows.map(([name, path]) => ({
    name,
    as,
    at,
    path: typeof path === "string" ? path : { on: path[0], link: path[1] },
  }));

export const listedPages: readonly ListedPage[] = [
  ...listed(signedOut, "anyone"),
  ...listed(owned, "owner"),
  ...listed(atOrg, "colleague", "org"),
];
