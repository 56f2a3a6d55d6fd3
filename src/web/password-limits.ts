import { createHash, randomBytes } from "node:crypto";
import type { Request, Response } from "express";
import type { User } from "../model.ts";
import type { Database } from "../store/database.ts";
import { type RateLimiter, rateLimiter } from "../store/rate-limits.ts";
import { systemStore } from "../store/system-store.ts";
import { forTenant } from "../store/tenant-store.ts";
import { nameKey } from "../store/text-keys.ts";
import { signedIn } from "./guards.ts";
import type { KnownDevice, KnownDevices } from "./known-devices.ts";
import { countUse, TooManyRequestsError } from "./request.ts";

/** A password attempt that has been counted, but not yet checked. */
interface PasswordAttempt {
  /** Whether the password was entered on this device before. */
  isKnownDevice: boolean;
  /** Call it for the right password: the device becomes known, and its count is cleared. */
  succeeded(tenantId: string, userId: string): Promise<void>;
}

export interface PasswordLimits {
  /** Counts a sign-in before its password is checked. Throws TooManyRequestsError. */
  signIn(req: Request, res: Response, slug: string, loginName: string): Promise<PasswordAttempt>;
  /** Counts a request for a link to a new password. Throws TooManyRequestsError. */
  forgotten(req: Request, slug: string, loginName: string): Promise<void>;
  /** Counts an attempt at the current password by a signed-in person. Throws TooManyRequestsError. */
  change(req: Request, res: Response): Promise<PasswordAttempt>;
  /** Counts an attempt at the second step of a person whose password was right. Throws TooManyRequestsError. */
  secondStep(req: Request, res: Response, tenantId: string, userId: string): Promise<PasswordAttempt>;
  /** Counts a sign-in by a passkey alone. Throws TooManyRequestsError. */
  passkey(req: Request): Promise<void>;
  /**
   * Call it after a one-time link set the password: the account's counts are cleared. The device becomes known if no second
   * step is missing.
   */
  setByLink(
    req: Request,
    res: Response,
    user: { tenantId: string; user: User; isComplete: boolean },
  ): Promise<void>;
}

const quarterOfAnHour = 900;
const otherWays =
  "use the browser in which you signed in with your password before, or ask the operator for a one-time link";

/**
 * Rate limits for passwords. They make guessing slow, and an attacker who guesses cannot lock the account's owner out.
 * Replicas share the counts in the database. Every attempt is counted before its password is checked:
 *
 * 1. A device that knows the account (known-devices.ts) has its own 10 attempts in 15 minutes for it. Limits 2, 4 and 5
 *    neither count nor stop it. After these 10 it is treated as an unknown device.
 * 2. Unknown devices: 5 attempts in 15 minutes for one account from one network.
 * 3. All devices: 50 attempts in 15 minutes from one network, for all accounts together.
 * 4. Unknown devices: 100 attempts in an hour for one account, from all networks together.
 * 5. A session on an unknown device that changes the password: 5 attempts at the current one in 15 minutes.
 * 6. A sign-in with the right password makes the device known by a new entry, whose count begins at 0. It clears limit 2 for
 *    this network or limit 5, if that limit counted the attempt, and no other count.
 * 7. No limit stops a one-time link: its 256 bits cannot be guessed. It makes the device known and clears limits 2 (for this
 *    network), 4 and 5 of its account, so the operator can let a person in on a new device.
 * 8. The second step: 5 attempts in 15 minutes for one account on unknown devices, from all networks together. With the
 *    three codes that are valid at a time, 480 attempts give an attacker who has the password one chance in 700 a day, and
 *    each refusal is in the activity. A known device uses its own limit. A device only becomes known by the whole sign-in, so
 *    a password alone gives no more attempts, and neither does a one-time link.
 * 9. Sign-ins by a passkey alone: limit 3 counts them. A signature cannot be guessed.
 * 10. Requests for a link to a new password: 5 in an hour for one account, because each sends a mail. Limit 3 counts them too.
 *    At least one of the links still works while this limit holds.
 *
 * A network is what networkOf() says. If its limit 3 is exceeded, no other count is written: an anonymous visitor who enters
 * ever other names would make a row for each.
 *
 * The answer and its timing depend on the counts and on the device's own cookie only. No table is read for the entered
 * names before they are counted: unknown accounts are limited like existing ones, and an entry for another account is
 * ignored.
 *
 * A copied cookie gives a thief the 10 attempts, shared with the original device until that signs in again, and nothing
 * else. So changing the password or revoking access does not invalidate entries: that would lock the person's own devices
 * out during an attack. A new SESSION_SECRET invalidates all of them.
 */
export function passwordLimits(database: Database, devices: KnownDevices): PasswordLimits {
  const limit = (name: string, points: number, seconds: number) =>
    rateLimiter(database, { name, points, seconds });
  const perDevice = limit("password-device", 10, quarterOfAnHour);
  const perAccountAndNetwork = limit("password-account-network", 5, quarterOfAnHour);
  const perNetwork = limit("password-network", 50, quarterOfAnHour);
  const perAccount = limit("password-account", 100, 3600);
  const perSignedIn = limit("password-change", 5, quarterOfAnHour);
  const perSecondStep = limit("second-step", 5, quarterOfAnHour);
  const perForgotten = limit("password-forgotten", 5, 3600);
  const system = systemStore(database);

  /** Counts an attempt of a known device. Returns whether it is within the device's own limit. */
  async function usesOwnLimit(device: KnownDevice | undefined): Promise<boolean> {
    return device !== undefined && (await perDevice.use(keyOf(device.nonce))) === 0;
  }

  /** The device's entry for an account. Looks up every id in the cookie, so the timing reveals nothing of the entered names. */
  async function deviceFor(req: Request, slug: string, loginName: string): Promise<KnownDevice | undefined> {
    const entries = devices.of(req);
    const matches = await Promise.all(
      entries.map(async ({ tenantId, userId }) => {
        const tenant = await system.tenants.byId(tenantId);
        const user = await forTenant(database, tenantId).users.byId(userId);
        return user && tenant?.slug === slug && nameKey(user.loginName) === nameKey(loginName);
      }),
    );
    return entries.find((_entry, index) => matches[index]);
  }

  function remember(req: Request, res: Response, tenantId: string, userId: string): void {
    devices.remember(req, res, { tenantId, userId, nonce: randomBytes(16).toString("base64url") });
  }

  /** Counts an attempt on an account that is known already. A known device has its own limit. */
  async function ofAccount(
    { req, res }: { req: Request; res: Response },
    limiter: RateLimiter,
    tenantId: string,
    userId: string,
  ): Promise<PasswordAttempt> {
    const own = devices.of(req).find((one) => one.tenantId === tenantId && one.userId === userId);
    const isKnown = await usesOwnLimit(own);
    const account = keyOf(tenantId, userId);
    if (!isKnown) await use(limiter, account);
    return {
      isKnownDevice: own !== undefined,
      async succeeded() {
        if (!isKnown) await limiter.reset(account);
        remember(req, res, tenantId, userId);
      },
    };
  }

  return {
    async signIn(req, res, slug, loginName) {
      const account = keyOf(slug, nameKey(loginName));
      const network = req.network;
      const both = keyOf(account, network);
      const retryAfter = await perNetwork.wait(keyOf(network));
      if (retryAfter > 0) throw new TooManyRequestsError(retryAfter, otherWays);
      const device = await deviceFor(req, slug, loginName);
      const isKnown = await usesOwnLimit(device);
      if (!isKnown) await use(perAccountAndNetwork, both);
      await use(perNetwork, keyOf(network));
      if (!isKnown) await use(perAccount, account);
      return {
        isKnownDevice: device !== undefined,
        async succeeded(tenantId, userId) {
          if (!isKnown) await perAccountAndNetwork.reset(both);
          remember(req, res, tenantId, userId);
        },
      };
    },

    async forgotten(req, slug, loginName) {
      await use(perNetwork, keyOf(req.network));
      await use(perForgotten, keyOf(slug, nameKey(loginName)));
    },

    change: (req, res) => {
      const { tenant, user } = signedIn(req);
      return ofAccount({ req, res }, perSignedIn, tenant.id, user.id);
    },

    secondStep: (req, res, tenantId, userId) => ofAccount({ req, res }, perSecondStep, tenantId, userId),

    passkey: (req) => use(perNetwork, keyOf(req.network)),

    async setByLink(req, res, { tenantId, user, isComplete }) {
      const tenant = await system.tenants.byId(tenantId);
      const account = keyOf(tenant?.slug ?? "", nameKey(user.loginName));
      await perAccountAndNetwork.reset(keyOf(account, req.network));
      await perAccount.reset(account);
      await perSignedIn.reset(keyOf(tenantId, user.id));
      if (isComplete) remember(req, res, tenantId, user.id);
    },
  };
}

async function use(limiter: RateLimiter, key: string): Promise<void> {
  await countUse(limiter, key, otherWays);
}

/** A fixed-length hash, so that the database keeps no names or addresses. */
function keyOf(...parts: string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("base64url");
}
