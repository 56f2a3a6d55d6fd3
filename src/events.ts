/**
 * Events about people and groups, for product code (docs/how-to/react-to-changes.md). An event has ids and no personal
 * data: its handler reads what it needs, as it is by then.
 */
export type ProductEvent =
  /** By provisioning, a first sign-in, an invitation, or an operator. */
  | { name: "personCreated"; userId: string }
  /** Their profile or entitlements, a role by provisioning or by hand, or whether they may sign in. */
  | { name: "personChanged"; userId: string }
  /** All their sessions and tokens ended. Only after `sessions-ended` may they sign in again at once. */
  | { name: "accessRevoked"; userId: string; cause: RevocationCause }
  /** @property connectionId null for a local password. */
  | { name: "signedIn"; userId: string; connectionId: string | null }
  /** `changed`: its name, its key at the source, or the role that it gives. */
  | { name: "groupChanged"; groupId: string; change: "created" | "changed" | "members" | "deleted" };

export type RevocationCause = "deactivated" | "blocked" | "deleted" | "sessions-ended";

export type EventName = ProductEvent["name"];

/** Parts of the product, and the events that each handles. */
export type Subscriptions = Readonly<Record<string, readonly EventName[]>>;
