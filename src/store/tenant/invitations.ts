import type { TenantScope } from "./scope.ts";

/** An invitation that was not accepted yet. Its links are one-time links of the person. */
export interface Invitation {
  userId: string;
  /** The login name of the administrator who invited them. */
  invitedBy: string;
  sentAt: number;
  /** When its links stop working. */
  expiresAt: number;
}

/** An invitation with the person, for the console's list. */
export interface InvitedPerson extends Invitation {
  loginName: string;
  givenName: string | null;
  familyName: string | null;
  displayName: string | null;
}

/** Where a page of the list begins. */
export type InvitationPosition = Pick<Invitation, "sentAt" | "userId">;

interface InvitationRow {
  user_id: string;
  invited_by: string;
  sent_at: number;
  expires_at: number;
}

interface InvitedRow extends InvitationRow {
  login_name: string;
  given_name: string | null;
  family_name: string | null;
  display_name: string | null;
}

/** The invitations of one tenant that no one accepted yet. */
export function tenantInvitations(scope: TenantScope) {
  return {
    /** Replaces an earlier invitation of the person. */
    async set({ userId, invitedBy, sentAt, expiresAt }: Invitation): Promise<void> {
      const row = { user_id: userId, invited_by: invitedBy, sent_at: sentAt, expires_at: expiresAt };
      await scope.upsert("invitations", row, ["user_id"]);
    },

    async find(userId: string): Promise<Invitation | null> {
      const row = await scope.rows("invitations").where("user_id", userId).first("*");
      return row ? toInvitation(row as InvitationRow) : null;
    },

    /** Ends an invitation. Returns whether there was one. */
    async remove(userId: string): Promise<boolean> {
      return ((await scope.rows("invitations").where("user_id", userId).delete()) as number) > 0;
    },

    /** The invitations, the last sent first, after the position `after`. */
    async page(after: InvitationPosition | null, limit: number): Promise<InvitedPerson[]> {
      const query = scope.join(scope.rows("invitations"), "users", "id", "invitations.user_id");
      if (after)
        query.whereRaw("(invitations.sent_at, invitations.user_id) < (?, ?)", [after.sentAt, after.userId]);
      const rows = (await query
        .orderBy("invitations.sent_at", "desc")
        .orderBy("invitations.user_id", "desc")
        .limit(limit)
        .select([
          "invitations.*",
          "users.login_name",
          "users.given_name",
          "users.family_name",
          "users.display_name",
        ])) as InvitedRow[];
      return rows.map((row) => ({
        ...toInvitation(row),
        loginName: row.login_name,
        givenName: row.given_name,
        familyName: row.family_name,
        displayName: row.display_name,
      }));
    },
  };
}

function toInvitation(row: InvitationRow): Invitation {
  return {
    userId: row.user_id,
    invitedBy: row.invited_by,
    sentAt: row.sent_at,
    expiresAt: row.expires_at,
  };
}
