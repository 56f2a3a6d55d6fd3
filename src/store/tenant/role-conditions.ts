import type { Knex } from "knex";
import type { Role } from "../../model.ts";
import type { TenantScope } from "./scope.ts";

/** Keeps of a query's users those whose role, the highest of all grants, is this one. */
export function withRole(scope: TenantScope, query: Knex.QueryBuilder, role: Role): void {
  if (role === "owner") {
    query.whereExists(granted(scope, "owner"));
    return;
  }
  query.whereNotExists(granted(scope, "owner"));
  if (role === "member") query.whereNotExists(granted(scope, "admin")).whereNotExists(mapped(scope));
  else query.where((any) => any.whereExists(granted(scope, "admin")).orWhereExists(mapped(scope)));
}

function granted(scope: TenantScope, role: Role): Knex.QueryBuilder {
  const grants = scope.rows("role_grants").where("role_grants.role", role);
  return grants.where("role_grants.user_id", scope.computed("users.id")).select("role_grants.user_id");
}

/** A group that they are in makes them an administrator. */
function mapped(scope: TenantScope): Knex.QueryBuilder {
  const memberships = scope.rows("group_members").where("group_members.user_id", scope.computed("users.id"));
  scope.join(memberships, "group_roles", "group_id", "group_members.group_id");
  return memberships.where("group_roles.role", "admin").select("group_members.user_id");
}
