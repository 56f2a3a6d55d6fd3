import { z } from "zod";
import type { Connection, ConnectionSettings } from "../model.ts";
import { providerIn } from "../sign-in-protocols.ts";
import { subjectKey } from "../store/tenant/identities.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { claimText } from "../trust/claim-text.ts";
import { orgNames, sameIssuer } from "../trust/issuer-names.ts";

/**
 * How Universal Logout and shared signals name a person (RFC 9493 §3). Okta sends `email` or `iss_sub`; the draft of
 * Universal Logout also has `opaque`.
 */
export const subjectSchema = z.discriminatedUnion("format", [
  z.object({ format: z.literal("email"), email: claimText }),
  z.object({ format: z.literal("iss_sub"), iss: claimText, sub: claimText }),
  z.object({ format: z.literal("opaque"), id: claimText }),
]);

export type Subject = z.infer<typeof subjectSchema>;

/** Whether the org signs the connection's tokens under this name. */
export function isOrg({ settings }: Connection, issuer: string): boolean {
  return orgNames(settings).some((name) => sameIssuer(name, issuer));
}

/** Whether the connection's subjects have this issuer. */
export function isSubjectIssuer({ settings }: Connection, issuer: string): boolean {
  return subjectIssuers(settings).some((name) => sameIssuer(name, issuer));
}

/**
 * The issuers of a connection's subjects: the provider, and the org by either of its names, which signs the message about
 * them.
 */
function subjectIssuers(settings: ConnectionSettings | null): string[] {
  return settings ? [providerIn(settings).issuer, ...orgNames(settings)] : [];
}

/** The name itself, as the organisation gave it. */
export function nameIn(subject: Subject): string {
  if (subject.format === "email") return subject.email;
  return subject.format === "opaque" ? subject.id : subject.sub;
}

/**
 * Ids of the users of the connection's tenant whom the subject names. A value that fits several people names all of them,
 * because an unneeded sign-out harms less than a session that goes on:
 * - for an address, every user who has it;
 * - otherwise the user who signs in with it as subject, and the provisioned user whose SCIM id it is. Okta
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
  const identity = await store.identities.find(connection.id, subjectKey(connection, name));
  if (identity) return [identity.userId];
  return usesSubjectAttribute(connection) ? await usersByLoginName(store, connection, name) : [];
}

/** Okta names people by the protocol's subject, even if the connection identifies them by an attribute. */
function usesSubjectAttribute({ settings }: Connection): boolean {
  return settings !== null && providerIn(settings).subjectAttribute !== null;
}

async function usersByLoginName(store: TenantStore, connection: Connection, name: string): Promise<string[]> {
  const user = await store.users.byLoginName(name);
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
