import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import type { Request, Response } from "express";
import { cookieOf } from "./request.ts";

/** An account that somebody signed in to on this device by its password. */
export interface KnownDevice {
  tenantId: string;
  userId: string;
  /** Tells this sign-in apart from every other: 128 random bits, base64url. */
  nonce: string;
}

export interface KnownDevices {
  /** What the device's cookie says; entries that we did not write are left out. Asks no database. */
  of(req: Request): KnownDevice[];
  /** Puts an account in the device's cookie, in place of its older entry. */
  remember(req: Request, res: Response, device: KnownDevice): void;
}

export interface KnownDeviceOptions {
  /** SESSION_SECRET of the configuration. */
  secret: string;
  baseUrl: string;
}

/** A year: a person who comes once in a quarter is still known. */
const rememberMs = 365 * 86_400_000;
/** One per account, the newest first. What exceeds it is not read: a cookie that we wrote never does. */
const mostEntries = 5;
const entryPattern = /^([0-9a-f-]{36})\.([0-9a-f-]{36})\.([\w-]{22})\.([\w-]{43})$/;

/**
 * Device cookies (OWASP, "Slow Down Online Guessing Attacks with Device Cookies"). An entry proves that its account's
 * password was given on the device that holds it, and signs nobody in: password-limits.ts says what it is good for.
 *
 * An entry is `tenant.user.nonce.mac`, the MAC an HMAC-SHA-256 over the other three, so that nobody can write one or move
 * one to another account. Its key is derived from SESSION_SECRET for this use alone (HKDF, RFC 5869): nothing that
 * is signed for a session passes here, nor the reverse. On https the cookie's name starts with `__Host-`, so that no
 * other host can set it (RFC 6265bis §4.1.3.2).
 */
export function knownDevices({ secret, baseUrl }: KnownDeviceOptions): KnownDevices {
  const secure = baseUrl.startsWith("https:");
  const name = secure ? "__Host-known-device" : "known-device";
  const key = Buffer.from(hkdfSync("sha256", secret, "", "known-device", 32));

  const written = ({ tenantId, userId, nonce }: KnownDevice) => {
    const content = `${tenantId}.${userId}.${nonce}`;
    return `${content}.${createHmac("sha256", key).update(content).digest("base64url")}`;
  };
  const read = (entry: string): KnownDevice[] => {
    const [, tenantId = "", userId = "", nonce = ""] = entryPattern.exec(entry) ?? [];
    const device = { tenantId, userId, nonce };
    const [given, right] = [Buffer.from(entry), Buffer.from(written(device))];
    return given.length === right.length && timingSafeEqual(given, right) ? [device] : [];
  };
  const entriesOf = (req: Request) =>
    (cookieOf(req, name) ?? "").split("~", mostEntries).flatMap((entry) => read(entry));

  return {
    of: entriesOf,

    remember(req, res, device) {
      // As the session's cookie: it does not go over a connection that came by http.
      if (secure && !req.secure) return;
      const others = entriesOf(req).filter(
        ({ tenantId, userId }) => tenantId !== device.tenantId || userId !== device.userId,
      );
      const entries = [device, ...others].slice(0, mostEntries);
      res.cookie(name, entries.map(written).join("~"), {
        httpOnly: true,
        sameSite: "lax",
        secure,
        path: "/",
        maxAge: rememberMs,
      });
    },
  };
}
