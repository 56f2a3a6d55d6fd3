import { type DestinationStream, type Logger, pino } from "pino";

export type Log = Logger;

/**
 * Names of properties whose value never reaches the log, at the top and one level down. Events are logged with
 * ids instead of names and addresses in the first place; this is the net under that.
 */
export const redactedNames = [
  ...[
    "password",
    "passwordHash",
    "secret",
    "clientSecret",
    "token",
    "accessToken",
    "idToken",
    "code",
    "cookie",
  ],
  ...[
    "authorization",
    "assertion",
    "samlResponse",
    "email",
    "loginName",
    "givenName",
    "familyName",
    "displayName",
  ],
];

const redactedPaths = redactedNames.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

/** JSON lines on standard output (or `destination`), one event a line; `event` names what happened, in past tense. */
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
 * What is logged of an error: what it is and where it came from. Drivers put rows into other properties (PostgreSQL's
 * `detail` names the values that clashed), and a plain `code` is redacted, because sign-ins have codes, too.
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
