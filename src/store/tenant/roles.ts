import { type AssignableRole, type GrantSource, type Role, type RoleGrant, roles } from "../../model.ts";
import { chunks, type TenantScope } from "./scope.ts";

type StoredSource = Exclude<GrantSource, "group">;

interface GrantRow {
  role: Role;
  source: StoredSource;
  source_id: string;
}

interface UserRoleRow {
  user_id: string;
  role: Role;
}

/** An owner who is active and not blocked. */
export interface ActiveOwner {
  id: string;
  /** By a password that provisioning did not set, or by an identity on an active connection. */
  canSignIn: boolean;
}

/**
 * The role grants of one tenant. Grants by a group are not copied to its members but follow from membership, so changing
 * a group of any size changes no user.
 */
export function tenantRoles(scope: TenantScope) {
  const stored = (userId: string) => scope.rows("role_grants").where("role_grants.user_id", userId);

  function byGroup(userId: string) {
    const query = scope.rows("group_members").where("group_members.user_id", userId);
    return scope.join(query, "group_roles", "group_id", "group_members.group_id");
  }

  async function grantsOf(userId: string): Promise<RoleGrant[]> {
    const direct = (await stored(userId).select(["role", "source", "source_id"])) as GrantRow[];
    const mapped = (await byGroup(userId).select(["group_roles.role", "group_roles.group_id"])) as {
      role: Role;
      group_id: string;
    }[];
    return [
      ...direct.map((row) => ({ role: row.role, source: row.source, sourceId: row.source_id || null })),
      ...mapped.map((row) => ({ role: row.role, source: "group" as const, sourceId: row.group_id })),
    ];
  }

  return {
    grantsOf,

    /** The highest role of all grants; every user is at least a member. One statement, because each request needs it. */
    async effective(userId: string): Promise<Role> {
      const granted = [stored(userId).select("role_grants.role"), byGroup(userId).select("group_roles.role")];
      const rows = (await scope.unionAll(granted)) as { role: Role }[];
      return roles[Math.max(0, ...rows.map(({ role }) => roles.indexOf(role)))] as Role;
    },

    /** Like `effective`, for many users in a few statements. */
    effectiveOf: (userIds: readonly string[]) => effectiveOf(scope, userIds),

    /** Grants a role by hand. Granting it twice has no further effect. */
    async grant(userId: string, role: Role): Promise<void> {
      await scope.insertMany(
        "role_grants",
        [{ user_id: userId, role, source: "manual", source_id: "" }],
        "ignore-existing",
      );
    },

    async revoke(userId: string, role: Role): Promise<void> {
      await stored(userId).where({ role, source: "manual" }).delete();
    },

    /** Replaces what one source grants the user; grants of other sources stay. */
    async replace(
      userId: string,
      source: Exclude<StoredSource, "manual">,
      sourceId: string | null,
      granted: readonly AssignableRole[],
    ): Promise<void> {
      await stored(userId)
        .where({ source, source_id: sourceId ?? "" })
        .delete();
      const rows = granted.map((role) => ({ user_id: userId, role, source, source_id: sourceId ?? "" }));
      await scope.insertMany("role_grants", rows, "ignore-existing");
    },

    /** Revokes what a connection's claims granted, for all users. */
    async removeOfConnection(connectionId: string): Promise<void> {
      await scope.rows("role_grants").where({ source: "claim", source_id: connectionId }).delete();
    },

    /** Grants the role to all members of the group. */
    async mapGroup(groupId: string, role: AssignableRole): Promise<void> {
      await scope.insertMany("group_roles", [{ group_id: groupId, role }], "ignore-existing");
    },

    async unmapGroup(groupId: string, role: AssignableRole): Promise<void> {
      await scope.rows("group_roles").where({ group_id: groupId, role }).delete();
    },

    /** The groups among these that make their members administrators. */
    async mappedGroups(groupIds: readonly string[]): Promise<Set<string>> {
      const query = scope.rows("group_roles").where("role", "admin").whereIn("group_id", groupIds);
      const rows = (await query.select("group_id")) as { group_id: string }[];
      return new Set(rows.map((row) => row.group_id));
    },

    /** Whether the user is an owner. */
    async isOwner(userId: string): Promise<boolean> {
      return (await stored(userId).where("role", "owner").first("role")) !== undefined;
    },

    /** The owners who are active and not blocked. */
    activeOwners: () => activeOwners(scope),

    /**
     * Like activeOwners, and serialises such calls until the transaction ends: two concurrent changes cannot each remove
     * one of the last two owners. Locks the tenant's row, because locking the owners' rows could deadlock.
     */
    async lockOwners(): Promise<ActiveOwner[]> {
      await scope.tenantRow().forNoKeyUpdate().first("id");
      return await activeOwners(scope);
    },
  };
}

async function effectiveOf(scope: TenantScope, userIds: readonly string[]): Promise<Map<string, Role>> {
  const found = new Map<string, Role>(userIds.map((id) => [id, "member"]));
  for (const chunk of chunks(userIds)) {
    const direct = scope.rows("role_grants").whereIn("user_id", chunk).select(["user_id", "role"]);
    const byGroup = scope.rows("group_members").whereIn("group_members.user_id", chunk);
    scope.join(byGroup, "group_roles", "group_id", "group_members.group_id");
    const mapped = byGroup.select(["group_members.user_id", "group_roles.role"]);
    for (const { user_id, role } of [...(await direct), ...(await mapped)] as UserRoleRow[]) {
      if (roles.indexOf(role) > roles.indexOf(found.get(user_id) ?? "member")) found.set(user_id, role);
    }
  }
  return found;
}

async function activeOwners(scope: TenantScope): Promise<ActiveOwner[]> {
  const owners = () =>
    scope
      .rows("users")
      .whereIn("users.id", scope.rows("role_grants").where("role", "owner").select("role_grants.user_id"))
      .where({ active: true, blocked: false });
  const linked = scope.rows("identities").whereIn("user_id", owners().select("users.id"));
  scope.join(linked, "connections", "id", "identities.connection_id");
  const notProvisioned = owners().whereNot("origin", "scim").select("users.id");
  const signInOptions = [
    ...((await linked.where("connections.status", "active").select("user_id")) as { user_id: string }[]),
    ...((await scope.rows("local_credentials").whereIn("user_id", notProvisioned).select("user_id")) as {
      user_id: string;
    }[]),
  ];
  const ableToSignIn = new Set(signInOptions.map((row) => row.user_id));
  const rows = (await owners().orderBy("users.id").select("users.id")) as { id: string }[];
  return rows.map(({ id }) => ({ id, canSignIn: ableToSignIn.has(id) }));
}
