/** The activity in words, icons and colours: what happened, who did it, and why a sign-in was refused. */
import { productActivity } from "../../config/activity.ts";
import type { RefusalReason } from "../errors.ts";
import type { ActivityKind, RecordedActivity } from "../store/tenant/activity.ts";

/** Actions whose names alone do not say what happened. */
const named: Record<string, string> = {
  "sign_in.succeeded": "Signed in",
  "sign_in.refused": "Sign-in refused",
  "grant.allowed": "Okta allowed to provision",
  "grant.revoked": "Okta’s access to provision revoked",
  "grant.ended": "Okta’s access to provision ended",
  "user.second_steps_removed": "Second steps of a person removed",
  "activity.seals_restarted": "New chain of seals for the activity begun",
  "api_key.created": "API key created",
  "api_key.revoked": "API key revoked",
  "access.issued": "Agent got access",
  "access.refused": "Agent was refused",
  "signal.passed_over": "Event recorded, because the stream is paused here",
  ...Object.assign({}, ...productActivity.map(({ actions }) => actions)),
};

/** "user.role_changed" → "User role changed". */
export function actionInWords(action: string): string {
  if (Object.hasOwn(named, action)) return named[action] ?? action;
  const words = action.replaceAll(/[._-]/g, " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Why a sign-in was refused, in the words of an administrator. The guides say what to do about each. */
const reasons: Record<RefusalReason, string> = {
  "account-conflict": "the login name belongs to another account",
  "owner-not-approved": "no owner has approved this sign-in",
  "connection-not-active": "the connection is off",
  "just-in-time-off": "JIT provisioning is off",
  "user-deleted": "the person was deleted",
  "user-inactive": "the person is deactivated",
  "user-blocked": "the person is blocked",
  "bad-credentials": "wrong login name or password",
  "second-step-not-valid": "wrong code or passkey",
  "single-sign-on-required": "single sign-on is required",
  "link-not-valid": "the link is not valid",
  "sign-in-not-started-here": "not started in this browser",
  "provider-refused": "not assigned in Okta",
  "provider-unavailable": "Okta did not answer",
  "provider-answer-not-valid": "the ID token is not valid",
  "provider-client-refused": "wrong client ID or secret",
  "provider-client-not-allowed": "the app in Okta does not allow it",
  "provider-redirect-refused": "the redirect URI is missing in Okta",
  "provider-session-ended": "the session in Okta has ended",
  "not-signed-in-again": "Okta did not ask to sign in again",
  "signed-in-as-another": "another person signed in",
  "issuer-not-expected": "unexpected issuer",
  "profile-incomplete": "the profile is incomplete",
  "login-name-not-valid": "the login name is not valid",
  // SAML {
  "saml-malformed": "the response cannot be read",
  "saml-not-a-sign-in": "the request is not a sign-in",
  "saml-doctype": "the response has a DTD",
  "saml-comment": "the response has a comment",
  "saml-duplicate-id": "the response has an ID twice",
  "saml-version": "not SAML 2.0",
  "saml-status": "not assigned in Okta",
  "saml-assertion-count": "not exactly one assertion",
  "saml-signature-missing": "a signature is missing",
  "saml-signature-not-valid": "the signature is not valid",
  "saml-sha1": "signed with SHA-1",
  "saml-algorithm": "the algorithm is not allowed",
  "saml-encryption": "the assertion cannot be decrypted",
  "saml-issuer": "unexpected issuer",
  "saml-destination": "unexpected destination",
  "saml-recipient": "unexpected recipient",
  "saml-audience": "unexpected audience",
  "saml-expired": "the response has expired",
  "saml-not-yet-valid": "the response is not valid yet",
  "saml-conditions": "an unknown condition",
  "saml-confirmation": "no valid confirmation",
  "saml-subject": "the subject is missing",
  "saml-request-unknown": "the request is unknown or too old",
  "saml-unsolicited": "not started here",
  "saml-replayed": "the response was replayed",
  // SAML }
};

/** A RefusalReason in words; other codes as they are. */
export function reasonInWords(reason: string): string {
  return Object.hasOwn(reasons, reason) ? reasons[reason as RefusalReason] : reason;
}

const icons: Record<ActivityKind, string> & Record<string, string> = {
  "sign-in": "log-in",
  provisioning: "refresh-cw",
  people: "users",
  tokens: "key-round",
  settings: "settings-2",
  "universal-logout": "log-out",
  "shared-signals": "radio",
  agents: "bot",
  ...Object.fromEntries(productActivity.map(({ kind, icon }) => [kind, icon])),
};

/** The icon of an entry, and the class of its colour: a refusal, a success, or neither. */
export function lookOf({ kind, action }: Pick<RecordedActivity, "kind" | "action">): {
  icon: string;
  tone: string;
} {
  if (action.endsWith(".refused")) return { icon: "circle-x", tone: "problem" };
  const isGood = action === "sign_in.succeeded" || action === "access.issued";
  return { icon: icons[kind] ?? "activity", tone: isGood ? "done" : "" };
}

/** An actor as a person would name it, and the detail behind the name. */
export interface NamedActor {
  name: string;
  /** The provisioning source and token, or the connection. */
  detail: string | null;
}

export function actorInWords({
  actorKind,
  actor,
}: Pick<RecordedActivity, "actorKind" | "actor">): NamedActor {
  if (actorKind === "provisioning") return { name: "Okta (SCIM)", detail: actor };
  if (actorKind === "universal-logout") return { name: "Okta (Universal Logout)", detail: actor };
  if (actorKind === "shared-signals") return { name: "Okta (Shared signals)", detail: actor };
  return { name: actor || "Unknown", detail: null };
}
