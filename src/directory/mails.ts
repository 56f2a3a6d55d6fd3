import { RefusedError } from "../errors.ts";
import type { User } from "../model.ts";
import { hashToken, randomToken } from "../store/secrets.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { requiredConnection } from "./domains.ts";

/** The mails that the application sends to people. src/mail/letters.ts has their words. */
export const mailKinds = [
  "invitation",
  "owner-set-up",
  "password-reset",
  "password-changed",
  "new-device",
  "api-key-created",
  "role-raised",
  "second-step-changed",
  "identity-linked",
] as const;
export type MailKind = (typeof mailKinds)[number];

/** The mails with a link that lets the person set a password. The others tell of a change (security-notices.ts). */
const linkMails = ["invitation", "owner-set-up", "password-reset"] as const;
type LinkMail = (typeof linkMails)[number];

const isLinkMail = (mail: MailKind): mail is LinkMail => (linkMails as readonly MailKind[]).includes(mail);

/** Mail to people, which a background job sends (docs/decisions/0058). */
export interface Mails {
  /** False if the deployment has no mail server: pages then show links to copy. */
  isOn: boolean;
  /** Sends a mail after the transaction of the change that causes it. Does nothing while mail is off. */
  add(store: TenantStore, userId: string, mail: MailKind): Promise<void>;
}

export function mailsOf(isOn: boolean): Mails {
  return {
    isOn,
    async add(store, userId, mail) {
      if (isOn) await store.outbox.add([{ kind: "mail", connectionId: null, userId, facts: { mail } }]);
    },
  };
}

export const noMails = mailsOf(false);

const hourMs = 3_600_000;
/** For how long the link of a mail works. An invitation has its own end. */
export const ownerLinkHours = 72;
export const resetLinkHours = 1;

/** A mail that is about to be sent. */
export interface ReadyMail {
  user: User;
  address: string;
  /** The link's token, of which only the hash is stored; null if the mail has no link. */
  token: string | null;
  /** When the link stops working, in ms since the epoch; null if the mail has no link. */
  expiresAt: number | null;
}

/**
 * Reads what a mail needs, as it is now, and creates its link: so a token exists nowhere but in the mail. A second attempt
 * gets another link, and the first one's stays valid until one of them is used. Returns why the mail is not sent, if it is
 * not: a security notice always is, a link only goes to a person whom it would let in.
 */
export async function prepareMail(
  store: TenantStore,
  userId: string,
  mail: MailKind,
  now: number,
): Promise<ReadyMail | string> {
  return await store.transaction(async (inside) => {
    const user = await inside.users.lock(userId);
    if (!user?.email) return "the person has no address";
    const ready = { user, address: user.email, token: null, expiresAt: null };
    if (!isLinkMail(mail)) return ready;
    const expiresAt = await linkEnd(inside, user, mail, now);
    if (typeof expiresAt === "string") return expiresAt;
    const token = randomToken();
    await inside.links.create(hashToken(token), { kind: "set-password", userId }, expiresAt);
    return { ...ready, token, expiresAt };
  });
}

/** Until when the link of a mail works, or why the person gets none. */
async function linkEnd(
  store: TenantStore,
  user: User,
  mail: LinkMail,
  now: number,
): Promise<number | string> {
  if (mail === "password-reset")
    return (await mayResetPassword(store, user))
      ? now + resetLinkHours * hourMs
      : "the person has no password";
  if (!(await hasPasswordAccess(store, user))) return "the person may not sign in with a password";
  if (mail === "owner-set-up") return now + ownerLinkHours * hourMs;
  const invitation = await store.invitations.find(user.id);
  return invitation && invitation.expiresAt > now ? invitation.expiresAt : "the invitation has ended";
}

/**
 * Throws RefusedError unless this person may set a password by a link: `link-not-valid` if they may not sign in or if an
 * identity provider manages the account, and `single-sign-on-required` if their domain accepts passwords of owners only.
 */
export async function checkPasswordAccess(store: TenantStore, user: User): Promise<void> {
  const isOwnAccount = user.origin === "local" || user.origin === "invited";
  if (!user.active || user.blocked || !isOwnAccount) throw new RefusedError("link-not-valid");
  if (await store.roles.isOwner(user.id)) return;
  if ((await requiredConnection(store, user)) !== null) throw new RefusedError("single-sign-on-required");
}

/** Whether a person who forgot their password gets a link: only if they have one here, and could sign in with it. */
export async function mayResetPassword(store: TenantStore, user: User): Promise<boolean> {
  return (await hasPasswordAccess(store, user)) && (await store.credentials.passwordHash(user.id)) !== null;
}

async function hasPasswordAccess(store: TenantStore, user: User): Promise<boolean> {
  try {
    await checkPasswordAccess(store, user);
    return true;
  } catch (error) {
    if (error instanceof RefusedError) return false;
    throw error;
  }
}
