import { z } from "zod";
import { storedSubject } from "../directory/sign-in.ts";
import type { Connection } from "../model.ts";
import type { TenantStore } from "../store/tenant-store.ts";

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

/** Ids of the users of the connection's tenant whom the subject names: for an address, every user who has it. */
export async function usersOf(
  store: TenantStore,
  connection: Connection,
  subject: Subject,
): Promise<string[]> {
  if (subject.format === "email") return await store.identities.usersByEmail(subject.email);
  if (subject.format === "iss_sub" && !issuersOf(connection).includes(subject.iss)) return [];
  const name = subject.format === "opaque" ? subject.id : subject.sub;
  const identity = await store.identities.find(connection.id, storedSubject(connection, name));
  if (identity) return [identity.userId];
  return usesSubjectAttribute(connection) ? await usersByLoginName(store, connection, name) : [];
}

/** Okta names people by their NameID, even if the connection identifies them by an attribute. */
function usesSubjectAttribute({ settings }: Connection): boolean {
  return settings !== null && "subjectAttribute" in settings && Boolean(settings.subjectAttribute);
}

async function usersByLoginName(store: TenantStore, { id }: Connection, nameId: string): Promise<string[]> {
  const user = await store.users.byLoginName(nameId);
  if (!user) return [];
  const identities = await store.identities.ofUser(user.id);
  return identities.some(({ connectionId }) => connectionId === id) ? [user.id] : [];
}

/** The issuer of the subjects: the OpenID issuer, by either of its names, or the SAML entity ID. */
function issuersOf({ settings }: Connection): (string | null | undefined)[] {
  if (!settings) return [];
  return "issuer" in settings ? [settings.issuer, settings.issuerAlias] : [settings.idpEntityId];
}
