/**
 * Shared signals: the identity provider tells us of events that end a person's access (OpenID Shared Signals Framework with
 * CAEP). Here it pushes them, as Security Event Tokens (SETs, RFC 8417), by RFC 8935.
 *
 * Owns: /shared-signals. Each connection has a stream, whose transmitter authenticates twice: by an Authorization header
 * that we chose, and by the signature of each SET. policy.ts has the rules, events.ts reads a SET, receive.ts acts on it.
 * May import: the ground floor, trust, directory, store and sso.
 */
import express, { type ErrorRequestHandler, type Request, type RequestHandler, Router } from "express";
import { judge, RuleBrokenError } from "policy-list/policy";
import { paths } from "../endpoints.ts";
import { UnavailableError } from "../errors.ts";
import type { SignalTransmitter } from "../model.ts";
import { parserStatus } from "../parser-errors.ts";
import type { Database } from "../store/database.ts";
import { rateLimiter } from "../store/rate-limits.ts";
import { equalsSecret, hashToken } from "../store/secrets.ts";
import { isUnavailable } from "../store/sql-errors.ts";
import { type FoundSignalStream, systemStore } from "../store/system-store.ts";
import { eventTypes, readEvent, typesIn } from "./events.ts";
import {
  claimRules,
  codeOf,
  contentRules,
  eventRules,
  headerRules,
  type SignalRefusal,
  signatureRules,
  streamRules,
} from "./policy.ts";
import { type AcceptedSet, receive, type SignalResult } from "./receive.ts";
import { type SetVerifier, verifiedClaims } from "./token.ts";

export interface SharedSignalsDeps {
  database: Database;
  verifySet: SetVerifier;
  /** Counts a SET by the type of its event, and by what came of it. */
  countEvent(event: string, result: string): void;
}

/**
 * Shared by the steps of a call: `req.receivedSignal` (`req.signal` is Node's own). The inspector reads it once the response is
 * sent.
 */
export interface SignalContext {
  found: FoundSignalStream;
  /** The body; null until it was read. */
  set: string | null;
  /** Null until every rule about the SET held. */
  accepted: AcceptedSet | null;
  result: SignalResult | null;
  /** The error that ended the call; null if none did. */
  error: unknown;
}

declare module "express-serve-static-core" {
  interface Request {
    receivedSignal?: SignalContext;
  }
}

/** A SET of one event has a few kilobytes at most, also with a signature of RSA 4096. */
const largestSet = "64kb";
const retryAfterSeconds = 30;

export function sharedSignalsRoutes(deps: SharedSignalsDeps): Router {
  const { database, verifySet, countEvent } = deps;
  const path = paths.sharedSignals(":connection");
  const limit = rateLimiter(database, { name: "shared-signals", points: 1_200, seconds: 60 });

  const limitCalls: RequestHandler = async (req, res, next) => {
    const retryAfter = await limit.use(req.network);
    if (retryAfter === 0) next();
    else res.set("Retry-After", String(retryAfter)).status(429).end();
  };

  /** Runs before the body is read: a stranger makes us parse nothing. A key without a stream looks like a wrong header. */
  const authenticate: RequestHandler = async (req, _res, next) => {
    const found = await systemStore(database).signalStreams.find(String(req.params.connection));
    if (found) req.receivedSignal = { found, set: null, accepted: null, result: null, error: null };
    judge(headerRules, { isKnown: isTransmitter(req, found) });
    next();
  };

  const acceptSet: RequestHandler = async (req, _res, next) => {
    const signal = signalOf(req);
    signal.set = Buffer.isBuffer(req.body) ? req.body.toString("latin1") : "";
    signal.accepted = await accept(signal.found, signal.set, req.id, verifySet);
    next();
  };

  const storeEvent: RequestHandler = async (req, res) => {
    const signal = signalOf(req);
    const { tenantId, connection } = signal.found;
    // acceptSet has run.
    const accepted = signal.accepted as AcceptedSet;
    const result = await receive(database, signal.found, accepted);
    signal.result = result;
    const event = nameOfType(accepted.event.type);
    req.log.info({ tenantId, connectionId: connection.id, signal: event, result }, "shared_signals.received");
    countEvent(event, result);
    res.status(202).end();
  };

  const answerErrors: ErrorRequestHandler = (thrown: unknown, req, res, next) => {
    if (req.receivedSignal) req.receivedSignal.error = thrown;
    const refusal = refusalOf(thrown);
    if (refusal === null) return next(thrown);
    const { status, err, reason } = refusal;
    const accepted = req.receivedSignal?.accepted;
    countEvent(accepted ? nameOfType(accepted.event.type) : "unread", err ?? "error");
    const rule = thrown instanceof RuleBrokenError ? thrown.rule.id : null;
    req.log.warn({ status, rule, reason }, "shared_signals.refused");
    if (status === 401) res.set("WWW-Authenticate", "Bearer");
    if (status === 503) res.set("Retry-After", String(retryAfterSeconds));
    if (err === null) res.status(status).end();
    // The log has what was found; the transmitter gets the rule's name.
    else res.status(status).set("Content-Language", "en").json({ err, description: refusal.description });
  };

  const router = Router();
  const readBody = express.raw({ limit: largestSet, type: () => true });
  const steps = [limitCalls, authenticate, requireSet, readBody, requireStream, acceptSet, storeEvent];
  // Only for this path: the callback and the keys below it have their own answers.
  router.post(path, ...steps, answerErrors);
  router.all(path, (_req, res) => {
    res.set("Allow", "POST").status(405).end();
  });
  return router;
}

const requireSet: RequestHandler = (req, _res, next) => {
  const [mediaType = ""] = (req.get("content-type") ?? "").toLowerCase().split(";");
  judge(contentRules, { mediaType: mediaType.trim() });
  next();
};

const requireStream: RequestHandler = (req, _res, next) => {
  const { connection, stream } = signalOf(req).found;
  const isSetUp = stream.transmitter !== null && stream.audiences !== null;
  judge(streamRules, { isActive: connection.status === "active", isSetUp });
  next();
};

function signalOf({ receivedSignal: signal }: Request): SignalContext {
  if (!signal) throw new Error("the call has to be authenticated before this step");
  return signal;
}

function isTransmitter(req: Request, found: FoundSignalStream | null): boolean {
  const expected = found?.headerHash ?? null;
  return expected !== null && equalsSecret(hashToken(req.get("authorization") ?? ""), expected);
}

/** Applies every rule about the SET and its event. Throws RuleBrokenError. */
async function accept(
  { connection, stream }: FoundSignalStream,
  set: string,
  requestId: string,
  verifySet: SetVerifier,
): Promise<AcceptedSet> {
  // requireStream has run.
  const transmitter = stream.transmitter as SignalTransmitter;
  judge(signatureRules, { finding: await verifySet(set, transmitter) });
  const claims = verifiedClaims(set);
  const types = typesIn(claims);
  const event = readEvent(claims, types[0] ?? "", connection);
  const expected = { issuer: transmitter.issuer, audiences: stream.audiences ?? [] };
  const facts = { claims, expected, now: Date.now(), types, event };
  judge(claimRules, facts);
  judge(eventRules, { ...facts, stream });
  return { jti: String(claims.jti), issuedAt: Number(claims.iat) * 1000, event, requestId };
}

/** The last part of a known type's URI. Others are one, because a transmitter may send any number of types. */
function nameOfType(type: string): string {
  const isKnown = Object.values(eventTypes).some((known) => known === type);
  return isKnown ? type.slice(type.lastIndexOf("/") + 1) : "other";
}

/** The status of a refusal, where it is not 400 (RFC 8935 §2.3). */
const statusOf: Partial<Record<SignalRefusal, number>> = { unauthorized: 401, unavailable: 503 };

interface RefusedCall {
  status: number;
  /** The code of the answer's body; null for an answer without one. */
  err: string | null;
  description: string;
  /** For the log. */
  reason: string;
}

/** How an error is answered; null for a fault of the program. */
function refusalOf(error: unknown): RefusedCall | null {
  if (error instanceof UnavailableError || isUnavailable(error))
    return { status: 503, err: null, description: "", reason: String(error) };
  if (error instanceof RuleBrokenError) {
    const { rule, message } = error as RuleBrokenError<SignalRefusal>;
    const status = statusOf[rule.reason] ?? 400;
    return { status, err: codeOf(rule.reason), description: rule.name, reason: message };
  }
  const status = parserStatus(error);
  return status === null ? null : { status, err: null, description: "", reason: Object(error).message ?? "" };
}
