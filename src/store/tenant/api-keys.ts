import type { Knex } from "knex";
import type { Role, User } from "../../model.ts";
import { splitWords } from "../agents.ts";
import type { TenantScope } from "./scope.ts";
import { toUser, type UserRow } from "./users.ts";

/** An API key to store. It is bound to all of this. */
export interface NewApiKey {
  id: string;
  /** SHA-256 of the key, which itself is never stored. */
  keyHash: string;
  /** The first characters, by which people recognize the key. */
  hint: string;
  userId: string;
  name: string;
  scopes: readonly string[];
  /** The person's role now: the key does not work while the person has less. */
  role: Role;
  /** The person's epoch now: the key ends when access is revoked. */
  accessEpoch: number;
  /** Null for a key that does not expire. */
  expiresAt: number | null;
}

/** A stored API key, with its person as the database knows them now. */
export interface ApiKey {
  id: string;
  name: string;
  hint: string;
  scopes: string[];
  user: User;
  /** The person's role when the key was created. */
  issuedRole: Role;
  /** The person's epoch when the key was created. */
  issuedEpoch: number;
  createdAt: number;
  /** Written once an hour at most. */
  lastUsedAt: number | null;
  expiresAt: number | null;
  revokedAt: number | null;
}

/** The API keys of one tenant's people. The store of all keys finds the one of a request. */
export function tenantApiKeys(scope: TenantScope, now: () => number) {
  const one = (id: string) => scope.rows("api_keys").where("id", id);
  return {
    async create(key: NewApiKey): Promise<void> {
      await scope.insert("api_keys", {
        id: key.id,
        key_hash: key.keyHash,
        hint: key.hint,
        user_id: key.userId,
        name: key.name,
        scopes: key.scopes.join(" "),
        role: key.role,
        access_epoch: key.accessEpoch,
        created_at: now(),
        expires_at: key.expiresAt,
      });
    },

    /** The newest is first. */
    async list(): Promise<ApiKey[]> {
      const query = scope.rows("api_keys");
      scope.join(query, "users", "id", "api_keys.user_id");
      query.orderBy("api_keys.created_at", "desc").orderBy("api_keys.id");
      return ((await query.select(apiKeyColumns)) as ApiKeyRow[]).map(toApiKey);
    },

    /** How many keys of a person are neither revoked nor expired. */
    async countOf(userId: string): Promise<number> {
      const keys = scope.rows("api_keys").where("user_id", userId).whereNull("revoked_at");
      const query: Knex.QueryBuilder = keys.where((end) =>
        end.whereNull("expires_at").orWhere("expires_at", ">", now()),
      );
      return Number((await query.count({ keys: "*" }))[0]?.keys);
    },

    async recordUse(id: string): Promise<void> {
      await one(id).update({ last_used_at: now() });
    },

    /** Returns whether there was such a key that was not yet revoked. */
    async revoke(id: string): Promise<boolean> {
      return ((await one(id).whereNull("revoked_at").update({ revoked_at: now() })) as number) > 0;
    },
  };
}

export interface ApiKeyRow extends UserRow {
  key_id: string;
  key_name: string;
  key_hint: string;
  key_scopes: string;
  key_role: Role;
  key_epoch: number;
  key_created_at: number;
  key_last_used_at: number | null;
  key_expires_at: number | null;
  key_revoked_at: number | null;
}

/** Of a join of `api_keys` and `users`. */
export const apiKeyColumns = [
  "users.*",
  "api_keys.id as key_id",
  "api_keys.name as key_name",
  "api_keys.hint as key_hint",
  "api_keys.scopes as key_scopes",
  "api_keys.role as key_role",
  "api_keys.access_epoch as key_epoch",
  "api_keys.created_at as key_created_at",
  "api_keys.last_used_at as key_last_used_at",
  "api_keys.expires_at as key_expires_at",
  "api_keys.revoked_at as key_revoked_at",
];

export function toApiKey(row: ApiKeyRow): ApiKey {
  return {
    id: row.key_id,
    name: row.key_name,
    hint: row.key_hint,
    scopes: splitWords(row.key_scopes),
    user: toUser(row),
    issuedRole: row.key_role,
    issuedEpoch: row.key_epoch,
    createdAt: row.key_created_at,
    lastUsedAt: row.key_last_used_at,
    expiresAt: row.key_expires_at,
    revokedAt: row.key_revoked_at,
  };
}
