import encodeQR from "qr";
import { brand } from "../../config/brand.ts";
import { base32, newAuthenticatorKey } from "../directory/one-time-codes.ts";
import type { Sealer } from "../store/secrets.ts";

/** The person whose app gets a key. */
interface KeyHolder {
  tenantId: string;
  tenantName: string;
  userId: string;
  loginName: string;
}

/** A new key for an authenticator app, as a page shows it. */
export interface OfferedKey {
  /** As text, in groups of four. */
  text: string;
  /** The QR code: how many modules wide it is with its border, and the dark ones as an SVG path, drawn with a line one wide. */
  picture: { width: number; path: string };
  /** The key for the form: sealed, so that only the page that showed it can confirm it. */
  sealed: string;
}

const sealingContext = ({ tenantId, userId }: Pick<KeyHolder, "tenantId" | "userId">) =>
  `${tenantId}/${userId}/new-authenticator`;

/**
 * Offers a key. The page's form brings it back sealed, so nothing is stored before the app has proved that it has the key.
 * @param sealed the key of an earlier page, whose code was not right: the app has it already.
 */
export function offerKey(sealer: Sealer, holder: KeyHolder, sealed?: string): OfferedKey {
  const known = sealed === undefined ? null : openKey(sealer, holder, sealed);
  const key = known ?? newAuthenticatorKey();
  const text = base32(key);
  return {
    text: (text.match(/.{4}/g) ?? []).join(" "),
    picture: pictureOf(otpauthUrl(text, holder)),
    sealed:
      known && sealed !== undefined ? sealed : sealer.seal(key.toString("base64url"), sealingContext(holder)),
  };
}

/** The key that a page offered to this person; null for any other text. */
export function openKey(
  sealer: Sealer,
  holder: Pick<KeyHolder, "tenantId" | "userId">,
  sealed: string,
): Buffer | null {
  try {
    return Buffer.from(sealer.open(sealed, sealingContext(holder)), "base64url");
  } catch {
    return null;
  }
}

function pictureOf(url: string): OfferedKey["picture"] {
  // A code on a screen needs little error correction. The page is not compressed, because it shows a secret.
  const rows = encodeQR(url, "raw", { border: 2, ecc: "low" });
  const lines = rows.map((row, y) => {
    const runs =
      row
        .map((isDark) => (isDark ? "#" : " "))
        .join("")
        .match(/#+| +/g) ?? [];
    return `M0 ${y}.5${runs.map((run) => (run.startsWith("#") ? `h${run.length}` : `m${run.length} 0`)).join("")}`;
  });
  return { width: rows.length, path: lines.join("") };
}

/** The URL that authenticator apps read: "Key URI Format". */
function otpauthUrl(secret: string, { tenantName, loginName }: KeyHolder): string {
  const issuer = `${brand.productName} (${tenantName})`;
  const label = `${encodeURIComponent(issuer)}:${encodeURIComponent(loginName)}`;
  const query = Object.entries({ secret, issuer, algorithm: "SHA1", digits: "6", period: "30" });
  return `otpauth://totp/${label}?${query.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&")}`;
}
