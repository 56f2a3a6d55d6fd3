import { createHmac, createPublicKey, randomUUID, sign } from "node:crypto";
import type { Answer } from "../helpers/client.ts";
import type { TokenParts } from "../helpers/revocation.ts";
import type { HostileSignals } from "./hostile-world.ts";
import { audience, caep, email } from "./world.ts";

/** A push that must be refused. */
export interface HostilePush {
  name: string;
  /** The rule that refuses it. */
  rule: string;
  status: number;
  /** The code in the answer; null for an answer without a body. */
  err: string | null;
  /**
   * The refusal if the rule is gone: "nothing", so that the event is stored; another rule; or "a later step", which cannot
   * go on without what the rule demands.
   */
  otherwise: string;
  /** The same on PostgreSQL, if it differs. */
  onPostgres?: string;
  send(world: HostileSignals): Promise<Answer>;
}

type Case = [name: string, send: HostilePush["send"]];

/** Pushes that one rule refuses. */
export function refusedBy(
  rule: string,
  err: string | null,
  wanted: Partial<Pick<HostilePush, "status" | "otherwise" | "onPostgres">>,
  ...cases: Case[]
): HostilePush[] {
  const usual = { rule, err, status: err === null ? 503 : 400, otherwise: "nothing" };
  return cases.map(([name, send]) => ({ name, ...usual, ...wanted, send }));
}

export const seconds = () => Math.floor(Date.now() / 1000);
export const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

export function parts(wanted: (world: HostileSignals) => TokenParts): HostilePush["send"] {
  return async (world) => await world.push(await world.set(wanted(world)));
}

export const header = (more: Record<string, unknown>) => parts(() => ({ header: more }));
export const claims = (more: (world: HostileSignals) => Record<string, unknown>) =>
  parts((world) => ({ claims: more(world) }));

/** A SET with one event, and a subject about ada unless the claims say otherwise. */
export const event = (type: string, payload: unknown, more: Record<string, unknown> = {}) =>
  claims(() => ({ events: { [type]: payload }, ...more }));

/** A session-revoked event about a subject; `inside` puts the subject into the event, as Okta does. */
export const about = (subject: (world: HostileSignals) => unknown, inside = false) =>
  claims((world) => {
    const given = subject(world);
    const payload = inside ? { subject: given } : {};
    return { sub_id: inside ? undefined : given, events: { [`${caep}/session-revoked`]: payload } };
  });

/** A text in place of a SET. */
export const text = (body: (world: HostileSignals) => string) => async (world: HostileSignals) =>
  await world.push(body(world));

/** The claims of a SET in which nothing is wrong, as JSON with `more` at its end. */
export function claimsText({ org }: HostileSignals, more = ""): string {
  const usual = {
    iss: org.issuer,
    jti: randomUUID(),
    iat: seconds(),
    aud: audience,
    sub_id: { format: "email", email },
    events: { [`${caep}/session-revoked`]: {} },
  };
  return `${JSON.stringify(usual).slice(0, -1)}${more}}`;
}

const rs256 = { typ: "secevent+jwt", alg: "RS256", kid: "k1" };

/** Signs any header and any text: jose would refuse some. */
export function signed(
  world: HostileSignals,
  head: object = {},
  body = claimsText(world),
  signer = byOrg,
): string {
  const data = `${base64({ ...rs256, ...head })}.${Buffer.from(body).toString("base64url")}`;
  return `${data}.${signer(data, world)}`;
}

function byOrg(data: string, { org }: HostileSignals): string {
  return sign("RSA-SHA256", Buffer.from(data), org.privateKey).toString("base64url");
}

/** HMAC with the org's public key as the secret: the classic confusion of algorithms. */
export function byPublicKey(data: string, { org }: HostileSignals): string {
  const pem = createPublicKey(org.privateKey).export({ type: "spki", format: "pem" });
  return createHmac("sha256", pem).update(data).digest("base64url");
}
