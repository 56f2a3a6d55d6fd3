/**
 * The claims of published examples, without those that each test fills in: iss, aud, jti and iat. `{org}` stands for the
 * org's issuer.
 */
export interface Sample {
  name: string;
  source: string;
  claims: Record<string, unknown>;
  /** The result here. The person has an account. */
  result: string;
}

const caep = "https://schemas.openid.net/secevent/caep/event-type";
const risc = "https://schemas.openid.net/secevent/risc/event-type";
const ssf = "https://schemas.openid.net/secevent/ssf/event-type";

/** In Okta's, the subject is in the event, and times are in milliseconds. */
const oktaPerson = { format: "iss_sub", iss: "{org}", sub: "00u1" };
const happened = { event_timestamp: 1_615_304_991_643 };

function oktaChange(from: string, credential: Record<string, string>, result: string): Sample {
  const event = { subject: oktaPerson, ...credential, initiating_entity: "user", ...happened };
  return {
    name: `credential-change of ${from}`,
    source: "Okta",
    claims: { events: { [`${caep}/credential-change`]: event } },
    result,
  };
}

/** https://developer.okta.com/docs/reference/ssf-transmitter-sets/ */
export const oktaSamples: readonly Sample[] = [
  {
    name: "session-revoked of user.session.end",
    source: "Okta",
    claims: {
      events: {
        [`${caep}/session-revoked`]: {
          // Without a format.
          subject: { user: oktaPerson },
          reason_admin: { en: "Policy Violation: C076E822" },
          reason_user: { en: "This device is no longer compliant." },
          ...happened,
        },
      },
    },
    result: "sessions-ended",
  },
  oktaChange(
    "user.mfa.factor.activate",
    {
      credential_type: "fido2-roaming",
      change_type: "create",
      fido2_aaguid: "accced6a-63f5-490a-9eea-e59bc1896cfc",
      friendly_name: "FIDO_WEBAUTHN",
    },
    "recorded",
  ),
  oktaChange(
    "user.mfa.factor.deactivate",
    { credential_type: "x509", change_type: "delete", friendly_name: "SMART_CARD" },
    "sessions-ended",
  ),
  oktaChange(
    "user.mfa.factor.reset_all",
    { credential_type: "ALL_FACTORS", change_type: "revoke", friendly_name: "ALL_FACTORS" },
    "sessions-ended",
  ),
  oktaChange(
    "user.mfa.factor.suspend",
    { credential_type: "OKTA_VERIFY_PUSH", change_type: "update", friendly_name: "OKTA_VERIFY_PUSH" },
    "recorded",
  ),
  oktaChange(
    "user.mfa.factor.unsuspend",
    { credential_type: "phone-sms", change_type: "update", friendly_name: "SMS_FACTOR" },
    "recorded",
  ),
  oktaChange(
    "user.mfa.factor.update",
    { credential_type: "DUO_SECURITY", change_type: "update", friendly_name: "DUO_SECURITY" },
    "recorded",
  ),
  oktaChange(
    "user.account.reset_password",
    { credential_type: "password", change_type: "revoke", friendly_name: "PASSWORD_AS_FACTOR" },
    "sessions-ended",
  ),
  oktaChange(
    "user.account.update_password",
    { credential_type: "password", change_type: "revoke", friendly_name: "PASSWORD_AS_FACTOR" },
    "sessions-ended",
  ),
];

const stream = { format: "opaque", id: "esc1" };
const person = { format: "iss_sub", iss: "{org}", sub: "00u1" };
const seconds = { event_timestamp: 1_615_304_991 };
const reasons = {
  initiating_entity: "policy",
  reason_admin: { en: "Landspeed Policy Violation: C076E82F" },
  reason_user: { en: "Access attempt from multiple regions.", "es-410": "Intento de acceso." },
};

function final(
  source: string,
  name: string,
  [sub_id, type, event, result]: [object, string, object, string],
): Sample {
  return { name, source, claims: { txn: "8675309", sub_id, events: { [type]: event } }, result };
}

/** The examples of the OpenID Shared Signals Framework 1.0, §4.1.8, §5, §8.1.4 and §8.1.5. */
export const frameworkSamples: readonly Sample[] = [
  {
    name: "an array of audiences, in a verification that the transmitter began",
    source: "SSF §4.1.8",
    claims: {
      aud: ["https://receiver.example/acme", "https://receiver.example/mobile"],
      sub_id: stream,
      events: { [`${ssf}/verification`]: {} },
    },
    result: "recorded",
  },
  final("SSF §5", "a simple subject", [
    { format: "email", email: "foo@example.com" },
    `${risc}/account-enabled`,
    {},
    "ignored",
  ]),
  final("SSF §5", "a phone number", [
    { format: "phone_number", phone_number: "+1 206 555 0123" },
    `${risc}/account-disabled`,
    { reason: "hijacking" },
    "ignored",
  ]),
  final("SSF §5", "an event with properties", [
    { format: "email", email: "user@example.com" },
    `${caep}/token-claims-change`,
    { claims: { token: "some-token-value" } },
    "ignored",
  ]),
  final("SSF §5", "a complex subject", [
    { format: "complex", user: person, device: { ...person, sub: "e9297990" } },
    `${caep}/session-revoked`,
    { ...reasons, event_timestamp: 1_600_975_810 },
    "sessions-ended",
  ]),
  final("SSF §5", "a subject of a proprietary format", [
    { format: "catalog_item", catalog_id: "c0384/winter/2354122" },
    `${caep}/token-claims-change`,
    { event_timestamp: 1_600_975_810, claims: { role: "ro-admin" } },
    "ignored",
  ]),
  final("SSF §8.1.5", "an updated stream", [
    stream,
    `${ssf}/stream-updated`,
    { status: "paused", reason: "Internal error" },
    "stream-updated",
  ]),
];

/** The example of RFC 8935 §2.1, whose subject has the form of an early draft. */
export const deliverySample: Sample = {
  name: "a disabled account",
  source: "RFC 8935 §2.1",
  claims: {
    events: {
      [`${risc}/account-disabled`]: {
        subject: { subject_type: "iss-sub", iss: "{org}", sub: "7375626A656374" },
        reason: "hijacking",
      },
    },
  },
  result: "ignored",
};

/** The examples of the Continuous Access Evaluation Profile 1.0, §3. */
export const profileSamples: readonly Sample[] = [
  final("CAEP §3.1.2", "a session by its id, which only the provider knows", [
    { format: "opaque", id: "dMTlD|1600802906337.16|16008.16" },
    `${caep}/session-revoked`,
    seconds,
    "person-unknown",
  ]),
  final("CAEP §3.1.2", "a session of a user of a tenant", [
    {
      format: "complex",
      session: { format: "opaque", id: "dMTlD|1600802906337.16|16008.16" },
      user: person,
      tenant: { format: "opaque", id: "123456789" },
    },
    `${caep}/session-revoked`,
    { ...reasons, ...seconds },
    "sessions-ended",
  ]),
  final("CAEP §3.1.2", "a user, a device and a tenant", [
    {
      format: "complex",
      user: person,
      device: { ...person, sub: "e9297990" },
      tenant: { format: "opaque", id: "123456789" },
    },
    `${caep}/session-revoked`,
    { ...reasons, ...seconds },
    "sessions-ended",
  ]),
  final("CAEP §3.2.2", "changed claims of an ID token", [
    { format: "jwt_id", iss: "{org}", jti: "f61t6e20zdo3px56gepu8rzlsp4c1dpc0fx7" },
    `${caep}/token-claims-change`,
    { ...seconds, claims: { role: "ro-admin" } },
    "ignored",
  ]),
  // SAML {
  final("CAEP §3.2.2", "changed claims of a SAML assertion", [
    { format: "saml_assertion_id", issuer: "{org}", assertion_id: "_a75adf55-01d7-dbd8372ebdfc" },
    `${caep}/token-claims-change`,
    { ...seconds, claims: { role: "ro-admin" } },
    "ignored",
  ]),
  // SAML }
  final("CAEP §3.3.2", "a new credential", [
    person,
    `${caep}/credential-change`,
    {
      credential_type: "fido2-roaming",
      change_type: "create",
      fido2_aaguid: "accced6a-63f5-490a-9eea-e59bc1896cfc",
      friendly_name: "Jane's USB authenticator",
      initiating_entity: "user",
      reason_admin: { en: "User self-enrollment" },
      ...seconds,
    },
    "recorded",
  ]),
];
