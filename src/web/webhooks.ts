/** Webhooks from elsewhere: the part that is the same for each caller. docs/how-to/receive-webhooks.md shows how to add one. */
import { createHmac } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import express, { type ErrorRequestHandler, type Request, type Response, Router } from "express";
import type { IncomingWebhook } from "../../config/webhooks.ts";
import type { Log } from "../log.ts";
import type { Database } from "../store/database.ts";
import { onceOnly } from "../store/rate-limits.ts";
import { equalsSecret, hashToken } from "../store/secrets.ts";
import { answerProblem, ProblemError, problemOf } from "./problems.ts";

/** A request whose caller is not known yet. */
export interface Delivery {
  headers: IncomingHttpHeaders;
  /** The bytes that were signed: JSON that was parsed and written again may differ from them. */
  body: Buffer;
  /** The secrets of this webhook: two while one replaces the other. */
  secrets: readonly string[];
  /** In ms since 1970. */
  now: number;
}

/** The product's code for one webhook. */
export interface WebhookReceiver {
  /** Of config/webhooks.ts. */
  name: string;
  /** Verifies the signature and returns the id of the message. Throws NotVerifiedError. Standard Webhooks if absent. */
  verify?: (delivery: Delivery) => string;
  /**
   * Acts on a message, once for each id. `transaction` is also that of the id: if this throws, the caller may deliver the
   * message again. Have no effect outside the database. A ProblemError tells the caller what is wrong.
   */
  receive(message: unknown, transaction: Database): Promise<void>;
}

/** The caller did not prove who it is. The reason is for the log. */
export class NotVerifiedError extends Error {
  override name = "NotVerifiedError";
}

/** How far the clock of a caller may be off, and how long a delivery may be under way. Standard Webhooks advises it. */
const toleranceSeconds = 5 * 60;
/** How long an id is kept. Callers repeat a message for some days if they saw no answer. */
const rememberedSeconds = 7 * 86_400;
const largestBody = "256kb";

/** Verifies a signature of Standard Webhooks 1.0 (https://www.standardwebhooks.com). Throws NotVerifiedError. */
export function verifyStandardWebhook({ headers, body, secrets, now }: Delivery): string {
  const [id, sent, signatures] = ["id", "timestamp", "signature"].map((name) => headers[`webhook-${name}`]);
  if (typeof id !== "string" || typeof sent !== "string" || typeof signatures !== "string")
    throw new NotVerifiedError("webhook-id, webhook-timestamp or webhook-signature is missing");
  if (!/^\d{1,12}$/.test(sent) || Math.abs(now / 1000 - Number(sent)) > toleranceSeconds)
    throw new NotVerifiedError("webhook-timestamp is too old, in the future, or not a time");
  const presented = signatures.split(" ").flatMap((one) => (one.startsWith("v1,") ? one.slice(3) : []));
  const isSigned = secrets.some((secret) => {
    const expected = createHmac("sha256", keyOf(secret)).update(`${id}.${sent}.`).update(body).digest();
    return presented.some((text) => equalsSecret(Buffer.from(text, "base64"), expected));
  });
  if (!isSigned) throw new NotVerifiedError("no signature is valid for a secret of this webhook");
  return id;
}

/** Throws an Error for a secret of another form: a short key could be guessed, and anyone knows the empty one. */
function keyOf(secret: string): Buffer {
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  if (key.length < 24)
    throw new Error("a secret of this webhook is not whsec_ and at least 24 bytes in base64");
  return key;
}

interface WebhookDeps {
  database: Database;
  log: Log;
  /** WEBHOOK_SECRETS, by name. */
  secrets: Readonly<Record<string, readonly string[]>>;
  now?: () => number;
}

/**
 * The routes of the webhooks. Mount them before the same-origin check and the session, so that no delivery can use a session.
 * Throws an Error if a webhook has no receiver, or if a receiver has no webhook.
 */
export function webhookRoutes(
  deps: WebhookDeps,
  webhooks: readonly IncomingWebhook[],
  receivers: readonly WebhookReceiver[],
): Router {
  const router = Router({ caseSensitive: true });
  const unlisted = receivers.filter(({ name }) => !webhooks.some((webhook) => webhook.name === name));
  if (unlisted.length > 0) throw new Error(`config/webhooks.ts does not list ${unlisted[0]?.name}`);
  for (const webhook of webhooks) {
    const receiver = receivers.find(({ name }) => name === webhook.name);
    if (!receiver) throw new Error(`no code receives the webhook ${webhook.name}`);
    if (!deps.secrets[webhook.name]) deps.log.warn({ webhook: webhook.name }, "webhook.no_secret");
    router.post(
      webhook.path,
      express.raw({ type: () => true, limit: largestBody, inflate: false }),
      async (req, res) => {
        await receive(deps, receiver, req);
        res.status(204).end();
      },
    );
    router.all(webhook.path, (req, res) => {
      res.set("Allow", "POST");
      answerProblem(req, res, { status: 405, detail: "A webhook is a POST." });
    });
    router.use(webhook.path, answerErrors(webhook.name));
  }
  return router;
}

async function receive(
  { database, secrets, now = Date.now }: WebhookDeps,
  { name, verify = verifyStandardWebhook, receive }: WebhookReceiver,
  req: Request,
): Promise<void> {
  const own = secrets[name];
  if (!own) throw new ProblemError(503, "This webhook has no secret here. Nothing was changed.");
  const body: Buffer = Buffer.isBuffer(req.body) ? req.body : Buffer.alloc(0);
  const id = verify({ headers: req.headers, body, secrets: own, now: now() });
  const message = parsed(body);
  await database.transaction(async (transaction) => {
    const isNew = onceOnly(transaction, { name: `webhook-${name}`, seconds: rememberedSeconds });
    // The caller repeats a message if it did not see our answer, so a repeat is not an error.
    if (!(await isNew(hashToken(id)))) return req.log.info({ webhook: name }, "webhook.repeated");
    await receive(message, transaction);
  });
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    throw new ProblemError(400, "The body is not JSON.");
  }
}

/** The caller learns nothing of the reason for which its signature is refused; the log has it. */
function answerErrors(webhook: string): ErrorRequestHandler {
  return (error: unknown, req: Request, res: Response, next) => {
    if (res.headersSent) return next(error);
    if (error instanceof NotVerifiedError) {
      req.log.warn({ webhook, reason: error.message }, "webhook.refused");
      // RFC 9110 §15.5.2 wants a challenge. No scheme is registered for signatures of webhooks.
      res.set("WWW-Authenticate", "Webhook-Signature");
      return answerProblem(req, res, { status: 401, detail: "The signature is not valid." });
    }
    const problem = problemOf(error) ?? { status: 500, detail: "Something went wrong on our side." };
    if (problem.status >= 500) req.log.error({ err: error, webhook }, "request.failed");
    else req.log.info({ webhook, reason: problem.detail, status: problem.status }, "request.refused");
    answerProblem(req, res, problem);
  };
}
