import type { RefusalReason } from "../errors.ts";
import { streamProblems } from "../shared-signals/stream-problems.ts";

/** For the administrator of the organisation who reads a failed message: what to do, by the reason of the failed check. */
type Remedies<Reason extends string> = Readonly<Record<Reason, string>>;

const assign = "Assign the person to the application in Okta, and check its sign-on policy.";
const clocks = "Compare the clock of the identity provider with the time of this message.";
const metadata = "Read the provider's metadata again on the connection's page."; // SAML
const attack = "Find out who sent it: an identity provider does not send such a message."; // SAML
const startAgain = "Start again from the sign-in page. If it recurs, send the request ID to support.";
const vendor = "Compare the message with what the failed check expects, and change the provider's settings.";

const signIn: Remedies<RefusalReason> = {
  "account-conflict": "Find the login name under People, and link the accounts or rename one of them.",
  "owner-not-approved": "Another owner approves the sign-in on the person's page under People.",
  "connection-not-active": "Switch the connection on.",
  "just-in-time-off": "Provision the person, or switch “Create accounts at the first sign-in” on.",
  "user-deleted": "Allow the person again under People, Deleted people, or provision them again.",
  "user-inactive": "Assign the person to the application in Okta again.",
  "user-blocked": "Unblock the person under People. Okta cannot.",
  "bad-credentials": "Try again with the right password.",
  "second-step-not-valid": "Try again with the code that the app shows now.",
  "single-sign-on-required": "Sign in at the identity provider.",
  "sign-in-not-started-here": startAgain,
  "provider-refused": assign,
  "provider-unavailable":
    "Try again in a few minutes. If it recurs, check the issuer on the connection's page.",
  "provider-answer-not-valid": vendor,
  "provider-client-refused": "Enter the client ID and an active client secret on the connection's page.",
  "provider-client-not-allowed":
    "Allow the authorization code grant and the scopes openid, profile and email in Okta.",
  "provider-redirect-refused": "Enter the sign-in redirect URI of the connection in Okta, to the letter.",
  "provider-session-ended": `${startAgain} ${clocks}`,
  "not-signed-in-again": `The provider has to obey max_age or ForceAuthn, and the classes asked for. ${clocks}`,
  "signed-in-as-another": "Sign in again as the person who is signed in, or sign out first.",
  "issuer-not-expected": "Compare the issuer of the connection with the one in the detail.",
  "profile-incomplete": "Send a login name and an e-mail address from Okta: check the attribute statements.",
  "login-name-not-valid": "Remove the invisible character from the login name in Okta.",
  "link-not-valid": "Make a new link.",
  // SAML {
  "saml-malformed": "Send the response by HTTP-POST to the connection's single sign-on URL.",
  "saml-not-a-sign-in":
    "Nothing: this was not a sign-in. Single logout is not offered; use Universal Logout.",
  "saml-doctype": attack,
  "saml-comment": attack,
  "saml-duplicate-id": attack,
  "saml-version": "Set SAML 2.0 at the identity provider.",
  "saml-status": assign,
  "saml-assertion-count": attack,
  "saml-signature-missing": "Set the assertion signature to Signed in Okta.",
  "saml-signature-not-valid": `${metadata} Or add the provider's new certificate there.`,
  "saml-sha1": "Switch the application to a SHA-256 certificate in Okta.",
  "saml-algorithm": "Sign with RSA and SHA-256, and canonicalize exclusively.",
  "saml-encryption": "Encrypt with AES-GCM, for the certificate in the connection's metadata.",
  "saml-issuer": `Compare the issuer of the connection with the one in the detail. ${metadata}`,
  "saml-destination": "Enter the connection's single sign-on URL in Okta, to the letter.",
  "saml-recipient": "Enter the connection's single sign-on URL in Okta, to the letter.",
  "saml-audience": "Enter the connection's audience URI in Okta, to the letter.",
  "saml-expired": `${startAgain} ${clocks}`,
  "saml-not-yet-valid": clocks,
  "saml-conditions": vendor,
  "saml-confirmation": vendor,
  "saml-subject": "Check the name ID format and the application username in Okta.",
  "saml-request-unknown": startAgain,
  "saml-unsolicited": "Allow sign-ins from the dashboard on the connection's page, or hide the tile in Okta.",
  "saml-replayed": "Start again. If it recurs, find out who sends the response a second time.",
  // SAML }
};

const calls: Remedies<string> = {
  invalid_request: "The agent's developer corrects the request, as the failed check says.",
  invalid_client: "Check that the agent is registered, and that its secret or key is the current one.",
  invalid_grant:
    "Read the failed check. If it is about the person or the agent, change that under Agents or People.",
  invalid_scope: "Compare the scopes that the agent asks for with those granted in Okta.",
  invalid_target: "The agent's developer asks Okta for an assertion that covers this API.",
  invalid_dpop_proof: "The agent's developer makes a new proof for each call. Compare the clocks.",
  invalid_token:
    "The agent gets a new access token; replace an API key. If it recurs, read the failed check.",
  insufficient_scope:
    "Grant the scope in Okta if the agent may do this; an API key needs a new one with the scope.",
  unauthorized_client: "The client uses the grant that is meant for it.",
  unsupported_response_type: "Okta asks for a code: find out who called.",
  unsupported_grant_type: "The agent's developer uses the grant that the failed check names.",
  temporarily_unavailable: "Try again in a minute.",
  server_error: "Send the request ID to support.",
  unauthorized: "Check that the connection names the org and the application that sent this token.",
  "keys-unavailable": "Try again in a few minutes: the org's keys could not be read.",
  "switched-off": "Switch Universal Logout on for the connection, if Okta may end sessions here.",
  "not-json": "Okta sends JSON: find out who called.",
  "no-subject": "Okta names a person: find out who called.",
  "unknown-person": "Provision the person, or ignore it: someone without an account has no session to end.",
  "signal-invalid_request":
    "Compare the event with the failed check. If Okta sent it, report the message to Okta's support.",
  "signal-invalid_key": "Check that the org's keys are published, and that Okta sent this event.",
  "signal-invalid_issuer":
    "Connect the shared signals of the connection again, at the org that sent this event.",
  "signal-invalid_audience": "Connect the shared signals again: the stream in Okta is for another receiver.",
  "signal-authentication_failed": "Find out who sent it: the signature is not from the org.",
  "signal-access_denied":
    "Switch the connection and its stream on, if the event is about one of your people.",
  "signal-invalid_state": "Verify the stream again on the connection's page.",
  "signal-unauthorized": "Connect the shared signals again: another header than ours was sent.",
  "signal-unavailable": "Nothing: Okta tries again. If it recurs, check that the org's keys can be reached.",
  "scim-400": "Compare the body with the detail. In Okta, check the attribute mappings of the application.",
  "scim-404": "Import the users in Okta again, or remove and assign the person: Okta's ID for them is stale.",
  "scim-409": "Find the other account under People or Groups, and rename or delete one of the two.",
  "scim-412": "Nothing: another change came first. The client reads the resource and tries again.",
  "scim-429": "Nothing: Okta tries again by itself, after the time in Retry-After.",
  "scim-503": "Nothing: Okta tries again by itself.",
};

/** Says how to mend a failed check; null if the check's detail has to be enough. */
export function remedyFor(reason: string): string | null {
  return (
    [signIn, calls, streamProblems as Remedies<string>]
      .map((one) => (one as Remedies<string>)[reason])
      .find(Boolean) ?? null
  );
}
