import { createHmac, randomBytes } from "node:crypto";

/** Signatures by Standard Webhooks (https://www.standardwebhooks.com), version 1: HMAC-SHA256 with a shared secret. */

const prefix = "whsec_";

/** Returns a new secret: 256 random bits, in the form that the receivers' libraries take. */
export function newWebhookSecret(): string {
  return prefix + randomBytes(32).toString("base64");
}

export interface SignedMessage {
  /** The same in each attempt, by which the receiver recognizes a repetition. */
  id: string;
  /** The time of this attempt, in ms since the epoch. */
  sentAt: number;
  body: string;
}

/** The headers of a message, with one signature for each secret. */
export function signatureHeaders(
  { id, sentAt, body }: SignedMessage,
  secrets: readonly string[],
): Record<string, string> {
  const timestamp = String(Math.floor(sentAt / 1000));
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.slice(prefix.length), "base64");
    return `v1,${createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64")}`;
  });
  return {
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": signatures.join(" "),
  };
}
