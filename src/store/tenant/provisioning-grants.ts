import type { TenantScope } from "./scope.ts";

/** Why a grant no longer gives tokens. */
export type GrantEnding = "revoked" | "code-reused" | "token-reused" | "client" | "client-revoked";

/** An owner's permission for Okta to provision, and its refresh token (OAuth 2.0 for SCIM). */
export interface ProvisioningGrant {
  id: string;
  sourceId: string;
  sourceName: string;
  clientId: string;
  /** The owner's login name when they allowed it. */
  allowedBy: string;
  createdAt: number;
  lastUsedAt: number | null;
  endedAt: number | null;
  endCause: GrantEnding | null;
  /** When it ends if no one refreshes it. */
  refreshExpiresAt: number;
}

/** The refresh tokens of a grant: hashes of the valid one and the one before, and the response that replaced that one. */
export interface GrantTokens {
  refreshHash: string;
  refreshedAt: number;
  refreshExpiresAt: number;
  formerHash: string | null;
  sealedResponse: string | null;
}

export type NewGrant = Pick<ProvisioningGrant, "id" | "sourceId" | "clientId" | "allowedBy"> &
  GrantTokens & { allowedById: string; familyHash: string };

/** An owner's "Allow", until the client redeems it. */
export interface ProvisioningCode {
  id: string;
  clientId: string;
  redirectUri: string;
  /** PKCE, S256; null if the client sent none. */
  challenge: string | null;
  sourceName: string;
  userId: string;
  /** The owner's epoch when they allowed it. */
  accessEpoch: number;
  expiresAt: number;
  /** Of the grant that came of it; null until it is redeemed. */
  grantId: string | null;
}

interface GrantRow {
  id: string;
  source_id: string;
  source_name: string;
  client_id: string;
  allowed_by: string;
  created_at: number;
  last_used_at: number | null;
  token_used_at: number | null;
  ended_at: number | null;
  end_cause: GrantEnding | null;
  refresh_hash: string;
  refreshed_at: number;
  refresh_expires_at: number;
  former_hash: string | null;
  sealed_response: string | null;
}

interface CodeRow {
  id: string;
  client_id: string;
  redirect_uri: string;
  challenge: string | null;
  source_name: string;
  user_id: string;
  access_epoch: number;
  expires_at: number;
  grant_id: string | null;
}

/** The codes of one tenant that owners have allowed. */
export function tenantProvisioningCodes(scope: TenantScope) {
  return {
    async create({
      codeHash,
      ...code
    }: Omit<ProvisioningCode, "grantId"> & { codeHash: string }): Promise<void> {
      await scope.insert("provisioning_codes", {
        id: code.id,
        code_hash: codeHash,
        client_id: code.clientId,
        redirect_uri: code.redirectUri,
        challenge: code.challenge,
        source_name: code.sourceName,
        user_id: code.userId,
        access_epoch: code.accessEpoch,
        expires_at: code.expiresAt,
      });
    },

    /** The code, locked until the transaction ends: of two requests with it, the second sees what the first did. */
    async lock(id: string): Promise<ProvisioningCode | null> {
      const columns = ["id", "client_id", "redirect_uri", "challenge", "source_name", "user_id"];
      const row = (await scope
        .rows("provisioning_codes")
        .where("id", id)
        .forNoKeyUpdate()
        .first([...columns, "access_epoch", "expires_at", "grant_id"])) as CodeRow | undefined;
      return row ? toCode(row) : null;
    },

    /** Consumes a code. */
    async redeem(id: string, grantId: string): Promise<void> {
      await scope.rows("provisioning_codes").where("id", id).update({ grant_id: grantId });
    },
  };
}

/** The grants of one tenant. Their access tokens are rows of `provisioning_tokens`. */
export function tenantProvisioningGrants(scope: TenantScope, now: () => number) {
  const one = (id: string) => scope.rows("provisioning_grants").where("provisioning_grants.id", id);
  return {
    async create({
      id,
      sourceId,
      clientId,
      allowedBy,
      allowedById,
      familyHash,
      ...tokens
    }: NewGrant): Promise<void> {
      const row = { id, source_id: sourceId, client_id: clientId, allowed_by: allowedBy };
      const rest = { allowed_by_id: allowedById, family_hash: familyHash, created_at: now() };
      await scope.insert("provisioning_grants", { ...row, ...rest, ...tokenColumns(tokens) });
    },

    /** All grants, also ended ones, the newest first. */
    async list(): Promise<ProvisioningGrant[]> {
      const query = scope.rows("provisioning_grants");
      scope.join(query, "provisioning_sources", "id", "provisioning_grants.source_id");
      const rows = (await query
        .select([
          "provisioning_grants.*",
          "provisioning_sources.name as source_name",
          scope.raw(tokenUse(scope)),
        ])
        .orderBy([
          { column: "provisioning_grants.created_at", order: "desc" },
          "provisioning_grants.id",
        ])) as GrantRow[];
      return rows.map(toGrant);
    },

    /** A grant and its refresh tokens, locked until the transaction ends. */
    async lock(id: string): Promise<(Omit<ProvisioningGrant, "sourceName"> & GrantTokens) | null> {
      const row = (await one(id).forNoKeyUpdate().first("*")) as GrantRow | undefined;
      if (!row) return null;
      const { refresh_hash: refreshHash, refreshed_at: refreshedAt } = row;
      const { former_hash: formerHash, sealed_response: sealedResponse } = row;
      return { ...toGrant(row), refreshHash, refreshedAt, formerHash, sealedResponse };
    },

    /** Replaces the refresh token, and remembers when the former access tokens were used. */
    async rotate(id: string, tokens: GrantTokens): Promise<void> {
      const used = (await scope
        .rows("provisioning_tokens")
        .where("grant_id", id)
        .max({ at: "last_used_at" })) as {
        at: number | null;
      }[];
      const lastUse = used[0]?.at ?? null;
      const columns = lastUse === null ? {} : { last_used_at: Number(lastUse) };
      await one(id).update({ ...tokenColumns(tokens), ...columns });
      await scope.rows("provisioning_tokens").where("grant_id", id).where("expires_at", "<=", now()).delete();
    },

    /** Ends a grant with its access tokens. Returns whether it was active. */
    async end(id: string, cause: GrantEnding): Promise<boolean> {
      const active = one(id).whereNull("ended_at");
      const ended = { ended_at: now(), end_cause: cause, sealed_response: null };
      const changed = (await active.update(ended)) as number;
      await scope
        .rows("provisioning_tokens")
        .where("grant_id", id)
        .whereNull("revoked_at")
        .update({ revoked_at: now() });
      return changed > 0;
    },
  };
}

function tokenUse(scope: TenantScope): string {
  return `(select max(t.last_used_at) from provisioning_tokens as t where ${scope.sameTenant("t", "provisioning_grants")}
    and t.grant_id = provisioning_grants.id) as token_used_at`;
}

function tokenColumns(tokens: GrantTokens) {
  return {
    refresh_hash: tokens.refreshHash,
    refreshed_at: tokens.refreshedAt,
    refresh_expires_at: tokens.refreshExpiresAt,
    former_hash: tokens.formerHash,
    sealed_response: tokens.sealedResponse,
  };
}

function toGrant(row: GrantRow): ProvisioningGrant {
  const uses = [row.last_used_at, row.token_used_at].flatMap((at) => (at ? [Number(at)] : []));
  return {
    id: row.id,
    sourceId: row.source_id,
    sourceName: row.source_name,
    clientId: row.client_id,
    allowedBy: row.allowed_by,
    createdAt: row.created_at,
    lastUsedAt: uses.length > 0 ? Math.max(...uses) : null,
    endedAt: row.ended_at,
    endCause: row.end_cause,
    refreshExpiresAt: row.refresh_expires_at,
  };
}

function toCode(row: CodeRow): ProvisioningCode {
  return {
    id: row.id,
    clientId: row.client_id,
    redirectUri: row.redirect_uri,
    challenge: row.challenge,
    sourceName: row.source_name,
    userId: row.user_id,
    accessEpoch: row.access_epoch,
    expiresAt: row.expires_at,
    grantId: row.grant_id,
  };
}
