import { STATUS_CODES } from "node:http";
import type { Request, RequestHandler, Response } from "express";
import { decodeJwt, decodeProtectedHeader } from "jose";
import type { Checks } from "../checks.ts";
import type { Connection } from "../model.ts";
import { failureText, type Message, type RecordedCheck, type Recorder, sourceFile } from "../recording.ts";
import { parseSubject } from "./subject.ts";

/** A connection that a call names, and what was checked of the two. */
export interface Named {
  tenantId: string;
  connection: Connection;
  checks: Checks;
}

/**
 * Tells the inspector of each call once it is answered: that of every tenant whose connection the call names, also when
 * its token turned out to be nobody's, because that is when somebody looks. Nothing else happens there in its name.
 */
export function recording(recorder: Recorder): RequestHandler {
  return (req, res, next) => {
    const named: Named[] = [];
    res.locals.named = named;
    res.once("finish", () => {
      for (const one of named) recorder.record(one.tenantId, () => describe(req, res, one));
    });
    next();
  };
}

/** The connections that the call names so far. */
export function namedIn(res: Response): Named[] {
  return res.locals.named as Named[];
}

function describe(req: Request, res: Response, { connection, ...named }: Named): Message {
  const token = (req.get("authorization") ?? "").replace(/^bearer /i, "");
  const subject = parseSubject(req.body);
  const status = `${res.statusCode} ${STATUS_CODES[res.statusCode] ?? ""}`.trim();
  const { results } = named.checks;
  const checks = [...results, ...refusalOf(res, results)];
  const failed = checks.find(({ verdict }) => verdict === "failed");
  const file = failed?.name === tokenHolds ? "token.ts" : "routes.ts";
  return {
    protocol: "universal-logout",
    step: "Global token revocation",
    requestId: req.id,
    connectionKey: connection.key,
    people: subject ? [nameIn(subject)] : [],
    file: sourceFile(new URL(file, import.meta.url).href),
    verdict: failed ? "failed" : "passed",
    summary: failed ? `${status}. ${failureText(failed)}` : status,
    request: {
      head: [`POST ${req.path}`, `Authorization: ${req.get("authorization")}`],
      json: { jwt: { header: decodeProtectedHeader(token), claims: decodeJwt(token) }, body: subject },
    },
    response: { head: [status] },
    checks,
    secrets: [token],
  };
}

/** Why the call was refused as a whole, when no check says it. */
function refusalOf(res: Response, checks: RecordedCheck[]): RecordedCheck[] {
  if (res.statusCode < 400 || checks.some(({ verdict }) => verdict === "failed")) return [];
  const detail = typeof res.locals.refusal === "string" ? res.locals.refusal : null;
  return [{ name: "The body names a person", verdict: "failed", detail }];
}

/** The check that everything else rests on. */
export const tokenHolds = "The org's key verifies the token, its type, audience, application and times";

function nameIn(subject: NonNullable<ReturnType<typeof parseSubject>>): string {
  if (subject.format === "email") return subject.email;
  return subject.format === "opaque" ? subject.id : subject.sub;
}
