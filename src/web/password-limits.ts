import { createHash, randomBytes } from "node:crypto";
import { isIPv6 } from "node:net";
import type { Request, Response } from "express";
import type { User } from "../model.ts";
import type { Database } from "../store/database.ts";
import { type RateLimiter, rateLimiter } from "../store/rate-limits.ts";
import { systemStore } from "../store/system-store.ts";
import { forTenant } from "../store/tenant-store.ts";
import { nameKey } from "../store/text-keys.ts";
import { TooManyRequestsError } from "./error-pages.ts";
import { signedIn } from "./guards.ts";
import type { KnownDevice, KnownDevices } from "./known-devices.ts";

/** A password that is about to be tried, and has been counted. */
interface PasswordAttempt {
  /** It was right: this device is known from now on, and what was counted for it here is forgotten. */
  succeeded(tenantId: string, userId: string): Promise<void>;
}

export interface PasswordLimits {
  /** Counts a sign-in before its password is looked at. Throws TooManyRequestsError. */
  signIn(req: Request, res: Response, slug: string, loginName: string): Promise<PasswordAttempt>;
  /** The same for a signed-in person who has to give the current password. Throws TooManyRequestsError. */
  change(req: Request, res: Response): Promise<PasswordAttempt>;
  /** A one-time link has set the password: its device is known, and the account's counts are forgotten. */
  setByLink(req: Request, res: Response, tenantId: string, user: User): Promise<void>;
}

const quarterOfAnHour = 900;
const otherWays =
  "use the browser in which you signed in with your password before, or ask the operator for a one-time link";

/**
 * How often passwords may be tried. All replicas count together, in the database, and before a password is looked at.
 * Guessing is slow, and who guesses from elsewhere cannot lock the rightful person out:
 *
 * 1. A device that knows the account (known-devices.ts) has 10 tries in 15 minutes of its own for it. Limits 2, 4 and 5
 *    neither count nor stop it. When the 10 are used up, it is treated as an unknown device.
 * 2. An unknown device: 5 tries in 15 minutes for one account from one network.
 * 3. Every device: 50 tries in 15 minutes from one network, whatever the accounts.
 * 4. Unknown devices: 100 tries in an hour for one account, from all networks together.
 * 5. A session on an unknown device: 5 tries in 15 minutes of the current password, when it is to be changed.
 * 6. The right password makes the device known by a new entry, whose count begins at 0. It clears limit 2 of this network,
 *    or 5, when that is what counted it, and nothing of others.
 * 7. A one-time link is stopped by no limit: nobody guesses 256 bits. It makes the device known and clears 2 (of this
 *    network), 4 and 5 of its account. So the operator lets in somebody on a new device.
 *
 * A network is an IPv4 address, or the first 64 bits of an IPv6 one: a subscriber has at least that many (RFC 6177).
 *
 * What the answer and its time say depends on the counts and on the device's own cookie alone. What is typed is looked up
 * in no table before it is counted: accounts that do not exist are limited like others, and an entry for another account
 * is ignored.
 *
 * Whoever copies the cookie gets the 10 tries, shared with the device it was copied from until that signs in again, and
 * nothing else. So changing the password and revoking access leave the entries alone: to void them would lock the
 * person's own devices out while somebody guesses. A new SESSION_SECRET voids them all.
 */
export function passwordLimits(database: Database, devices: KnownDevices): PasswordLimits {
  const limit = (name: string, points: number, seconds: number) =>
    rateLimiter(database, { name, points, seconds });
  const perDevice = limit("password-device", 10, quarterOfAnHour);
  const perAccountAndNetwork = limit("password-account-network", 5, quarterOfAnHour);
  const perNetwork = limit("password-network", 50, quarterOfAnHour);
  const perAccount = limit("password-account", 100, 3600);
  const perSignedIn = limit("password-change", 5, quarterOfAnHour);
  const system = systemStore(database);

  /** Whether the device has a try of its own left; counts it. */
  async function hasOwnTry(device: KnownDevice | undefined): Promise<boolean> {
    return device !== undefined && (await perDevice.use(keyOf(device.nonce))) === 0;
  }

  /** By the ids in the cookie, and all of them: so the time says nothing about the names that were typed. */
  async function deviceFor(req: Request, slug: string, loginName: string): Promise<KnownDevice | undefined> {
    const entries = devices.of(req);
    const named = await Promise.all(
      entries.map(async ({ tenantId, userId }) => {
        const tenant = await system.tenants.byId(tenantId);
        const user = await forTenant(database, tenantId).users.byId(userId);
        return user && tenant?.slug === slug && nameKey(user.loginName) === nameKey(loginName);
      }),
    );
    return entries.find((_entry, index) => named[index]);
  }

  function remember(req: Request, res: Response, tenantId: string, userId: string): void {
    devices.remember(req, res, { tenantId, userId, nonce: randomBytes(16).toString("base64url") });
  }

  return {
    async signIn(req, res, slug, loginName) {
      const [account, network] = [keyOf(slug, nameKey(loginName)), networkOf(req)];
      const both = keyOf(account, network);
      const isKnown = await hasOwnTry(await deviceFor(req, slug, loginName));
      if (!isKnown) await use(perAccountAndNetwork, both);
      await use(perNetwork, keyOf(network));
      if (!isKnown) await use(perAccount, account);
      return {
        async succeeded(tenantId, userId) {
          if (!isKnown) await perAccountAndNetwork.reset(both);
          remember(req, res, tenantId, userId);
        },
      };
    },

    async change(req, res) {
      const { tenant, user } = signedIn(req);
      const own = devices.of(req).find((one) => one.tenantId === tenant.id && one.userId === user.id);
      const isKnown = await hasOwnTry(own);
      const account = keyOf(tenant.id, user.id);
      if (!isKnown) await use(perSignedIn, account);
      return {
        async succeeded(tenantId, userId) {
          if (!isKnown) await perSignedIn.reset(account);
          remember(req, res, tenantId, userId);
        },
      };
    },

    async setByLink(req, res, tenantId, user) {
      const tenant = await system.tenants.byId(tenantId);
      const account = keyOf(tenant?.slug ?? "", nameKey(user.loginName));
      await perAccountAndNetwork.reset(keyOf(account, networkOf(req)));
      await perAccount.reset(account);
      await perSignedIn.reset(keyOf(tenantId, user.id));
      remember(req, res, tenantId, user.id);
    },
  };
}

async function use(limiter: RateLimiter, key: string): Promise<void> {
  const retryAfter = await limiter.use(key);
  if (retryAfter > 0) throw new TooManyRequestsError(retryAfter, otherWays);
}

/** Names and addresses are not kept: their hash counts as well, and has a fixed length. */
function keyOf(...parts: string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("base64url");
}

/** Where a request comes from, as far as the limits tell networks apart. */
function networkOf(req: Request): string {
  const address = (req.ip ?? "").replace(/%.*$/, "").replace(/^::ffff:(?=\d+\.)/i, "");
  if (!isIPv6(address)) return address;
  // A URL's host is the address in one spelling (RFC 5952); what "::" leaves out are zeros.
  const [head = "", tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split("::");
  const [before, after] = [head, tail ?? ""].map((part) => part.split(":").filter((group) => group !== ""));
  const zeros = Array<string>(8 - (before?.length ?? 0) - (after?.length ?? 0)).fill("0");
  return [...(before ?? []), ...zeros, ...(after ?? [])].slice(0, 4).join(":");
}
