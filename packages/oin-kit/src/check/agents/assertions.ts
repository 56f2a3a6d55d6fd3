import { generateKeyPairSync, type KeyPairKeyObjectResult, randomUUID } from "node:crypto";
import { SignJWT } from "jose";
import type { AgentResource } from "../../product.ts";
import type { CheckOrg } from "./org.ts";

/** The content of an ID-JAG of the check. */
export interface AssertedGrant {
  org: CheckOrg;
  /** The issuer of the authorization server that is checked. */
  audience: string;
  clientId: string;
  person: { subject: string; email: string };
  /** The key of the connection: the claim aud_tenant. */
  tenant: string;
  resource: AgentResource;
  scopes: readonly string[];
}

/** The header type of an ID-JAG (draft-ietf-oauth-identity-assertion-authz-grant). */
const idJagType = "oauth-id-jag+jwt";
/** As long as at Okta. */
const lifetimeSeconds = 300;

/** The claims of a right ID-JAG, as Okta writes them. Each call has a new jti. */
function claimsOf({ org, audience, clientId, person, tenant, resource, scopes }: AssertedGrant) {
  const now = Math.floor(Date.now() / 1000);
  return {
    iss: org.issuer,
    sub: person.subject,
    aud: audience as string | string[],
    client_id: clientId,
    jti: `IDAAG.oincheck-${randomUUID()}`,
    iat: now,
    exp: now + lifetimeSeconds,
    scope: scopes.join(" "),
    resource: resource.url,
    email: person.email,
    aud_tenant: tenant,
    sub_profile: "user",
    act: { sub: "wlpoincheck", sub_profile: "ai_agent" },
  };
}

export async function rightAssertion(grant: AssertedGrant, changed: object = {}): Promise<string> {
  return await grant.org.sign({ typ: idJagType }, { ...claimsOf(grant), ...changed });
}

/** An ID-JAG that is wrong in one thing, and the rule that has to refuse it. */
export interface WrongAssertion {
  rule: WrongRule;
  what: string;
  make(grant: AssertedGrant): Promise<string>;
  /** The errors of RFC 6749 §5.2 and of its extensions that fit. */
  errors: readonly string[];
}

type WrongRule = `agents-${
  | "signature"
  | "type"
  | "algorithm-none"
  | "algorithm-hs256"
  | "audience"
  | "audience-of-two"
  | "client-id"
  | "foreign-issuer"
  | "expired"
  | "future"
  | "foreign-resource"
  | "proof"}`;

const stranger = "https://oincheck-stranger.example";

/** Every refusal that needs no second request, in the order of the report. */
export const wrongAssertions: readonly WrongAssertion[] = [
  wrong("agents-signature", "signed with a stranger's key, under the org's key id", (grant) =>
    signedByStranger(grant, { kid: grant.org.kid }, {}),
  ),
  wrong("agents-signature", "that brings its own key in the header", (grant) =>
    signedByStranger(grant, "own key", {}),
  ),
  wrong("agents-type", "with the type JWT", ({ org, ...grant }) =>
    org.sign({ typ: "JWT" }, claimsOf({ org, ...grant })),
  ),
  wrong("agents-algorithm-none", "without a signature", (grant) => Promise.resolve(unsigned(grant))),
  wrong("agents-algorithm-hs256", "signed by HS256 with the org's public key", signedWithPublicKey),
  changed("agents-audience", "for another authorization server", () => ({ aud: stranger })),
  changed("agents-audience", "for the issuer with a slash at its end", ({ audience }) => ({
    aud: `${audience}/`,
  })),
  changed("agents-audience-of-two", "for two audiences", ({ audience }) => ({ aud: [audience, stranger] })),
  changed("agents-client-id", "of another client", ({ clientId }) => ({ client_id: `${clientId}-other` })),
  wrong("agents-foreign-issuer", "of an org that no connection names", (grant) =>
    signedByStranger(grant, { kid: "oincheck" }, { iss: stranger }),
  ),
  changed("agents-expired", "that expired an hour ago", () => times(-7200, -3600)),
  changed("agents-future", "that is issued in an hour", () => times(3600, 3900)),
  changed(
    "agents-foreign-resource",
    "for a resource of another server",
    () => ({ resource: `${stranger}/mcp` }),
    ["invalid_grant", "invalid_target"],
  ),
  changed(
    "agents-foreign-resource",
    "for a resource with a slash at its end",
    ({ resource }) => ({ resource: `${resource.url}/` }),
    ["invalid_grant", "invalid_target"],
  ),
  changed(
    "agents-proof",
    "that is bound to a key, without a DPoP proof",
    () => ({ cnf: { jkt: "oincheck" } }),
    ["invalid_grant", "invalid_dpop_proof"],
  ),
];

function wrong(
  rule: WrongRule,
  what: string,
  make: WrongAssertion["make"],
  errors: readonly string[] = ["invalid_grant"],
): WrongAssertion {
  return { rule, what, make, errors };
}

function changed(
  rule: WrongRule,
  what: string,
  change: (grant: AssertedGrant) => object,
  errors?: readonly string[],
): WrongAssertion {
  return wrong(rule, what, (grant) => rightAssertion(grant, change(grant)), errors);
}

/** @param seconds from now. */
function times(issued: number, expires: number): object {
  const now = Math.floor(Date.now() / 1000);
  return { iat: now + issued, nbf: now + issued, exp: now + expires };
}

/** One for each run of the program, because keys are slow to make. */
let strangersKey: KeyPairKeyObjectResult | undefined;

/** @param named the key id in the header, or the stranger's own key. */
async function signedByStranger(
  grant: AssertedGrant,
  named: { kid: string } | "own key",
  change: object,
): Promise<string> {
  strangersKey ??= generateKeyPairSync("rsa", { modulusLength: 2048 });
  const { privateKey, publicKey } = strangersKey;
  const key = named === "own key" ? { jwk: publicKey.export({ format: "jwk" }) } : named;
  return await new SignJWT({ ...claimsOf(grant), ...change })
    .setProtectedHeader({ typ: idJagType, alg: "RS256", ...key })
    .sign(privateKey);
}

function unsigned(grant: AssertedGrant): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ typ: idJagType, alg: "none" })}.${part(claimsOf(grant))}.`;
}

async function signedWithPublicKey(grant: AssertedGrant): Promise<string> {
  const { publicKey, kid } = grant.org;
  const secret = new TextEncoder().encode(String(publicKey.export({ format: "pem", type: "spki" })));
  return await new SignJWT(claimsOf(grant))
    .setProtectedHeader({ typ: idJagType, alg: "HS256", kid })
    .sign(secret);
}
