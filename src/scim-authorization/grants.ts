import { createHash, randomUUID } from "node:crypto";
import type { Request } from "express";
import { judge, type RuleBrokenError, ruleBrokenBy } from "policy-list/policy";
import { sourceNamed } from "../directory/provisioning-tokens.ts";
import type { RevokeToken } from "../oauth/revocation.ts";
import { requireStep, type TokenGrant, tokenRequestOf, wordsIn } from "../oauth/token-request.ts";
import type { Database } from "../store/database.ts";
import { provisioningGrantStore } from "../store/provisioning-grants.ts";
import { hashToken, type Sealer } from "../store/secrets.ts";
import type { GrantEnding, ProvisioningCode } from "../store/tenant/provisioning-grants.ts";
import { forTenant, type TenantStore } from "../store/tenant-store.ts";
import { type CodeFacts, codeRules, type RefreshFacts, refreshRules } from "./policy.ts";
import {
  familyOf,
  newFamily,
  newPair,
  pairSealer,
  storedPair,
  type TokenPair,
  tokenResponse,
} from "./tokens.ts";

export interface GrantDeps {
  database: Database;
  sealer: Sealer;
}

/** For so long, a client that lost the response of a refresh gets the same response again. */
const graceMs = 60_000;

/** The findings about a token request, for the inspector: `req.provisioningRequest`. */
interface ProvisioningRequest {
  tenantId: string;
  pair: TokenPair | null;
}

declare module "express-serve-static-core" {
  interface Request {
    provisioningRequest?: ProvisioningRequest;
  }
}

const advice: TokenGrant["advice"] = {
  invalid_grant: "The code or the refresh token is not accepted. An owner has to authenticate again in Okta.",
  invalid_scope: "Ask for the scope scim, or for none.",
  unsupported_grant_type: "Send grant_type=authorization_code or refresh_token.",
  "code-given": "Send the code in the parameter code.",
  "code-redirect": "Send the redirect_uri of the authorization request.",
  "code-verifier": "Send the code_verifier of the authorization request's code_challenge.",
  "refresh-given": "Send the refresh token in the parameter refresh_token.",
};

const shared = { client: "provisioning", event: "scim_authorization", advice } as const;

/** The grants of a provisioning client. */
export function provisioningGrants(deps: GrantDeps): [code: TokenGrant, refresh: TokenGrant] {
  return [
    {
      ...shared,
      type: "authorization_code",
      metadata: {
        response_types_supported: ["code"],
        response_modes_supported: ["query"],
        code_challenge_methods_supported: ["S256"],
        authorization_response_iss_parameter_supported: true,
      },
      issue: (req) => answerWith(req, "authorization_code", redeemCode(deps, req)),
    },
    {
      ...shared,
      type: "refresh_token",
      issue: (req) => answerWith(req, "refresh_token", refresh(deps, req)),
    },
  ];
}

async function answerWith(req: Request, grant: string, issuing: Promise<TokenPair>): Promise<object> {
  const pair = await issuing;
  const { tenantId } = req.provisioningRequest ?? {};
  if (req.provisioningRequest) req.provisioningRequest.pair = pair;
  req.log.info(
    { tenantId, clientId: tokenRequestOf(req).client?.clientId, grant },
    "scim_authorization.issued",
  );
  return tokenResponse(pair);
}

/** A transaction's outcome. A refusal is returned and not thrown, because what it ends has to be committed. */
type Outcome = TokenPair | { refusal: RuleBrokenError };

function pairOf(outcome: Outcome): TokenPair {
  if ("refusal" in outcome) throw outcome.refusal;
  return outcome;
}

async function redeemCode({ database }: GrantDeps, req: Request): Promise<TokenPair> {
  const { parameters, client } = tokenRequestOf(req);
  const code = parameters.get("code") ?? "";
  const found = await provisioningGrantStore(database).code(hashToken(code));
  if (found) req.provisioningRequest = { tenantId: found.tenantId, pair: null };
  const store = forTenant(database, found?.tenantId ?? "");
  const outcome = await store.transaction(async (inside): Promise<Outcome> => {
    const locked = found && (await inside.provisioningCodes.lock(found.id));
    const facts: CodeFacts = {
      hasCode: code !== "",
      isKnown: locked !== null,
      isOfClient: locked?.clientId === requireStep(client).clientId,
      isUnused: locked?.grantId === null,
      isFresh: (locked?.expiresAt ?? 0) > Date.now(),
      isSameRedirect: locked?.redirectUri === parameters.get("redirect_uri"),
      isVerified: isVerified(locked?.challenge ?? null, parameters.get("code_verifier")),
      isOwnerStill: locked !== null && (await isOwnerStill(inside, locked)),
    };
    const refusal = await ruleBrokenBy(() => judge(codeRules, facts));
    if (refusal?.rule.id === "code-unused" && locked?.grantId)
      await endGrant(inside, locked.grantId, "code-reused", req.id);
    if (refusal) return { refusal };
    return await startGrant(inside, requireStep(locked));
  });
  return pairOf(outcome);
}

/** RFC 7636 §4.6. Without a challenge, a verifier means that someone removed the challenge (RFC 9700 §4.8.2). */
function isVerified(challenge: string | null, verifier: string | undefined): boolean {
  if (challenge === null || verifier === undefined) return challenge === null && verifier === undefined;
  return createHash("sha256").update(verifier).digest("base64url") === challenge;
}

async function isOwnerStill(
  inside: TenantStore,
  { userId, accessEpoch }: ProvisioningCode,
): Promise<boolean> {
  const user = await inside.users.byId(userId);
  if (!user?.active || user.blocked || user.accessEpoch !== accessEpoch) return false;
  return (await inside.roles.effective(userId)) === "owner";
}

/** Creates the grant of a code, with its source if that is new, and the first pair of tokens. */
async function startGrant(inside: TenantStore, code: ProvisioningCode): Promise<TokenPair> {
  const user = await inside.users.byId(code.userId);
  const source = await sourceNamed(inside, code.sourceName);
  const [id, family] = [randomUUID(), newFamily()];
  const pair = await newPair(inside, { id, sourceId: source.id }, family);
  await inside.provisioningGrants.create({
    id,
    sourceId: source.id,
    clientId: code.clientId,
    allowedBy: requireStep(user).loginName,
    allowedById: code.userId,
    familyHash: hashToken(family),
    ...storedPair(pair, null),
  });
  await inside.provisioningCodes.redeem(code.id, id);
  return pair;
}

async function refresh({ database, sealer }: GrantDeps, req: Request): Promise<TokenPair> {
  const { parameters, client } = tokenRequestOf(req);
  const token = parameters.get("refresh_token") ?? "";
  const family = familyOf(token);
  const found = family === null ? null : await provisioningGrantStore(database).grant(hashToken(family));
  if (found) req.provisioningRequest = { tenantId: found.tenantId, pair: null };
  const store = forTenant(database, found?.tenantId ?? "");
  const hash = hashToken(token);
  const outcome = await store.transaction(async (inside): Promise<Outcome> => {
    const grant = found && (await inside.provisioningGrants.lock(found.id));
    const repeated = grant && repeatedResponse(grant, hash);
    const facts: RefreshFacts = {
      hasToken: token !== "",
      isKnown: grant !== null,
      isOfClient: grant?.clientId === requireStep(client).clientId,
      isActive: grant?.endedAt === null,
      isCurrent: grant?.refreshHash === hash || repeated !== null,
      isFresh: (grant?.refreshExpiresAt ?? 0) > Date.now(),
      scopes: wordsIn(parameters.get("scope")) ?? [],
    };
    const refusal = await ruleBrokenBy(() => judge(refreshRules, facts));
    if (refusal?.rule.id === "refresh-current")
      await endGrant(inside, requireStep(grant).id, "token-reused", req.id);
    if (refusal) return { refusal };
    const { id, sourceId } = requireStep(grant);
    const sealing = pairSealer(sealer, inside.tenantId, id);
    if (repeated !== null) return sealing.open(repeated);
    const pair = await newPair(inside, { id, sourceId }, requireStep(family));
    await inside.provisioningGrants.rotate(
      id,
      storedPair(pair, { hash, sealedResponse: sealing.seal(pair) }),
    );
    return pair;
  });
  return pairOf(outcome);
}

/** The sealed response to the former refresh token, while it may be lost; null otherwise. */
function repeatedResponse(
  grant: { formerHash: string | null; refreshedAt: number; sealedResponse: string | null },
  hash: string,
): string | null {
  const isFormer = grant.formerHash === hash && Date.now() - grant.refreshedAt < graceMs;
  return isFormer ? grant.sealedResponse : null;
}

/** Ends a grant because of a replay, and tells the tenant's administrators. */
async function endGrant(
  inside: TenantStore,
  id: string,
  cause: GrantEnding,
  requestId: string,
): Promise<void> {
  if (!(await inside.provisioningGrants.end(id, cause))) return;
  const entry = { action: "grant.ended", targetId: id, changed: [], reason: cause, requestId };
  await inside.activity.record({ actorKind: "provisioning", actor: "OAuth", ...entry });
}

/** A refresh token ends its grant, an access token only itself (RFC 7009 §2.1). */
export function tokenRevocation(database: Database): RevokeToken {
  const grants = provisioningGrantStore(database);
  return async ({ clientId }, token, requestId) => {
    const family = familyOf(token);
    if (family === null) return await grants.revokeAccessToken(clientId, hashToken(token));
    const found = await grants.grant(hashToken(family));
    if (!found) return;
    await forTenant(database, found.tenantId).transaction(async (inside) => {
      const grant = await inside.provisioningGrants.lock(found.id);
      if (grant?.clientId === clientId) await endGrant(inside, found.id, "client", requestId);
    });
  };
}
