import type { User } from "../../model.ts";

/** A user as a line of a list: no document, and nothing that would need another look. */
export type PersonLine = Pick<
  User,
  | ("id" | "loginName" | "givenName" | "familyName" | "displayName" | "email")
  | ("active" | "blocked" | "origin" | "sourceId")
>;

export interface PersonRow {
  id: string;
  login_name: string;
  given_name: string | null;
  family_name: string | null;
  display_name: string | null;
  email: string | null;
  active: number | boolean;
  blocked: number | boolean;
  origin: User["origin"];
  source_id: string | null;
}

/** The columns of PersonRow. */
export const personColumns = [
  ...["id", "login_name", "given_name", "family_name", "display_name", "email"],
  ...["active", "blocked", "origin", "source_id"],
].map((column) => `users.${column}`);

export function toPersonLine(row: PersonRow): PersonLine {
  return {
    id: row.id,
    loginName: row.login_name,
    givenName: row.given_name,
    familyName: row.family_name,
    displayName: row.display_name,
    email: row.email,
    active: Boolean(row.active),
    blocked: Boolean(row.blocked),
    origin: row.origin,
    sourceId: row.source_id,
  };
}
