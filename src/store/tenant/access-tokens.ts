import type { Role } from "../../model.ts";
import type { TenantScope } from "./scope.ts";

/** An access token to store. It is bound to all of this. */
export interface NewAccessToken {
  id: string;
  /** SHA-256 of the token, which itself is never stored. */
  tokenHash: string;
  userId: string;
  connectionId: string;
  clientId: string;
  /** The identity provider's name of the agent; null if it sent none. */
  act: string | null;
  scopes: readonly string[];
  /** The identifiers of the resources that accept it. */
  resources: readonly string[];
  /** The person's role now: the token ends when the person loses it. */
  role: Role;
  /** The thumbprint of the key that it is bound to (RFC 9449 §6.1); null for a bearer token. */
  keyThumbprint: string | null;
  /** The person's epoch now: the token ends when access is revoked. */
  accessEpoch: number;
  expiresAt: number;
}

/** The access tokens of one tenant's people. The store of all tokens finds the one of a request. */
export function tenantAccessTokens(scope: TenantScope, now: () => number) {
  return {
    async create(token: NewAccessToken): Promise<void> {
      await scope.insert("access_tokens", {
        id: token.id,
        token_hash: token.tokenHash,
        user_id: token.userId,
        connection_id: token.connectionId,
        client_id: token.clientId,
        act: token.act,
        scopes: token.scopes.join(" "),
        resources: token.resources.join(" "),
        role: token.role,
        key_thumbprint: token.keyThumbprint,
        access_epoch: token.accessEpoch,
        created_at: now(),
        expires_at: token.expiresAt,
      });
    },

    /** Removes the tokens of an agent, those that it has for one person, or those through a connection. */
    async remove(bounds: { clientId: string; userId?: string } | { connectionId: string }): Promise<void> {
      const tokens = scope.rows("access_tokens");
      if ("connectionId" in bounds) {
        await tokens.where("connection_id", bounds.connectionId).delete();
        return;
      }
      const { clientId, userId } = bounds;
      await tokens.where({ client_id: clientId, ...(userId ? { user_id: userId } : {}) }).delete();
    },
  };
}
