import { type DestinationStream, type Logger, pino } from "pino";

export type Log = Logger;

/**
 * Properties whose values never reach the log, down to two levels. Events carry ids instead of names and addresses
 * anyway; this is the safety net.
 */
export const redactedNames = [
  "password",
  "passwordHash",
  "secret",
  "clientSecret",
  "token",
  "accessToken",
  "idToken",
  "code",
  "cookie",
  "authorization",
  "assertion",
  "dpop",
  "client_secret",
  "client_assertion",
  "access_token",
  "samlResponse", // SAML
  "email",
  "loginName",
  "givenName",
  "familyName",
  "displayName",
];

const redactedPaths = redactedNames.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

/** Logs JSON to standard output (or `destination`), one event per line. `event` names what happened, in the past tense. */
export function createLog(level: string, destination?: DestinationStream): Log {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: describeError },
    redact: { paths: redactedPaths, censor: "[redacted]" },
    messageKey: "event",
  };
  return destination ? pino(options, destination) : pino(options);
}

/**
 * Logs an error's type, message and origin only: drivers put row data into other properties (PostgreSQL's `detail`
 * contains the conflicting values). A plain `code` would be redacted like an authorization code.
 */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return { type: typeof error };
  const { code, constraint } = error as { code?: unknown; constraint?: unknown };
  return {
    type: error.name,
    message: error.message,
    stack: error.stack,
    ...(code === undefined ? {} : { errorCode: code }),
    ...(constraint === undefined ? {} : { constraint }),
    ...(error.cause === undefined ? {} : { cause: describeError(error.cause) }),
  };
}
