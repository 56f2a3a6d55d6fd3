import { okta } from "okta-labels/labels";
import { RuleBrokenError } from "policy-list/policy";
import type { StreamRefusal } from "./stream-policy.ts";
import { apiScopesForStreams } from "./stream-policy.ts";

const [manage, read] = apiScopesForStreams;
const grantScopes = `In Okta, open the app integration and its tab ${okta.tabs.apiScopes}, and grant ${manage} and ${read}. If they are not in the list, ask your Okta account team for them.`;

/** Why a step of the set-up failed, and what to do about it. */
export const streamProblems: Record<StreamRefusal, string> = {
  "not-started-here":
    "This answer of Okta was not asked for in this session, took too long, or was used already. Connect again.",
  "wrong-issuer":
    "The answer came from another org than the one of this connection, so it was refused. Connect again.",
  "consent-refused":
    "Okta did not give its consent: it was declined, or the app integration is not assigned to you. Assign it to yourself, and sign in as an administrator of the org who may manage app integrations.",
  "scopes-missing": `Okta does not let this app integration manage shared signals. ${grantScopes}`,
  "grants-missing": `Okta gives this app integration no refresh token. In its ${okta.catalog.generalSettings}, select ${okta.customApp.authorizationCode} and ${okta.customApp.refreshToken} as ${okta.customApp.grantType}.`,
  "client-refused": `Okta does not accept the client ID or the client secret. Copy both again from the app integration’s tab ${okta.tabs.general}.`,
  "org-refused": "Okta refused the request. The inspector shows its answer.",
  "org-unavailable": "Okta does not answer right now. Try again in a few minutes.",
  "authorization-ended": "Okta has ended the authorization. Connect again with the same app integration.",
  "no-transmitter":
    "Your org publishes no transmitter of shared signals. Ask your Okta account team whether your org has it.",
  "other-transmitter": "The transmitter that the org publishes belongs to another org, so it was refused.",
  "endpoint-elsewhere": "The transmitter names an address outside of the org, so it was refused.",
  "push-missing": "The transmitter of the org does not push events (RFC 8935), so it cannot be used.",
  "stream-exists":
    "The app integration has a stream already. Look at it, and decide whether to take it over.",
  "stream-gone": "Okta does not know the stream any more. Delete it here, and connect again.",
  "too-soon": "Okta does not accept another call so soon. Wait a minute, and try again.",
  "transmitter-refused": "Okta refused the call about the stream. The inspector shows its answer.",
  "stream-not-valid":
    "Okta’s answer does not describe the stream that was asked for, so it was refused. The inspector shows it.",
  "events-missing":
    "Okta does not deliver both events, so the stream was refused. The inspector shows the answer.",
};

/** The sentence for a broken rule. Throws any other error. */
export function streamProblemOf(error: unknown): string {
  if (!(error instanceof RuleBrokenError)) throw error;
  return streamProblems[error.rule.reason as StreamRefusal];
}
