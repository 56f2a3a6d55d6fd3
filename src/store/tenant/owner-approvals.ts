import type { TenantScope } from "./scope.ts";

/**
 * An owner's word that a connection may become an owner's sign-in: without it, no connection reaches an owner through a
 * key or a login name (directory/owners.ts). It is used up when the identity is linked.
 */
export function tenantOwnerApprovals(scope: TenantScope, now: () => number) {
  const rows = () => scope.rows("owner_approvals");
  return {
    /** Approving twice is the same as once. */
    async approve(connectionId: string, userId: string): Promise<void> {
      const row = { connection_id: connectionId, user_id: userId, created_at: now() };
      await scope.insertMany("owner_approvals", [row], "ignore-existing");
    },

    /** Uses the approval up. Returns whether there was one. */
    async consume(connectionId: string, userId: string): Promise<boolean> {
      const used = rows().where({ connection_id: connectionId, user_id: userId });
      return ((await used.delete()) as number) > 0;
    },

    /** Ids of the connections that may become this owner's sign-in. */
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
