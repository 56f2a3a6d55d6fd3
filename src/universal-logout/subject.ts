import { z } from "zod";
import { storedSubject } from "../directory/sign-in.ts";
import type { Connection } from "../model.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { isOrg, isSubjectIssuer } from "./issuers.ts";

// No name contains a NUL, and PostgreSQL rejects one even in a query.
const text = z.string().regex(/^[^\0]{1,1000}$/);

/** How a call names a person (RFC 9493 §3). Okta sends `email` or, on request, `iss_sub`; the draft also has `opaque`. */
const subjectSchema = z.discriminatedUnion("format", [
  z.object({ format: z.literal("email"), email: text }),
  z.object({ format: z.literal("iss_sub"), iss: text, sub: text }),
  z.object({ format: z.literal("opaque"), id: text }),
]);

export type Subject = z.infer<typeof subjectSchema>;

/** The subject in a request's body; null if it is missing or its format is unknown. */
export function parseSubject(body: unknown): Subject | null {
  const parsed = z.object({ sub_id: subjectSchema }).safeParse(body);
  return parsed.success ? parsed.data.sub_id : null;
}

/**
 * Ids of the users of the connection's tenant whom the subject names. A value that fits several people names all of them,
 * because an unneeded sign-out harms less than a session that goes on:
 * - for an address, every user who has it;
 * - otherwise the user who signs in with it as subject or NameID, and the provisioned user whose SCIM id it is. Okta
 *   sends "the user identifier within the app" to an application that it provisions.
 */
export async function usersOf(
  store: TenantStore,
  connection: Connection,
  subject: Subject,
): Promise<string[]> {
  if (subject.format === "email") return await store.identities.usersByEmail(subject.email);
  const { name, issuer } =
    subject.format === "opaque"
      ? { name: subject.id, issuer: null }
      : { name: subject.sub, issuer: subject.iss };
  const isSubject = issuer === null || isSubjectIssuer(connection, issuer);
  const isUser = isSubject || isOrg(connection, issuer);
  const userIds = [
    ...(isSubject ? await usersBySubject(store, connection, name) : []),
    ...(isUser ? await usersById(store, connection, name) : []),
  ];
  return [...new Set(userIds)];
}

async function usersBySubject(store: TenantStore, connection: Connection, name: string): Promise<string[]> {
  const identity = await store.identities.find(connection.id, storedSubject(connection, name));
  if (identity) return [identity.userId];
  return usesSubjectAttribute(connection) ? await usersByLoginName(store, connection, name) : [];
}

/** Okta names people by their NameID, even if the connection identifies them by an attribute. */
function usesSubjectAttribute({ settings }: Connection): boolean {
  return settings !== null && "subjectAttribute" in settings && Boolean(settings.subjectAttribute);
}

async function usersByLoginName(
  store: TenantStore,
  connection: Connection,
  nameId: string,
): Promise<string[]> {
  const user = await store.users.byLoginName(nameId);
  return user && (await signsInBy(store, connection, user.id)) ? [user.id] : [];
}

/** The id of a local account, or of a person of another connection, is ours alone: no provider acts on it. */
async function usersById(store: TenantStore, connection: Connection, id: string): Promise<string[]> {
  const user = await store.users.byId(id);
  if (!user) return [];
  return user.origin === "scim" || (await signsInBy(store, connection, id)) ? [id] : [];
}

async function signsInBy(store: TenantStore, { id }: Connection, userId: string): Promise<boolean> {
  const identities = await store.identities.ofUser(userId);
  return identities.some(({ connectionId }) => connectionId === id);
}
