import express, { type Response, Router } from "express";
import { createLocalJWKSet, decodeJwt, errors, type JWK, type JWTPayload, jwtVerify } from "jose";
import { z } from "zod";
import { type Org, personByLogin } from "../org.ts";
import type { OrgPerson } from "../state.ts";
import { transmitterOf } from "./providers.ts";
import { type OrgRisk, type SignalProvider, signalsIn } from "./state.ts";

const path = "/security/api/v1/security-events";
const mediaType = "application/secevent+jwt";
const riskChange = "https://schemas.okta.com/secevent/okta/event-type/user-risk-change";
const kept = 2_000;

/** The receiver refuses a SET (RFC 8935 §2.3 and §2.4). */
class SetRefusal extends Error {
  override name = "SetRefusal";
  readonly code: SetErrorCode;
  constructor(code: SetErrorCode, description: string) {
    super(description);
    this.code = code;
  }
}

type SetErrorCode = "invalid_request" | "invalid_issuer" | "invalid_key" | "invalid_audience";

/** A subject as Okta and the specifications write it: in a member `user`, or by itself. */
const simpleSubject = z.looseObject({
  format: z.string(),
  email: z.string().optional(),
  iss: z.string().optional(),
  sub: z.string().optional(),
});
const subject = z.union([z.looseObject({ user: simpleSubject }), simpleSubject]);
const level = z.enum(["low", "medium", "high"]);

interface ReceivedSignal {
  provider: SignalProvider;
  type: string;
  event: Record<string, unknown>;
  claims: JWTPayload;
}

/**
 * Takes SETs from the transmitters that are registered under "Receive shared signals" (Okta: "Configure an SSF receiver").
 * Only the signature authenticates the sender.
 */
export function signalReceiver(org: Org): Router {
  const router = Router();
  router.post(path, express.text({ type: mediaType, limit: "256kb" }), async (req, res) => {
    try {
      if (typeof req.body !== "string")
        throw new SetRefusal("invalid_request", `The type is not ${mediaType}.`);
      const signal = await verified(org, req.body);
      if (isNew(org, String(signal.claims.jti))) take(org, signal);
      res.status(202).end();
    } catch (error) {
      if (!(error instanceof SetRefusal)) throw error;
      refuse(res, error);
    }
  });
  return router;
}

function refuse(res: Response, { code, message }: SetRefusal): void {
  res.status(400).set("Content-Language", "en").json({ err: code, description: message });
}

/** Throws SetRefusal. */
async function verified(org: Org, token: string): Promise<ReceivedSignal> {
  const { provider, keys } = await senderOf(org, issuerIn(token));
  const claims = await checked(org, token, keys);
  const events = Object.entries((claims.events ?? {}) as Record<string, unknown>);
  const [[type, event] = []] = events;
  if (events.length !== 1 || type === undefined || typeof event !== "object" || event === null)
    throw new SetRefusal("invalid_request", "A SET has exactly one event.");
  if (typeof claims.jti !== "string") throw new SetRefusal("invalid_request", "The jti is missing.");
  return { provider, type, event: { ...event }, claims };
}

function issuerIn(token: string): unknown {
  try {
    return decodeJwt(token).iss;
  } catch {
    throw new SetRefusal("invalid_request", "The body is not a JWT.");
  }
}

/** The active provider of an issuer, and its keys. */
async function senderOf({ store }: Org, issuer: unknown) {
  const active = Object.values(signalsIn(store.state).providers).filter(({ status }) => status === "ACTIVE");
  for (const provider of active) {
    const transmitter = await transmitterOf(provider);
    if (transmitter && transmitter.issuer === issuer) return { provider, keys: transmitter.keys };
  }
  throw new SetRefusal("invalid_issuer", "No active provider has this issuer, or its keys cannot be read.");
}

async function checked({ url }: Org, token: string, keys: JWK[]): Promise<JWTPayload> {
  try {
    const expected = { algorithms: ["RS256"], typ: "secevent+jwt", audience: url, requiredClaims: ["iat"] };
    return (await jwtVerify(token, createLocalJWKSet({ keys }), expected)).payload;
  } catch (error) {
    throw refusalOf(error);
  }
}

function refusalOf(error: unknown): SetRefusal {
  if (error instanceof errors.JWTClaimValidationFailed && error.claim === "aud")
    return new SetRefusal("invalid_audience", "The aud is not this org.");
  const isKey =
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWSSignatureVerificationFailed ||
    error instanceof errors.JOSEAlgNotAllowed;
  return isKey
    ? new SetRefusal("invalid_key", "The signature does not fit a key of the issuer.")
    : new SetRefusal("invalid_request", error instanceof Error ? error.message : String(error));
}

/** Okta drops a repeated jti silently. */
function isNew({ store }: Org, jti: string): boolean {
  const signals = signalsIn(store.state);
  if (signals.seen.includes(jti)) return false;
  signals.seen = [...signals.seen, jti].slice(-kept);
  store.changed();
  return true;
}

/** Writes the System Log. A signal about someone whom the org does not know leaves no line. */
function take(org: Org, { provider, type, event, claims }: ReceivedSignal): void {
  const person = personIn(org, event.subject ?? claims.sub_id);
  if (!person) return;
  const name = type.split("/").at(-1);
  org.events.add({
    type: "security.events.provider.receive_event",
    what: `${provider.name} sent ${name} about ${person.login}`,
    details: { ...claims },
  });
  const risk = level.safeParse(event.current_level);
  if (type === riskChange && risk.success) changeRisk(org, person, risk.data);
}

function changeRisk({ store, events }: Org, person: OrgPerson, current: OrgRisk): void {
  const { risks } = signalsIn(store.state);
  const previous = risks[person.id] ?? "low";
  risks[person.id] = current;
  store.changed();
  events.add({
    type: "user.risk.detect",
    what: `The risk of ${person.login} changed from ${previous} to ${current}`,
    details: { person: person.id, previous, current },
  });
}

function personIn(org: Org, given: unknown): OrgPerson | undefined {
  const read = subject.safeParse(given);
  if (!read.success) return undefined;
  const { format, email, iss, sub } = simpleSubject.parse("user" in read.data ? read.data.user : read.data);
  const { people } = org.store.state;
  if (format === "iss_sub")
    return iss === org.url && Object.hasOwn(people, sub ?? "") ? people[sub ?? ""] : undefined;
  return format === "email" && email !== undefined ? personByLogin(org, email) : undefined;
}
