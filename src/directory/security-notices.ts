import type { User } from "../model.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import type { MailKind, Mails } from "./mails.ts";

/** The notice of a change: a mail to the person, and an entry in the activity. */
interface SecurityNotice {
  mail: MailKind;
  /** The entry that the notice writes. Null if the change has an entry of its own, named in the comment. */
  action: string | null;
}

/**
 * Which change of an account's security gives which notice (docs/reference/security.md). A person cannot switch off any of
 * them: someone who got into the account would do that first.
 */
export const securityNotices = {
  "password-changed": { mail: "password-changed", action: "user.password_changed" },
  // sign_in.succeeded, with "new browser".
  "new-browser": { mail: "new-device", action: null },
  // api_key.created, by the administrator or operator.
  "api-key-created": { mail: "api-key-created", action: null },
  // user.role_changed, by the administrator or operator.
  "role-raised": { mail: "role-raised", action: null },
  // authenticator.added or .removed, passkey.added or .removed, recovery_codes.created, recovery_code.used, and
  // user.second_steps_removed, by the operator.
  "second-step-changed": { mail: "second-step-changed", action: null },
  // connection.identity_linked, by the person.
  "identity-linked": { mail: "identity-linked", action: null },
} as const satisfies Record<string, SecurityNotice>;

export type SecurityChange = keyof typeof securityNotices;

interface NoticeFacts {
  /** The person whose account changed. */
  user: Pick<User, "id" | "loginName">;
  requestId?: string | null;
}

/**
 * Gives the notices of a change that a person made to their own account, or that was made for them. Call it in the change's
 * transaction.
 */
export async function giveNotice(
  store: TenantStore,
  mails: Mails,
  change: SecurityChange,
  { user, requestId = null }: NoticeFacts,
): Promise<void> {
  const { mail, action } = securityNotices[change];
  await mails.add(store, user.id, mail);
  if (action === null) return;
  const person = { actorKind: "member", actor: user.loginName, actorId: user.id, kind: "people" } as const;
  await store.activity.record({ ...person, action, targetId: user.id, changed: [], requestId });
}
