import { RuleBrokenError } from "policy-list/policy";
import type { TokenGrant } from "../oauth/token-request.ts";
import type { Database } from "../store/database.ts";
import { onceOnly } from "../store/rate-limits.ts";
import { hashToken } from "../store/secrets.ts";
import { agentActor } from "../store/tenant/activity.ts";
import { subjectKey } from "../store/tenant/identities.ts";
import { forTenant } from "../store/tenant-store.ts";
import { assertionType, jwtBearer } from "./policy.ts";

/**
 * Help for the client's developer, by the rule that broke, else by the error. It says what to do, and nothing of tenants,
 * people or issuers: until the signature is verified, one text serves all refusals, and so does one for the person.
 */
export const advice: Readonly<Record<string, string>> = {
  invalid_grant:
    "The ID-JAG is not accepted. Ask the org's administrator whether the org is connected here and lets agents in, and whether it has to name the tenant (aud_tenant).",
  invalid_scope: "No scope is left. Ask for a scope that the org grants and that this client may have.",
  invalid_target:
    "Ask the org for an ID-JAG for this resource. An ID-JAG without a resource is for the API only.",
  invalid_dpop_proof:
    "Make a new DPoP proof for each request: for this address and method, with jti and iat.",
  unsupported_grant_type: `Send grant_type=${jwtBearer}.`,
  "assertion-given": "Send the ID-JAG in the parameter assertion.",
  "assertion-readable": "Send the ID-JAG as the org's token exchange returned it.",
  "assertion-claims": "Send the ID-JAG as the org's token exchange returned it.",
  "assertion-type": `The ID-JAG's header needs typ ${assertionType}. An ID token or an access token is not an ID-JAG.`,
  "assertion-audience":
    "The ID-JAG's audience must be this server's issuer, to the letter, and nothing else.",
  "assertion-client":
    "The ID-JAG is for another client. The org needs the client ID that is registered here.",
  "assertion-id": "The ID-JAG needs the claim jti.",
  "assertion-not-before": "The ID-JAG is not yet valid.",
  "assertion-expiry": "The ID-JAG has expired, or lacks the claim exp. Ask the org for a new one.",
  "assertion-issued": "The ID-JAG needs the claim iat, which must not be in the future.",
  "assertion-lifetime": "The ID-JAG is valid for more than ten minutes. Ask the org for a shorter one.",
  "resource-ours":
    "The ID-JAG is for another resource. The metadata of this server's resources has their identifiers.",
  "proof-given": "This ID-JAG is bound to a key. Send a DPoP proof with that key.",
  "proof-key": "Sign the DPoP proof with the key that this ID-JAG is bound to.",
  "assertion-unused": "An ID-JAG for the MCP server works once. Ask the org for a new one.",
  "agent-not-blocked": "The agent may not act for this person here.",
  "person-admitted": "The agent may not act for this person here.",
  "access-not-revoked": "The agent may not act for this person here.",
};

/** An agent that tries again and again would fill the activity: each reason is recorded once in so many seconds. */
const quietSeconds = 3600;

/** Records a refusal in the tenant's activity, if the org's key verified the assertion: strangers write nothing. */
export function refusalRecorder(database: Database): NonNullable<TokenGrant["recordRefusal"]> {
  const isNew = onceOnly(database, { name: "agent-refusal", seconds: quietSeconds });
  return async ({ assertionRequest, id: requestId }, error) => {
    if (!(error instanceof RuleBrokenError)) return;
    const { rule, found } = error;
    const { client, assertion, found: at, isVerified } = assertionRequest ?? {};
    if (!client || !assertion || !at || !isVerified) return;
    const { tenantId, connection, subject } = at;
    const kind = [tenantId, client.clientId, connection.id, subject, rule.id].join("/");
    if (!(await isNew(hashToken(kind)))) return;
    const store = forTenant(database, tenantId);
    const identity = await store.identities.find(connection.id, subjectKey(connection, subject));
    const reason = rule.id === "person-admitted" ? found : rule.id;
    const entry = { action: "access.refused", targetId: identity?.userId ?? null, changed: [], reason };
    const actor = agentActor(client.name, assertion.claims.act?.sub ?? null);
    await store.activity.record({ actorKind: "agent", actor, ...entry, requestId });
  };
}
