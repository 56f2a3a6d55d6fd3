import { importJWK, SignJWT } from "jose";
import { type Org, OrgRefusal } from "./org.ts";
import { isSaml, issuerOf, nameIdOf } from "./saml.ts";
import { nameIdFormat } from "./saml-response.ts";
import { type AiAgent, newId, type OrgApp, type OrgPerson, type ResourceConnection } from "./state.ts";

/** The lifetime of an ID-JAG at Okta. */
export const idJagSeconds = 300;

/** The decision of the token exchange. */
export interface IdJagGrant {
  agent: AiAgent;
  person: OrgPerson;
  /** The resource app. */
  app: OrgApp;
  connection: ResourceConnection;
  resources: readonly string[];
  /** Empty leaves the claim out. */
  scopes: readonly string[];
}

/** The claims about the person and the agent (draft-ietf-oauth-identity-assertion-authz-grant §3.1), in Okta's shape. */
export function idJagClaims(org: Org, grant: IdJagGrant) {
  const { agent, person, app, connection, resources, scopes } = grant;
  const { issuerUrl = "", tenantId = "" } = app.resourceServer ?? {};
  const now = Math.floor(Date.now() / 1000);
  return {
    iss: org.url,
    sub: person.id,
    sub_profile: "user",
    ...(isSaml(app) ? { sub_id: samlSubject(app, person) } : {}),
    aud: issuerUrl,
    ...(tenantId === "" ? {} : { aud_tenant: tenantId }),
    client_id: connection.clientId,
    jti: newId("IDAAG."),
    iat: now,
    exp: now + idJagSeconds,
    ...(scopes.length > 0 ? { scope: scopes.join(" ") } : {}),
    resource: resources.length === 1 ? resources[0] : resources,
    email: person.email,
    act: { sub: agent.id, sub_profile: "ai_agent" },
  };
}

/** The person as the app knows them: the values of its SAML responses. */
function samlSubject(app: Parameters<typeof nameIdOf>[0], person: OrgPerson) {
  return {
    format: "saml-nameid",
    issuer: issuerOf(app.signOn),
    nameid: nameIdOf(app, person),
    nameid_format: nameIdFormat,
    sp_name_qualifier: app.signOn.audience,
  };
}

/** Signs with the org's key, whether the resource app signs on with OIDC or SAML. Throws OrgRefusal without a key. */
export async function signIdJag(org: Org, claims: Record<string, unknown>): Promise<string> {
  const [key] = org.store.state.keys;
  if (!key?.kid) throw new OrgRefusal("The org has no signing key.");
  return await new SignJWT(claims)
    .setProtectedHeader({ typ: "oauth-id-jag+jwt", alg: "RS256", kid: key.kid })
    .sign(await importJWK(key, "RS256"));
}
