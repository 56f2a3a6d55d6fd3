import type { TenantScope } from "./scope.ts";

/**
 * Owners' approvals that a connection may link an owner by source key or login name (directory/owners.ts). Linking the
 * identity consumes the approval.
 */
export function tenantOwnerApprovals(scope: TenantScope, now: () => number) {
  const rows = () => scope.rows("owner_approvals");
  return {
    /** Approving twice has no further effect. */
    async approve(connectionId: string, userId: string): Promise<void> {
      const row = { connection_id: connectionId, user_id: userId, created_at: now() };
      await scope.insertMany("owner_approvals", [row], "ignore-existing");
    },

    /** Returns whether there was an approval. */
    async consume(connectionId: string, userId: string): Promise<boolean> {
      const used = rows().where({ connection_id: connectionId, user_id: userId });
      return ((await used.delete()) as number) > 0;
    },

    /** Ids of the connections that are approved for this owner. */
    async ofUser(userId: string): Promise<string[]> {
      const found = (await rows().where("user_id", userId).select("connection_id")) as {
        connection_id: string;
      }[];
      return found.map((row) => row.connection_id);
    },

    async removeOfUser(userId: string): Promise<void> {
      await rows().where("user_id", userId).delete();
    },

    async removeOfConnection(connectionId: string): Promise<void> {
      await rows().where("connection_id", connectionId).delete();
    },
  };
}
