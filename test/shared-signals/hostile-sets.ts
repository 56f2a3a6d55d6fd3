import {
  about,
  claims,
  claimsText,
  event,
  type HostilePush,
  refusedBy,
  seconds,
  signed,
  text,
} from "./hostile-table.ts";
import { state } from "./hostile-world.ts";
import { audience, caep, email, ssf } from "./world.ts";

const day = 86_400;
const nested = (levels: number) => `,"deep":${"[".repeat(levels)}${"]".repeat(levels)}`;

const profile = [
  ...refusedBy(
    "set-no-expiry",
    "invalid_request",
    {},
    ["an expiry in an hour", claims(() => ({ exp: seconds() + 3600 }))],
    ["an expiry an hour ago", claims(() => ({ exp: seconds() - 3600 }))],
    ["an expiry that is text", text((world) => signed(world, {}, claimsText(world, `,"exp":"never"`)))],
  ),
  ...refusedBy(
    "set-no-subject",
    "invalid_request",
    {},
    ["a claim sub", claims(() => ({ sub: "00u1" }))],
    ["a claim sub without a value", claims(() => ({ sub: null }))],
  ),
  ...refusedBy(
    "set-issuer",
    "invalid_issuer",
    {},
    ["another issuer", claims(() => ({ iss: "https://evil.example" }))],
    ["another tenant's issuer", claims(({ bravoOrg }) => ({ iss: bravoOrg.issuer }))],
    ["the issuer with a slash", claims(({ org }) => ({ iss: `${org.issuer}/` }))],
    ["the issuer in another case", claims(({ org }) => ({ iss: org.issuer.toUpperCase() }))],
    [
      "the issuer in a list",
      text((world) => signed(world, {}, claimsText(world, `,"iss":["${world.org.issuer}"]`))),
    ],
    ["no issuer", claims(() => ({ iss: undefined }))],
    [
      "a second issuer: the last duplicate counts",
      text((world) => signed(world, {}, claimsText(world, `,"iss":"https://evil.example"`))),
    ],
  ),
  ...refusedBy(
    "set-audience",
    "invalid_audience",
    {},
    ["another audience", claims(() => ({ aud: "https://evil.example" }))],
    ["another tenant's audience", claims(() => ({ aud: "https://receiver.example/bravo" }))],
    ["a list of other audiences", claims(() => ({ aud: ["a", "b"] }))],
    ["an empty list of audiences", claims(() => ({ aud: [] }))],
    ["the audience in a list in a list", claims(() => ({ aud: [[audience]] }))],
    ["the audience with a slash", claims(() => ({ aud: `${audience}/` }))],
    ["the audience in another case", claims(() => ({ aud: audience.toUpperCase() }))],
    ["our address", claims(({ app, path }) => ({ aud: app.url + path }))],
    ["no audience", claims(() => ({ aud: undefined }))],
    [
      "a second audience",
      text((world) => signed(world, {}, claimsText(world, `,"aud":"https://evil.example"`))),
    ],
  ),
  ...refusedBy(
    "set-id",
    "invalid_request",
    {},
    ["no id", claims(() => ({ jti: undefined }))],
    ["an empty id", claims(() => ({ jti: "" }))],
    ["an id that is a number", claims(() => ({ jti: 42 }))],
  ),
  ...refusedBy(
    "set-issued",
    "invalid_request",
    {},
    ["an issue in ten minutes", claims(() => ({ iat: seconds() + 600 }))],
    ["an issue in milliseconds", claims(() => ({ iat: Date.now() }))],
    ["an issue 31 days ago", claims(() => ({ iat: seconds() - 31 * day }))],
    ["a start in ten minutes", claims(() => ({ nbf: seconds() + 600 }))],
  ),
  ...refusedBy(
    "set-issued",
    "invalid_request",
    { otherwise: "a later step" },
    ["no time of issue", claims(() => ({ iat: undefined }))],
    ["a time of issue that is text", text((world) => signed(world, {}, claimsText(world, `,"iat":"now"`)))],
  ),
  ...refusedBy(
    "set-depth",
    "invalid_request",
    {},
    ["seventeen levels", text((world) => signed(world, {}, claimsText(world, nested(16))))],
    ["ten thousand levels", text((world) => signed(world, {}, claimsText(world, nested(10_000))))],
  ),
];

const revoked = `${caep}/session-revoked`;
const changed = `${caep}/credential-change`;
const verification = `${ssf}/verification`;
const updated = `${ssf}/stream-updated`;
const credential = { credential_type: "password", change_type: "revoke" };

const events = [
  ...refusedBy(
    "one-event",
    "invalid_request",
    {},
    ["two events", claims(() => ({ events: { [revoked]: {}, [changed]: credential } }))],
    ["an event and an alternative name of it", claims(() => ({ events: { [revoked]: {}, "urn:x": {} } }))],
  ),
  ...refusedBy(
    "one-event",
    "invalid_request",
    { otherwise: "event-name" },
    ["no events", claims(() => ({ events: undefined }))],
    ["an empty object of events", claims(() => ({ events: {} }))],
    ["a list of events", claims(() => ({ events: [{ [revoked]: {} }] }))],
    ["an event that is text", claims(() => ({ events: revoked }))],
  ),
  ...refusedBy(
    "event-name",
    "invalid_request",
    {},
    ["a type that is not a URI", event("session-revoked", {})],
    ["a type named like a built-in", event("constructor", {})],
    ["a type with a blank", event("https://events.example/session revoked", {})],
    ["a type of 501 characters", event(`urn:${"x".repeat(497)}`, {})],
  ),
  ...refusedBy("event-name", "invalid_request", { onPostgres: "a later step" }, [
    "a type with a NUL",
    event("https://events.example/\0", {}),
  ]),
  ...refusedBy(
    "event-members",
    "invalid_request",
    {},
    ["an event that is true", event(revoked, true)],
    ["an event that is null", event(revoked, null)],
    ["an unknown event that is a text", event("urn:example:event", "x")],
    ["an event that is a list", event(revoked, [])],
    ["a change without its type", event(changed, { credential_type: "password" })],
    ["an unknown change", event(changed, { ...credential, change_type: "steal" })],
    ["a change without a credential", event(changed, { change_type: "revoke" })],
    ["a credential with a NUL", event(changed, { ...credential, credential_type: "pass\0word" })],
    ["an update without a status", event(updated, {}, { sub_id: undefined })],
    ["an unknown status", event(updated, { status: "connecting" }, { sub_id: undefined })],
    ["a state that is a number", event(verification, { state: 1 }, { sub_id: undefined })],
  ),
  ...refusedBy(
    "event-stream",
    "invalid_request",
    {},
    ["an update of another stream", event(updated, { status: "enabled" }, streamId("esc2"))],
    ["a verification of another stream", event(verification, {}, streamId("esc2"))],
    [
      "a verification of another stream, with our state",
      event(verification, { state: state.acme }, streamId("")),
    ],
  ),
];

function streamId(id: string): object & Record<string, unknown> {
  return { sub_id: { format: "opaque", id: id || "ESC1" } };
}

const people = [
  ...refusedBy(
    "event-subject",
    "invalid_request",
    {},
    ["no subject", about(() => undefined)],
    ["a subject that is null", about(() => null)],
    ["a subject that is text", about(() => email)],
    ["a subject without a format", about(() => ({ email }))],
    ["an address that is missing", about(() => ({ format: "email" }))],
    ["an address with a NUL", about(() => ({ format: "email", email: "a\0@b" }))],
    ["an address of 2 kB", about(() => ({ format: "email", email: "x".repeat(2000) }))],
    ["an address that is a list", about(() => ({ format: "email", email: [email] }), true)],
    ["a subject without its sub", about(({ org }) => ({ format: "iss_sub", iss: org.issuer }))],
    ["a complex subject with a user that is text", about(() => ({ format: "complex", user: email }))],
  ),
  ...refusedBy(
    "subject-issuer",
    "access_denied",
    {},
    [
      "a subject of another org",
      about(() => ({ format: "iss_sub", iss: "https://evil.example", sub: "00u1" })),
    ],
    [
      "a subject of another tenant's org",
      about(({ bravoOrg }) => ({ format: "iss_sub", iss: bravoOrg.issuer, sub: "00u1" })),
    ],
    [
      "a subject of another org, inside the event",
      about(() => ({ format: "iss_sub", iss: "https://evil.example", sub: "00u1" }), true),
    ],
    [
      "a user of another org in a complex subject",
      about(() => ({
        format: "complex",
        user: { format: "iss_sub", iss: "https://evil.example", sub: "00u1" },
      })),
    ],
    [
      "the org's issuer with a path",
      about(({ org }) => ({ format: "iss_sub", iss: `${org.issuer}/oauth2/default`, sub: "00u1" })),
    ],
  ),
];

const verifying = refusedBy(
  "verification-state",
  "invalid_state",
  {},
  ["another state", event(verification, { state: "guess" }, { sub_id: undefined })],
  ["another tenant's state", event(verification, { state: state.bravo }, { sub_id: undefined })],
  [
    "the state in another case",
    event(verification, { state: state.acme.toUpperCase() }, { sub_id: undefined }),
  ],
  ["a part of the state", event(verification, { state: state.acme.slice(0, -1) }, { sub_id: undefined })],
);

/** Pushes of a transmitter with valid keys that are refused by their claims or their event. */
export const hostileSets: readonly HostilePush[] = [...profile, ...events, ...people, ...verifying];
