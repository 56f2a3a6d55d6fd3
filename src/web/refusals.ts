import { paths } from "../endpoints.ts"; // SAML
import type { RefusalReason } from "../errors.ts";

/** The text for a person who could not be signed in. */
interface Refusal {
  /** The page's heading, if "You could not be signed in" does not fit. */
  title?: string;
  text: string;
  next: string;
  link?: { label: string; href: string };
}

export const goBack = "Go back and try again.";
const askAdmin = "Ask an administrator of your organisation, and tell them the reference below.";
const startAgain = "Start again from the sign-in page.";
const notTrusted = "The answer of your identity provider could not be trusted.";

/** Only the person's administrator can fix a fault of the set-up or of the provider. */
const forAdmin = (text: string): Refusal => ({ text, next: askAdmin });

/** By reason: one sentence, and what to do next. The log has the details under the reference. */
export const refusals: Record<RefusalReason, Refusal> = {
  "account-conflict": forAdmin("Another account already uses your login name."),
  "owner-not-approved": {
    text: "You are an owner, and no owner has approved this way to sign in for you yet.",
    next: "Sign in as you did before, or ask another owner to approve it on your page under People.",
  },
  "connection-not-active": forAdmin("This way to sign in is not switched on."),
  "just-in-time-off": forAdmin("There is no account for you here yet."),
  "user-deleted": forAdmin("Your account here was deleted."),
  "user-inactive": forAdmin("Your account here is deactivated."),
  "user-blocked": forAdmin("Your account here is blocked."),
  "bad-credentials": { text: "The login name or the password is not right.", next: goBack },
  "second-step-not-valid": { text: "The code or the passkey is not right.", next: goBack },
  "single-sign-on-required": {
    text: "Your organisation signs in with its identity provider, not with a password.",
    next: "Go to the sign-in page and enter your work e-mail.",
  },
  "sign-in-not-started-here": {
    text: "This sign-in was not started in this browser, took too long, or was used already.",
    next: startAgain,
  },
  "provider-refused": {
    text: "Your identity provider did not let you in. Perhaps this application is not assigned to you.",
    next: "Ask your Okta administrator to assign it to you.",
  },
  "provider-unavailable": {
    text: "Your identity provider does not answer right now.",
    next: "Try again in a few minutes.",
  },
  "provider-answer-not-valid": forAdmin(notTrusted),
  "provider-client-refused": forAdmin(
    "Your identity provider does not accept the client ID or the client secret that is set up here.",
  ),
  "provider-client-not-allowed": forAdmin(
    "The application in your identity provider does not allow this kind of sign-in.",
  ),
  "provider-redirect-refused": forAdmin(
    "Your identity provider does not know the address to which it should send you back.",
  ),
  "provider-session-ended": {
    text: "Your session at your identity provider has ended, or you signed in there too long ago.",
    next: startAgain,
  },
  "not-signed-in-again": {
    text: "Your identity provider did not ask you to sign in again as this page needs.",
    next: "Try again. If it recurs, ask your Okta administrator to let this application ask for a new sign-in.",
  },
  "signed-in-as-another": {
    text: "You signed in as another person than the one who is signed in here. Nothing was changed.",
    next: "Sign in again as the same person, or sign out first.",
  },
  "issuer-not-expected": forAdmin(
    "The sign-in came from another identity provider than the one that is set up.",
  ),
  "profile-incomplete": forAdmin(
    "Your identity provider did not send everything that we need to identify you.",
  ),
  "login-name-not-valid": forAdmin(
    "Your login name has a character that is invisible or looks like another one.",
  ),
  "link-not-valid": {
    title: "This link no longer works",
    text: "This link was used already, or its time is over.",
    next: "Ask the person who sent it to you for a new one.",
  },

  // SAML {
  "saml-malformed": forAdmin("The answer of your identity provider could not be read."),
  "saml-not-a-sign-in": { text: "This request is not a sign-in. Nothing was done.", next: startAgain },
  "saml-doctype": forAdmin(notTrusted),
  "saml-comment": forAdmin(notTrusted),
  "saml-duplicate-id": forAdmin(notTrusted),
  "saml-version": forAdmin("Your identity provider uses a version of SAML other than 2.0."),
  "saml-status": {
    text: "Your identity provider did not let you in. Perhaps this application is not assigned to you.",
    next: "Ask your Okta administrator to assign it to you.",
  },
  "saml-assertion-count": forAdmin(notTrusted),
  "saml-signature-missing": forAdmin("The answer of your identity provider is not signed as required."),
  "saml-signature-not-valid": forAdmin(
    "The answer of your identity provider is not signed with a certificate that we know.",
  ),
  "saml-sha1": {
    text: "Your identity provider signed with SHA-1, which is not safe any more. Only SHA-256 is accepted.",
    next: askAdmin,
    link: { label: "How to switch to SHA-256 in Okta", href: `${paths.guide("saml")}#sha-256` },
  },
  "saml-algorithm": forAdmin("Your identity provider signed in a way that is not accepted here."),
  "saml-encryption": forAdmin("The encrypted answer of your identity provider could not be decrypted."),
  "saml-issuer": forAdmin("The sign-in came from another identity provider than the one that is set up."),
  "saml-destination": forAdmin("The sign-in was meant for another address."),
  "saml-recipient": forAdmin("The sign-in was meant for another address."),
  "saml-audience": forAdmin("The sign-in was meant for another application."),
  "saml-expired": { text: "The sign-in took too long to arrive, or a clock is wrong.", next: startAgain },
  "saml-not-yet-valid": forAdmin("The clock of your identity provider is ahead of our clock."),
  "saml-conditions": forAdmin(notTrusted),
  "saml-confirmation": forAdmin(notTrusted),
  "saml-subject": forAdmin("Your identity provider did not say who you are."),
  "saml-request-unknown": {
    text: "This sign-in was not started in this browser, took too long, or was used already.",
    next: startAgain,
  },
  "saml-unsolicited": {
    text: "Your organisation does not allow sign-ins from the dashboard of the identity provider.",
    next: startAgain,
  },
  "saml-replayed": { text: "This sign-in was used already.", next: startAgain },
  // SAML }
};
