import { ConflictError, NotFoundError } from "../errors.ts";
import type { Role, User } from "../model.ts";
import type { Database } from "../store/database.ts";
import { hashToken, randomToken } from "../store/secrets.ts";
import { systemStore } from "../store/system-store.ts";
import { forTenant, type TenantStore } from "../store/tenant-store.ts";
import { revokeUserAccess } from "./access.ts";
import type { Administrator } from "./administration.ts";
import type { PersonalNames } from "./attributes.ts";
import { domainOf, enforcedConnection } from "./domains.ts";
import type { Mails } from "./mails.ts";
import { checkPersonalNames, validateNames } from "./names.ts";
import { namesFromAddress } from "./names-from-address.ts";
import { createUser } from "./new-users.ts";
import { isActiveGrant } from "./provisioning-grants.ts";
import { isActiveToken } from "./provisioning-tokens.ts";
import { requireStillAdmin } from "./roles.ts";
import { forgetSecondSteps } from "./second-steps.ts";
import { checkEmail } from "./tenants.ts";

/** For how long the link of an invitation works. */
export const invitationDays = 7;

/** A person whom an administrator wants to invite. */
export interface Invitee extends PersonalNames {
  email: string;
  role: Role;
}

/** The tenant in the transaction of a change, and its administrator who acts. */
export interface Inviting {
  joined: Database;
  tenantId: string;
  by: Administrator;
  mails: Mails;
  now?: () => number;
}

/** An invitation that was created or sent again. */
export interface SentInvitation {
  user: User;
  /** The link's token to show once, where mail is off; null if a mail brings the link. */
  token: string | null;
}

/**
 * Invites a person: creates their account, without a way to sign in, and sends them a link. The account's origin is
 * `invited`: provisioning may adopt it and single sign-on may link it, as with people who came just in time, unless it is an
 * owner's (owners.ts). Call it in a transaction. Throws InvalidError for a bad address or name, and ConflictError:
 * `login-name-taken`; `not-an-administrator`; `owners-only`; `domain-claimed` if the domain is another tenant's;
 * `provider-decides` if the tenant's identity provider decides about the people of the domain.
 */
export async function invitePerson(inviting: Inviting, invitee: Invitee): Promise<SentInvitation> {
  const { joined, tenantId, by, now = Date.now } = inviting;
  const store = forTenant(joined, tenantId, now);
  const { email, role, ...names } = invitee;
  checkEmail(email);
  checkPersonalNames(names);
  await requireInviter(store, by, role);
  await refuseForeignDomain(joined, store, email);
  if (role !== "owner") await refuseProvidersDomain(store, email, now());
  const user = await createInvited(store, email, names);
  if (role !== "member") await store.roles.grant(user.id, role);
  return await send(store, inviting, user);
}

/** Sends an invitation again. Its earlier links become void. Throws NotFoundError, and ConflictError as invitePerson does. */
export async function resendInvitation(inviting: Inviting, userId: string): Promise<SentInvitation> {
  const { joined, tenantId, by, now = Date.now } = inviting;
  const store = forTenant(joined, tenantId, now);
  const user = await lockInvited(store, userId);
  const role = await store.roles.effective(userId);
  await requireInviter(store, by, role);
  if (role !== "owner") await refuseProvidersDomain(store, user.loginName, now());
  await store.links.removeOfUser(userId);
  return await send(store, inviting, user);
}

/** Revokes an invitation with the account that it created. Throws NotFoundError, and ConflictError as requireInviter() does. */
export async function revokeInvitation(store: TenantStore, by: Administrator, userId: string): Promise<void> {
  await lockInvited(store, userId);
  await requireInviter(store, by, await store.roles.effective(userId));
  await store.users.remove(userId);
  await store.activity.tell({ name: "accessRevoked", userId, cause: "deleted" });
}

/**
 * Ends an invitation because a provisioning client now manages the person: deletes the password that they set, with the
 * sessions and links. Does nothing for people who were not invited.
 */
export async function handOverInvited(store: TenantStore, before: User): Promise<void> {
  if (before.origin !== "invited") return;
  await store.invitations.remove(before.id);
  await store.credentials.remove(before.id);
  await forgetSecondSteps(store, before.id);
  await revokeUserAccess(store, before.id);
}

async function send(store: TenantStore, inviting: Inviting, user: User): Promise<SentInvitation> {
  const { by, mails, now = Date.now } = inviting;
  const sentAt = now();
  const expiresAt = sentAt + invitationDays * 86_400_000;
  const invitedBy = (await store.users.byId(by.userId))?.loginName ?? "";
  await store.invitations.set({ userId: user.id, invitedBy, sentAt, expiresAt });
  await mails.add(store, user.id, "invitation");
  if (mails.isOn) return { user, token: null };
  const token = randomToken();
  await store.links.create(hashToken(token), { kind: "set-password", userId: user.id }, expiresAt);
  return { user, token };
}

async function createInvited(store: TenantStore, email: string, names: PersonalNames): Promise<User> {
  const made = namesFromAddress(email);
  const wanted = validateNames({
    givenName: names.givenName ?? made.givenName,
    // A first name that was entered alone is the whole name.
    familyName: names.givenName === null ? (names.familyName ?? made.familyName) : names.familyName,
    displayName: null,
    email,
    loginName: email,
  });
  // An administrator wants them here, so they are no longer kept out.
  await store.tombstones.liftByLoginName(wanted.loginName);
  return await createUser(store, wanted, "invited");
}

/** The person of an invitation that no one accepted yet, locked. Throws NotFoundError, and ConflictError `stale`. */
async function lockInvited(store: TenantStore, userId: string): Promise<User> {
  const user = await store.users.lock(userId);
  if (!user) throw new NotFoundError("There is no such invitation.");
  if (!(await store.invitations.find(userId)))
    throw new ConflictError("stale", "This invitation was accepted already.");
  return user;
}

/** Only an owner may act on the invitation of an owner. Throws ConflictError `not-an-administrator` or `owners-only`. */
async function requireInviter(store: TenantStore, { userId }: Administrator, role: Role): Promise<void> {
  const own = await requireStillAdmin(store, userId);
  if (role === "owner" && own !== "owner")
    throw new ConflictError("owners-only", "Only an owner can invite an owner.");
}

/** Throws ConflictError if other tenants verified the domain and this one did not: its people belong to them. */
async function refuseForeignDomain(joined: Database, store: TenantStore, email: string): Promise<void> {
  const domain = domainOf(email);
  const tenants = await systemStore(joined).tenantsOfDomain(domain);
  if (tenants.length === 0 || tenants.some(({ id }) => id === store.tenantId)) return;
  throw new ConflictError("domain-claimed", `${domain} belongs to another organisation here.`);
}

/**
 * Throws ConflictError if the identity provider decides who of this domain has an account: if the domain requires single
 * sign-on, or if it is verified and a provisioning client is connected. Owners are exempt, because they are the way in when
 * single sign-on is broken (docs/decisions/0019).
 */
async function refuseProvidersDomain(store: TenantStore, email: string, now: number): Promise<void> {
  const domain = domainOf(email);
  if (await enforcedConnection(store, domain)) {
    throw new ConflictError(
      "provider-decides",
      `People of ${domain} sign in through your identity provider. Assign the application to them there.`,
    );
  }
  const isOwn = Boolean((await store.domains.find(domain))?.verifiedAt);
  if (isOwn && (await hasProvisioning(store, now))) {
    throw new ConflictError(
      "provider-decides",
      `Your identity provider provisions the people of ${domain}. Assign the application to them there.`,
    );
  }
}

async function hasProvisioning(store: TenantStore, now: number): Promise<boolean> {
  const tokens = await store.tokens.list();
  if (tokens.some((token) => isActiveToken(token, now))) return true;
  return (await store.provisioningGrants.list()).some((grant) => isActiveGrant(grant, now));
}
