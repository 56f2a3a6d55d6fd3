/** A caller of the sweep. All are of one tenant, and each asks with its own tenant's ids and with another one's. */
export const callers = [
  "no one",
  "a member",
  "an admin",
  "an owner",
  "a SCIM token",
  "an API key",
  "an agent",
] as const;
export type Caller = (typeof callers)[number];

/**
 * The answer to a caller whom the group does not let in. "sign-in": led to the sign-in page. "hidden": the page does not exist.
 * "challenge": 401. "refused": any 4xx.
 */
export type Refusal = "sign-in" | "hidden" | "challenge" | "refused";

/** One rule for routes that are alike. */
export interface RouteGroup {
  what: string;
  /** As "GET /path/:parameter". `*` stands for any text. */
  routes: readonly string[];
  /** The callers who reach the routes' handlers. */
  lets: readonly Caller[];
  /** The answer to anyone else. */
  others: Refusal | ((caller: Caller) => Refusal);
  /** The routes need no owner of the ids in their path: they belong to the deployment. */
  isPublic?: true;
}

export const people: readonly Caller[] = ["a member", "an admin", "an owner"];
export const console_: readonly Caller[] = ["an admin", "an owner"];
/** A page does not exist for a person without the role; anyone without a session is led to the sign-in page. */
export const byRole = (caller: Caller) => (people.includes(caller) ? "hidden" : "sign-in");
