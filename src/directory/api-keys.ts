import { randomBytes, randomUUID } from "node:crypto";
import { crc32 } from "node:zlib";
import { ConflictError, InvalidError, NotFoundError } from "../errors.ts";
import type { Role, User } from "../model.ts";
import { hashToken } from "../store/secrets.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { type Mails, noMails } from "./mails.ts";
import { checkShownName } from "./names.ts";
import { atLeast } from "./roles.ts";
import { giveNotice } from "./security-notices.ts";

/** The least role that a person needs to have API keys. */
const leastRole: Role = "admin";
/** Of one person, so that a script that never cleans up is noticed. */
const maxKeys = 50;
const maxDays = 365;
const dayMs = 86_400_000;

const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/** The digits that 256 bits and a CRC-32 need in base 62. */
const [randomLength, checksumLength] = [43, 6];
const randomInHint = 4;

/** The person whom a new key acts for. */
interface KeyHolder {
  user: Pick<User, "id" | "accessEpoch">;
  role: Role;
}

interface WantedKey {
  /** The product's prefix of keys: `apiKeyPrefix` of config/brand.ts. */
  prefix: string;
  name: string;
  scopes: readonly string[];
  /** Null for a key that does not expire. */
  days: number | null;
  /** For the notice to the person. */
  mails?: Mails;
}

interface CreatedApiKey {
  id: string;
  /** The key itself. Show it once; only its hash is stored. */
  key: string;
  expiresAt: number | null;
}

/**
 * Creates an API key that acts for a person. Throws InvalidError for an unacceptable name, number of days or role, or without
 * a scope, and ConflictError `too-many-keys`. The caller checks that the role may have the scopes.
 * @param holder as the request read them: a key of a person whose access is revoked at the same time never works.
 */
export async function createApiKey(
  store: TenantStore,
  { user, role }: KeyHolder,
  { prefix, name, scopes, days, mails = noMails }: WantedKey,
  now: () => number = Date.now,
): Promise<CreatedApiKey> {
  const shownName = checkKeyName(name);
  checkKeyDays(days);
  if (!atLeast(role, leastRole)) throw new InvalidError("Only administrators have API keys.");
  if (scopes.length === 0) throw new InvalidError("An API key needs at least one scope.");
  const [id, key] = [randomUUID(), randomKey(prefix)];
  const expiresAt = days === null ? null : now() + days * dayMs;
  await store.transaction(async (inside) => {
    const person = await inside.users.lock(user.id);
    if (!person) throw new NotFoundError("There is no such person.");
    if ((await inside.apiKeys.countOf(user.id)) >= maxKeys)
      throw new ConflictError("too-many-keys", `A person has ${maxKeys} API keys at most. Revoke one first.`);
    await inside.apiKeys.create({
      id,
      keyHash: hashToken(key),
      hint: key.slice(0, prefix.length + randomInHint),
      userId: user.id,
      name: shownName,
      scopes,
      role,
      accessEpoch: user.accessEpoch,
      expiresAt,
    });
    await giveNotice(inside, mails, "api-key-created", { user: person });
  });
  return { id, key, expiresAt };
}

/** Revokes a key. Throws NotFoundError if there is no such key or it is already revoked. */
export async function revokeApiKey(store: TenantStore, id: string): Promise<void> {
  if (!(await store.apiKeys.revoke(id))) throw new NotFoundError("There is no such API key.");
}

/** Returns a key's name as it is stored. Throws InvalidError. */
export function checkKeyName(name: string): string {
  const shownName = name.trim();
  if (shownName === "" || shownName.length > 100)
    throw new InvalidError("A key's name must have 1 to 100 characters.");
  checkShownName("The key's name", shownName);
  return shownName;
}

/** Throws InvalidError. Null is fine: such a key does not expire. */
export function checkKeyDays(days: number | null): void {
  if (days !== null && !(Number.isInteger(days) && days >= 1 && days <= maxDays))
    throw new InvalidError(`A key must expire after a whole number of days, 1 to ${maxDays}.`);
}

/**
 * Whether a text has the form of a key: the prefix, 256 random bits, and their checksum. A secret scanner can check the same
 * without asking us, and a truncated key costs no query.
 */
export function isApiKey(prefix: string, text: string): boolean {
  const body = text.slice(0, prefix.length + randomLength);
  return text.startsWith(prefix) && text === body + checksumOf(body);
}

function randomKey(prefix: string): string {
  const body = prefix + inBase62(BigInt(`0x${randomBytes(32).toString("hex")}`), randomLength);
  return body + checksumOf(body);
}

function checksumOf(body: string): string {
  return inBase62(BigInt(crc32(body)), checksumLength);
}

/** Letters and digits only, so that a double click selects the whole key. */
function inBase62(number: bigint, length: number): string {
  let text = "";
  for (let rest = number; text.length < length; rest /= 62n) text = digits[Number(rest % 62n)] + text;
  return text;
}
