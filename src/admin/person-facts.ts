/** A person's name, attributes and facts, as the console's pages show them. */
import { attributes } from "../../config/attributes.ts";
import { entitlements } from "../../config/entitlements.ts";
import type { AttributeDocument, RoleGrant, User } from "../model.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import type { Fact } from "../trust/connection-facts.ts";

type Names = Pick<User, "displayName" | "givenName" | "familyName" | "loginName">;

/** The person's name in a list or a sentence. */
export function personName({ displayName, givenName, familyName, loginName }: Names): string {
  return displayName || [givenName, familyName].filter(Boolean).join(" ") || loginName;
}

const origins = {
  scim: "Provisioning",
  "just-in-time": "A sign-in",
  invited: "An invitation",
  local: "A local account",
};

/** Everything that an administrator should see before acting on a person: profile, access, roles with reasons, identities. */
export async function personFacts(store: TenantStore, user: User): Promise<Fact[]> {
  // Not in parallel: this also runs inside transactions, which have a single database connection.
  const grants = await store.roles.grantsOf(user.id);
  const role = await store.roles.effective(user.id);
  const identities = await store.identities.ofUser(user.id);
  const connections = await store.connections.list();
  const sources = await store.sources.list();
  const keyOf = (id: string | null) =>
    connections.find((one) => one.id === id)?.key ?? "a deleted connection";
  const grantText = async ({ role: name, source, sourceId }: RoleGrant): Promise<string> => {
    if (source === "manual") return `${name}, assigned manually`;
    if (source === "scim") return `${name}, by provisioning`;
    if (source === "claim") return `${name}, at the sign-in by ${keyOf(sourceId)}`;
    const group = sourceId === null ? null : await store.groups.byId(sourceId);
    return `${name}, as a member of the group ${group?.displayName ?? ""} (${sourceId})`;
  };
  const granted: string[] = [];
  for (const grant of grants) granted.push(await grantText(grant));
  const linked = identities.map(({ connectionId, subject }) => `${keyOf(connectionId)}: ${subject}`);
  const source = sources.find(({ id }) => id === user.sourceId)?.name;
  const names = [user.displayName, user.givenName, user.familyName].filter(Boolean);
  const access = user.active ? "Active" : "Deactivated";
  return [
    ["Login name", user.loginName],
    ["Name", names.join(" / ") || "None"],
    ["E-mail", user.email ?? "None"],
    ["Source", source === undefined ? origins[user.origin] : `${origins[user.origin]}, ${source}`],
    ["External ID", user.sourceKey ?? "None"],
    ["Access", user.blocked ? `${access}, blocked` : access],
    ["Role", role],
    ["Roles granted", granted.sort().join("\n") || "None"],
    ["Identities", linked.sort().join("\n") || "None"],
  ];
}

/** The attributes that the application only stores: label and value of each that is not empty. */
export function otherAttributes(document: AttributeDocument): [label: string, text: string][] {
  return attributes.flatMap(({ field, scim, label }) => {
    const text = field === null ? textOf(valueAt(document, scim)) : "";
    return text === "" ? [] : [[label, text] satisfies [string, string]];
  });
}

/** The display names of the person's entitlements. */
export function entitlementNames({ entitlements: assigned }: User): string[] {
  return assigned.map((id) => entitlements.find((one) => one.id === id)?.displayName ?? id);
}

/** @param path a core attribute, or an extension's URN, a colon and the attribute (RFC 7644 §3.10). */
function valueAt(document: AttributeDocument, path: string): unknown {
  const colon = path.lastIndexOf(":");
  const steps = colon < 0 ? path.split(".") : [path.slice(0, colon), path.slice(colon + 1)];
  let value: unknown = document;
  for (const step of steps) value = isObject(value) ? value[step] : undefined;
  return value;
}

/** Of a complex value its name for people (RFC 7643 §4.1.2, §4.3), or all of its parts if it has none. */
function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(textOf).filter(Boolean).join("; ");
  if (isObject(value)) {
    const { type: _type, primary: _primary, $ref: _ref, ...parts } = value;
    const name = [parts.formatted, parts.displayName, parts.value].find((part) => typeof part === "string");
    return typeof name === "string" ? name : Object.values(parts).map(textOf).filter(Boolean).join(", ");
  }
  if (typeof value === "boolean") return value ? "Yes" : "No";
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
