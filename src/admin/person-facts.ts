import type { RoleGrant, User } from "../model.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import type { Fact } from "../trust/connection-facts.ts";

const origins = { scim: "Provisioning", "just-in-time": "A sign-in", local: "A local account" };

/** What an act on somebody depends on: who they are, what they may do and why, and how they come in. */
export async function personFacts(store: TenantStore, user: User): Promise<Fact[]> {
  // One after the other: they run in the transaction of an act, too, which has one connection.
  const grants = await store.roles.grantsOf(user.id);
  const role = await store.roles.effective(user.id);
  const identities = await store.identities.ofUser(user.id);
  const connections = await store.connections.list();
  const sources = await store.sources.list();
  const keyOf = (id: string | null) =>
    connections.find((one) => one.id === id)?.key ?? "a connection that is gone";
  const words = async ({ role: name, source, sourceId }: RoleGrant): Promise<string> => {
    if (source === "manual") return `${name}, given here by hand`;
    if (source === "scim") return `${name}, by provisioning`;
    if (source === "claim") return `${name}, at the sign-in by ${keyOf(sourceId)}`;
    const group = sourceId === null ? null : await store.groups.byId(sourceId);
    return `${name}, as a member of the group ${group?.displayName ?? ""} (${sourceId})`;
  };
  const granted: string[] = [];
  for (const grant of grants) granted.push(await words(grant));
  const ways = identities.map(({ connectionId, subject }) => `${keyOf(connectionId)}: ${subject}`);
  const source = sources.find(({ id }) => id === user.sourceId)?.name;
  return [
    ["Login name", user.loginName],
    ["Name", [user.displayName, user.givenName, user.familyName].filter(Boolean).join(" / ") || "None"],
    ["E-mail", user.email ?? "None"],
    ["Came by", source === undefined ? origins[user.origin] : `${origins[user.origin]}, ${source}`],
    ["Id at the source", user.sourceKey ?? "None"],
    [
      "Access",
      [user.active ? "Active" : "Deactivated", user.blocked ? "blocked" : ""].filter(Boolean).join(", "),
    ],
    ["Role", role],
    ["Roles granted", granted.sort().join("\n") || "None"],
    ["Identities", ways.sort().join("\n") || "None"],
  ];
}
