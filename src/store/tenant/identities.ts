import { ConflictError } from "../../errors.ts";
import type { Connection, Identity } from "../../model.ts";
import { mapUniqueViolation } from "../sql-errors.ts";
import { nameKey, textKey } from "../text-keys.ts";
import type { TenantScope } from "./scope.ts";

interface IdentityRow {
  connection_id: string;
  subject: string;
  user_id: string;
  email: string | null;
  last_sign_in_at: number | null;
}

const columns = ["connection_id", "subject", "user_id", "email", "last_sign_in_at"];

const toIdentity = (row: IdentityRow): Identity => ({
  connectionId: row.connection_id,
  subject: row.subject,
  userId: row.user_id,
  email: row.email,
  lastSignInAt: row.last_sign_in_at,
});

/**
 * The form in which a connection's subjects are stored and compared. A subject that is a login name ignores case, as
 * login names do. It keeps Unicode compatibility forms apart, because the provider does: a person who may choose a
 * look-alike name there must not become someone else here.
 */
export function subjectKey({ subjectKind }: Pick<Connection, "subjectKind">, subject: string): string {
  return subjectKind === "login-name" ? textKey(subject) : subject;
}

/** The links between the subjects of connections and the users of one tenant. */
export function tenantIdentities(scope: TenantScope, now: () => number) {
  const one = (connectionId: string, subject: string) =>
    scope.rows("identities").where({ connection_id: connectionId, subject });

  return {
    async find(connectionId: string, subject: string): Promise<Identity | null> {
      const row = (await one(connectionId, subject).first(columns)) as IdentityRow | undefined;
      return row ? toIdentity(row) : null;
    },

    /**
     * The access epoch of the user whom a sign-in with this identity finds: the one who has it, else the one with the login
     * name. Null if there is neither.
     */
    async accessEpoch(connectionId: string, subject: string, loginName: string): Promise<number | null> {
      const identity = scope
        .rows("identities")
        .where({ "identities.connection_id": connectionId, "identities.subject": subject });
      const linked = await scope.join(identity, "users", "id", "identities.user_id").first("access_epoch");
      const found =
        linked ??
        (await scope.rows("users").where("login_name_key", nameKey(loginName)).first("access_epoch"));
      return (found as { access_epoch: number } | undefined)?.access_epoch ?? null;
    },

    async ofUser(userId: string): Promise<Identity[]> {
      const rows = (await scope
        .rows("identities")
        .where("user_id", userId)
        .select(columns)
        .orderBy(["connection_id", "subject"])) as IdentityRow[];
      return rows.map(toIdentity);
    },

    /** Ids of the users with this address, in the directory or at their last sign-in, ignoring case. */
    async usersByEmail(email: string): Promise<string[]> {
      const users = scope.rows("users").where("email_key", textKey(email)).select("id as user_id");
      const identities = scope.rows("identities").where("email_key", textKey(email)).select("user_id");
      const rows = (await users.union([identities])) as { user_id: string }[];
      return rows.map((row) => row.user_id);
    },

    /** Links a subject to a user. Throws ConflictError if it is already linked. */
    async add(connectionId: string, subject: string, userId: string): Promise<void> {
      const row = { connection_id: connectionId, subject, user_id: userId, created_at: now() };
      await mapUniqueViolation(scope.insert("identities", row), {
        subject: () => new ConflictError("identity-taken", "This sign-in already belongs to a user."),
      });
    },

    async recordSignIn(connectionId: string, subject: string, email: string | null): Promise<void> {
      await one(connectionId, subject).update({
        email,
        email_key: email === null ? null : textKey(email),
        last_sign_in_at: now(),
      });
    },

    /** Whether anyone has signed in by a connection with its present identity provider. */
    async haveSignedIn(connectionId: string): Promise<boolean> {
      const ofConnection = scope.rows("identities").where("connection_id", connectionId);
      return (await ofConnection.whereNotNull("last_sign_in_at").first("subject")) !== undefined;
    },

    /** Changes an identity's subject. Another identity with the new subject is removed. */
    async move(connectionId: string, from: string, to: string): Promise<void> {
      if (from === to) return;
      await one(connectionId, to).delete();
      await one(connectionId, from).update({ subject: to });
    },

    /** Returns whether the identity existed. */
    async remove(connectionId: string, subject: string): Promise<boolean> {
      return ((await one(connectionId, subject).delete()) as number) > 0;
    },

    /** Removes all identities of a connection, because its identity provider changed. */
    async removeOfConnection(connectionId: string): Promise<void> {
      await scope.rows("identities").where("connection_id", connectionId).delete();
    },
  };
}
