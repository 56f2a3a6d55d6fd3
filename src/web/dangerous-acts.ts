import { paths } from "../endpoints.ts";

/**
 * The acts that need a recent sign-in, in every tenant: a person who finds an open screen, or a stolen session, must not be
 * able to keep access or to open it for others. fresh-sign-in.ts asks for the sign-in. A test holds the routes of the
 * console, of the account and of the authorization endpoint to this list.
 */

/** How recent. A tenant's own limit for the console counts as well, if it is shorter. */
export const recentSignInMinutes = 15;

const { admin } = paths;
const [connection, person, agent] = [
  admin.connection(":connection"),
  admin.person(":user"),
  `${admin.agents}/:agent`,
];
const signals = admin.connectionSignals(":connection");
const webhook = admin.webhook(":webhook");
const domain = admin.domain(":domain");

/** Forms, by the pattern of their route. */
const forms: readonly string[] = [
  // Tokens, keys and secrets.
  `${admin.provisioning}/tokens`,
  // "Allow" gives Okta what such a token gives.
  paths.authorize,
  admin.apiKeys,
  admin.agents,
  `${agent}/secrets`,
  admin.webhooks,
  `${webhook}/secret`,
  // Connections, and what machines may do.
  admin.connections,
  `${connection}/settings`,
  `${connection}/choices`,
  `${connection}/accounts`,
  `${connection}/review`,
  `${connection}/activate`,
  `${connection}/disable`,
  `${connection}/links`,
  `${connection}/refresh`,
  `${connection}/keys/begin`,
  `${connection}/keys/end`,
  `${connection}/agents`,
  `${connection}/guests/resume`,
  `${signals}/create`,
  `${signals}/connect`,
  `${signals}/take-over`,
  `${signals}/sending/on`,
  `${signals}/sending/key`,
  `${admin.provisioning}/settings`,
  `${admin.provisioning}/confirm`,
  // Domains, and how people of a domain sign in.
  admin.domains,
  `${domain}/verify`,
  `${domain}/enforce`,
  `${admin.sessions}/limits`,
  `${admin.sessions}/second-step`,
  // Roles and people.
  `${person}/role`,
  `${person}/unblock`,
  `${agent}/unblock`,
  `${person}/approve`,
  `${person}/unlink`,
  `${admin.group(":group")}/role`,
  admin.invitations,
  // Without mail, the answer shows a link that sets a password.
  `${admin.invitation(":user")}/resend`,
  `${admin.deletedPerson(":tombstone")}/lift`,
  // Deletes.
  `${person}/delete`,
  admin.selectedPeople,
  `${connection}/delete`,
  `${domain}/remove`,
  `${webhook}/delete`,
  `${signals}/delete`,
  `${signals}/forget`,
  // The person's own ways in.
  `${connection}/tests/:test/link`,
  paths.authenticator,
  `${paths.authenticator}/remove`,
  paths.passkeys,
  `${paths.passkeys}/remove`,
  paths.recoveryCodes,
  // It begins a new session, which must not be more recent than the person's last whole sign-in.
  paths.changePassword,
];

/** Pages that begin such an act: they show a secret, or ask a person whom another site sent. */
const pages: readonly string[] = [paths.authenticator, paths.newPasskey, paths.authorize];

export const dangerousActs: readonly { method: "GET" | "POST"; path: string }[] = [
  ...forms.map((path) => ({ method: "POST" as const, path })),
  ...pages.map((path) => ({ method: "GET" as const, path })),
];

/** As Express matches paths: in any case, and with a slash at the end. */
const patterns = dangerousActs.map(({ method, path }) => ({
  method,
  pattern: new RegExp(`^${path.replaceAll(/:\w+/g, "[^/]+")}/?$`, "i"),
}));

/** Whether a request does one of the acts, or would do it at this address. */
export function isDangerousAct(method: string, url: string): boolean {
  const [path = ""] = url.split("?");
  const wanted = method === "HEAD" ? "GET" : method;
  return patterns.some((one) => one.method === wanted && one.pattern.test(path));
}
