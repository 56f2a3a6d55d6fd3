import type { AttributeDocument, User, UserOrigin } from "../../model.ts";
import { type AffiliationRow, type Affiliations, toAffiliations } from "./affiliations.ts";

/** A row of the table as the drivers give it. */
export interface UserRow {
  id: string;
  seq: number;
  login_name: string;
  given_name: string | null;
  family_name: string | null;
  display_name: string | null;
  email: string | null;
  /** PostgreSQL's driver parses JSON, SQLite knows text. */
  attributes: string | AttributeDocument;
  entitlements: string;
  active: number | boolean;
  blocked: number | boolean;
  origin: UserOrigin;
  source_id: string | null;
  source_key: string | null;
  access_epoch: number;
  version: number;
  created_at: number;
  updated_at: number;
}

/** The columns of UserRow. */
export const columns = [
  ...["id", "seq", "login_name", "given_name", "family_name", "display_name", "email"],
  ...["attributes", "entitlements", "active", "blocked"],
  ...["origin", "source_id", "source_key", "access_epoch", "version", "created_at", "updated_at"],
].map((column) => `users.${column}`);

/** In one text: that knex quotes each name anew costs more than the rest of building a statement. */
export const columnList = columns.join(", ");

export function toUser(row: UserRow): User {
  return {
    id: row.id,
    seq: row.seq,
    loginName: row.login_name,
    givenName: row.given_name,
    familyName: row.family_name,
    displayName: row.display_name,
    email: row.email,
    attributes: typeof row.attributes === "string" ? JSON.parse(row.attributes) : row.attributes,
    entitlements: JSON.parse(row.entitlements),
    active: Boolean(row.active),
    blocked: Boolean(row.blocked),
    origin: row.origin,
    sourceId: row.source_id,
    sourceKey: row.source_key,
    accessEpoch: row.access_epoch,
    version: row.version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/** A user with what hangs on them. */
export interface AffiliatedUser extends User {
  affiliations: Affiliations;
}

export function toAffiliatedUser(row: UserRow & AffiliationRow): AffiliatedUser {
  return Object.assign(toUser(row), { affiliations: toAffiliations(row) });
}
