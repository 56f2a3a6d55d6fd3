import { createHmac, hkdfSync } from "node:crypto";
import type { Request, Response } from "express";
import { equalsSecret } from "../store/secrets.ts";
import { cookieOf } from "./request.ts";

/** An account whose password was once entered on this device. */
export interface KnownDevice {
  tenantId: string;
  userId: string;
  /** Unique for each sign-in: 128 random bits, base64url. */
  nonce: string;
}

export interface KnownDevices {
  /** The genuine entries of the device's cookie. Needs no database. */
  of(req: Request): KnownDevice[];
  /** Adds an account to the device's cookie, or replaces the account's older entry. */
  remember(req: Request, res: Response, device: KnownDevice): void;
}

export interface KnownDeviceOptions {
  /** SESSION_SECRET of the configuration. */
  secret: string;
  baseUrl: string;
}

/** A year, so that the device of a person who signs in once a quarter stays known. */
const rememberMs = 365 * 86_400_000;
/** One per account, the newest first. More are not read: our own cookie never has more. */
const mostEntries = 5;
const entryPattern = /^([0-9a-f-]{36})\.([0-9a-f-]{36})\.([\w-]{22})\.([\w-]{43})$/;

/**
 * Device cookies (OWASP, "Slow Down Online Guessing Attacks with Device Cookies"). An entry proves that the account's
 * password was once entered on this device. It only affects rate limits (password-limits.ts), and never signs a person in.
 *
 * An entry is `tenant.user.nonce.mac`. The MAC is an HMAC-SHA-256 over the other three, so an entry cannot be forged or
 * moved to another account. Its key is derived from SESSION_SECRET for this use alone (HKDF, RFC 5869), so a signature
 * for a session is not valid here, nor the reverse. On https the cookie's name starts with `__Host-`, so that no other
 * host can set it (RFC 6265bis §4.1.3.2).
 */
export function knownDevices({ secret, baseUrl }: KnownDeviceOptions): KnownDevices {
  const secure = baseUrl.startsWith("https:");
  const name = secure ? "__Host-known-device" : "known-device";
  const key = Buffer.from(hkdfSync("sha256", secret, "", "known-device", 32));

  const entryOf = ({ tenantId, userId, nonce }: KnownDevice) => {
    const content = `${tenantId}.${userId}.${nonce}`;
    return `${content}.${createHmac("sha256", key).update(content).digest("base64url")}`;
  };
  const verify = (entry: string): KnownDevice[] => {
    const [, tenantId = "", userId = "", nonce = ""] = entryPattern.exec(entry) ?? [];
    const device = { tenantId, userId, nonce };
    return equalsSecret(entry, entryOf(device)) ? [device] : [];
  };
  const entriesOf = (req: Request) =>
    (cookieOf(req, name) ?? "").split("~", mostEntries).flatMap((entry) => verify(entry));

  return {
    of: entriesOf,

    remember(req, res, device) {
      // Like express-session: never send a secure cookie over http.
      if (secure && !req.secure) return;
      const others = entriesOf(req).filter(
        ({ tenantId, userId }) => tenantId !== device.tenantId || userId !== device.userId,
      );
      const entries = [device, ...others].slice(0, mostEntries);
      res.cookie(name, entries.map(entryOf).join("~"), {
        httpOnly: true,
        sameSite: "lax",
        secure,
        path: "/",
        maxAge: rememberMs,
      });
    },
  };
}
