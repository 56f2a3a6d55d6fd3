import { createHash } from "node:crypto";
import type { Request } from "express";
import type { StoredAnswer } from "../store/tenant/idempotency.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { actingOf } from "./access-tokens.ts";
import { ProblemError } from "./problems.ts";

/**
 * Runs a request at most once for each `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): a client that got no
 * answer repeats the request, and gets the first answer. Answers are kept for a day. The effect and its answer are stored in
 * one transaction, so neither exists alone. Throws ProblemError: 400 for a malformed key, 409 while the first request runs,
 * and 422 for another request with the same key.
 */
export async function atMostOnce(
  req: Request,
  store: TenantStore,
  work: (inside: TenantStore) => Promise<StoredAnswer>,
): Promise<StoredAnswer> {
  const header = req.get("idempotency-key");
  if (header === undefined) return await store.transaction(work);
  const { user, agent, apiKey } = actingOf(req);
  const key = { userId: user.id, agent: agent?.clientId ?? apiKey?.id ?? "", key: keyIn(header) };
  const fingerprint = fingerprintOf(req);
  const reserved = await store.idempotency.reserve(key, fingerprint);
  if (reserved.reservation === null) {
    if (reserved.fingerprint !== fingerprint) throw problem(422, "Another request has this key.");
    return reserved.answer ?? fail();
  }
  const { reservation } = reserved;
  try {
    return await store.transaction(async (inside) => {
      const answer = await work(inside);
      if (!(await inside.idempotency.complete(key, reservation, answer))) fail();
      return answer;
    });
  } catch (error) {
    await store.idempotency.release(key, reservation);
    throw error;
  }
}

function fail(): never {
  throw problem(409, "The first request with this key is still running.");
}

function problem(status: number, detail: string): ProblemError {
  return new ProblemError(status, detail, [{ detail, parameter: "Idempotency-Key" }]);
}

/** The draft asks for a quoted string (RFC 9651 §3.3.3). Many clients send the bare text. */
function keyIn(header: string): string {
  const key = /^"(.*)"$/.exec(header)?.[1] ?? header;
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) throw problem(400, "The key needs 1 to 255 ASCII characters.");
  return key;
}

function fingerprintOf({ method, originalUrl, body }: Request): string {
  return createHash("sha256")
    .update(JSON.stringify([method, originalUrl, body]))
    .digest("base64url");
}
