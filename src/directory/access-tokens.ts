import { randomUUID } from "node:crypto";
import type { Agent, Role, User } from "../model.ts";
import { hashToken, randomToken } from "../store/secrets.ts";
import type { SessionLimits } from "../store/session-store.ts";
import type { TenantStore } from "../store/tenant-store.ts";

/** Makes a token recognisable to secret scanners and to people who find it in a log. */
const prefix = "oinat_";
/** An agent gets the next token by the next ID-JAG, so the identity provider decides anew at least this often. */
const maxMinutes = 30;

/** The bounds of an access token. */
export interface AccessGrant {
  user: User;
  role: Role;
  connectionId: string;
  agent: Pick<Agent, "clientId" | "name">;
  /** The identity provider's name of the agent; null if it sent none. */
  act: string | null;
  scopes: readonly string[];
  resources: readonly string[];
  keyThumbprint: string | null;
}

/**
 * Issues an access token, opaque and shown once. It never lasts longer than a session of the tenant without a request. Call
 * it in the transaction of the verdict. Returns the token and its life in seconds.
 */
export async function issueAccessToken(
  store: TenantStore,
  { user, role, agent, ...bound }: AccessGrant,
  { idleMinutes, absoluteMinutes }: SessionLimits,
  now: number = Date.now(),
): Promise<{ token: string; expiresIn: number }> {
  const token = prefix + randomToken();
  const expiresIn = Math.min(maxMinutes, idleMinutes, absoluteMinutes) * 60;
  await store.agents.recordUse(agent, user.id);
  const grants = await store.agents.grantsOf(user.id);
  const before = grants.find(({ clientId, lastUsedAt }) => {
    return clientId === agent.clientId && now - lastUsedAt < maxMinutes * 60_000;
  });
  // A token with more scopes may still be valid: the person must not be shown fewer than the agent has.
  const scopes = new Set([...(before?.scopes ?? []), ...bound.scopes]);
  await store.agents.recordGrant(user.id, agent.clientId, [...scopes]);
  await store.accessTokens.create({
    ...bound,
    id: randomUUID(),
    tokenHash: hashToken(token),
    userId: user.id,
    clientId: agent.clientId,
    role,
    accessEpoch: user.accessEpoch,
    expiresAt: now + expiresIn * 1000,
  });
  return { token, expiresIn };
}
