import { readFileSync } from "node:fs";
import { z } from "zod";
import { type Environment, localFile, readEnvironment, toolFiles } from "./environment.ts";
import { ConfigError } from "./errors.ts";

/** The configuration, read once at start. Everything a deployment can set is in config/env.example. */
export interface Config {
  port: number;
  host: string;
  /** Public origin without a trailing slash. */
  baseUrl: string;
  databaseUrl: string;
  sessionSecret: string;
  /** 32 bytes. Encrypts. */
  dataKey: Buffer;
  /** Keys that only decrypt, until `npm run admin -- secrets reencrypt` has replaced them. */
  formerDataKeys: readonly Buffer[];
  /** Number of proxies in front. */
  trustProxy: number;
  logLevel: string;
  metricsToken: string | null;
  /** The base URL of an OpenTelemetry collector; null sends nothing. */
  otlpEndpoint: string | null;
  /** The secrets of incoming webhooks, by the names of config/webhooks.ts. Never log them. */
  webhookSecrets: Readonly<Record<string, readonly string[]>>;
  insecureAllowPrivateNetwork: boolean;
  /** The proxy for calls to identity providers; null connects to them directly. */
  outgoingProxy: OutgoingProxy | null;
  /** The products behind the same proxy that get identity tokens; empty if there are none. */
  forwardAuthAudiences: readonly string[];
  /** The server that sends mail to people; null if none does. */
  mail: MailServer | null;
}

/** A mail server that takes mail for any address (a submission server). */
export interface MailServer {
  host: string;
  port: number;
  /** Whether TLS begins with the connection. */
  secure: boolean;
  /** Whether an unencrypted connection must change to TLS before anything is sent. */
  requireTls: boolean;
  /** Null if the server wants none. Never log it. */
  login: { user: string; password: string } | null;
  from: { name: string; address: string };
}

/** The proxy through which calls leave an enterprise network. */
export interface OutgoingProxy {
  /** An http or https URL. It may carry a user name and a password: never log it. */
  url: string;
  /** The destinations that are reached directly, as in NO_PROXY. */
  noProxy: string;
}

/** The configuration of the command line, which neither listens nor sends cookies. The data key is for secrets only. */
export type ToolConfig = Pick<
  Config,
  "baseUrl" | "databaseUrl" | "formerDataKeys" | "insecureAllowPrivateNetwork" | "outgoingProxy" | "mail"
> & {
  dataKey: Buffer | null;
};

const loopbackHosts = new Set(["localhost", "127.0.0.1", "[::1]"]);

const origin = z.string("is missing").superRefine((text, context) => {
  const problem = originProblem(text);
  if (problem) context.addIssue({ code: "custom", message: problem });
});

function originProblem(text: string): string | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !/^https?:$/.test(url.protocol)) return "must be an http(s) URL";
  if (text !== url.origin)
    return "must be an origin only: scheme, host and port, without path or trailing slash";
  if (url.protocol === "http:" && !loopbackHosts.has(url.hostname))
    return "must use https (http is for loopback only)";
  return null;
}

const sessionSecret = z
  .string("is missing")
  .min(32, "must have at least 32 characters")
  .refine((text) => new Set(text).size >= 12, "is too weak: use random characters");

const dataKey = z
  .string("is missing")
  .regex(/^[A-Za-z0-9+/]{43}=$/, "must be 32 bytes in base64")
  .transform((text) => Buffer.from(text, "base64"))
  .refine((bytes) => new Set(bytes).size >= 12, "is too weak: use random bytes");

const formerDataKeys = z
  .string()
  .default("")
  .transform((text) => text.split(/\s+/).filter(Boolean))
  .pipe(z.array(dataKey));

const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,5}$/, `must be a whole number from ${min} to ${max}`)
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be a whole number from ${min} to ${max}`);

/**
 * The PostgreSQL schema of the application's tables: `schema` in the query of the URL; null for the role's own search path.
 * A name that needs no quotes, because operators also type it in psql. Throws ConfigError.
 */
export function databaseSchema(url: string): string | null {
  if (!/^postgres(ql)?:/.test(url)) return null;
  const [name, second] = new URLSearchParams(url.split("?")[1]).getAll("schema");
  if (name === undefined) return null;
  const isUsable = second === undefined && /^(?!pg_)[a-z_][a-z0-9_]{0,62}$/.test(name);
  if (!isUsable) throw new ConfigError(`DATABASE_URL ${schemaRule}`);
  return name;
}

/** Whether connections may keep statements prepared: not with an old pooler, where each transaction gets another connection. */
export const keepsStatements = (url: string) => preparedStatements(url) !== "false";

const preparedStatements = (url: string) =>
  new URLSearchParams(url.split("?")[1]).get("prepared_statements") ?? "true";

const schemaRule =
  "must name one schema, of lower-case letters, digits and underscores, that does not begin with pg_";

const databaseUrl = z
  .string()
  .default("data/app.sqlite")
  .refine((url) => {
    try {
      databaseSchema(url);
      return true;
    } catch {
      return false;
    }
  }, schemaRule)
  .refine(
    (url) => ["true", "false"].includes(preparedStatements(url)),
    "must have prepared_statements=false, or not name it",
  );

/** Many programs also take a proxy's address without "http://". */
const proxyUrl = z
  .string()
  .transform((text) => (/^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `http://${text}`))
  .optional();

/** Audiences are also the last part of a path. */
const audiences = z
  .string()
  .default("")
  .transform((text) => text.split(/[\s,]+/).filter((name) => name !== ""))
  .refine(
    (names) => names.every((name) => /^[a-z0-9][a-z0-9-]{0,62}$/.test(name)),
    "must be names of lower-case letters, digits and hyphens, separated by spaces",
  );
/** Pairs of a name and a secret; a name comes twice while one secret replaces the other. */
const webhookSecrets = z
  .string()
  .default("")
  .transform((text) => text.split(/\s+/).filter(Boolean))
  .refine(
    (pairs) => pairs.every((pair) => /^[a-z][a-z0-9-]*=\S{24,}$/.test(pair)),
    "must be pairs of name=secret, separated by spaces, with secrets of at least 24 characters",
  )
  .transform((pairs) => {
    const secrets = new Map<string, string[]>();
    for (const [, name = "", secret = ""] of pairs.map((pair) => /^([^=]*)=(.*)$/s.exec(pair) ?? []))
      secrets.set(name, [...(secrets.get(name) ?? []), secret]);
    return Object.fromEntries(secrets);
  });

const logLevels = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;

/** An address, or a name without characters that mail gives a meaning, and the address in angle brackets. */
const mailFromPattern = /^(?:[^\s@"<>,;:]+@[^\s@"<>,;:]+|[^\p{Cc}"<>@,;:]+ <[^\s@"<>,;:]+@[^\s@"<>,;:]+>)$/u;

const shape = {
  PORT: wholeNumber(0, 65_535).default(3000),
  HOST: z.string().default("127.0.0.1"),
  BASE_URL: origin,
  DATABASE_URL: databaseUrl,
  SESSION_SECRET: sessionSecret,
  DATA_KEY: dataKey,
  DATA_KEY_FORMER: formerDataKeys,
  TRUST_PROXY: wholeNumber(0, 10).default(0),
  LOG_LEVEL: z.enum(logLevels, `must be one of ${logLevels.join(", ")}`).default("info"),
  METRICS_TOKEN: z.string().min(16, "must have at least 16 characters").nullable().default(null),
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url({ protocol: /^https?$/, error: "must be an http(s) URL" }).optional(),
  WEBHOOK_SECRETS: webhookSecrets,
  INSECURE_ALLOW_PRIVATE_NETWORK: z.literal("1", 'must be "1" or absent').optional(),
  FORWARD_AUTH_AUDIENCES: audiences,
  OUTGOING_PROXY: z.literal("env", 'must be "env" or absent').optional(),
  // As other programs read them. Those in lower case come first.
  HTTPS_PROXY: proxyUrl,
  https_proxy: proxyUrl,
  NO_PROXY: z.string().optional(),
  no_proxy: z.string().optional(),
  SMTP_URL: z
    .string()
    .refine(isSmtpUrl, "must be smtp://user:password@host:port or smtps://…, with nothing after the port")
    .optional(),
  MAIL_FROM: z
    .string()
    .regex(mailFromPattern, "must be an address, or a name and an address: Name <address@company.com>")
    .optional(),
};

type ProxyVariable = "OUTGOING_PROXY" | "HTTPS_PROXY" | "https_proxy" | "NO_PROXY" | "no_proxy";
type ProxyValues = Pick<z.infer<z.ZodObject<typeof shape>>, ProxyVariable>;

/** HTTPS_PROXY is checked only with OUTGOING_PROXY: other programs may set it. */
function checkProxy(values: ProxyValues, context: z.RefinementCtx): void {
  const proxy = outgoingProxy(values);
  if (proxy === null) return;
  const name = values.https_proxy === undefined ? "HTTPS_PROXY" : "https_proxy";
  const message =
    proxy.url === "" ? "is missing, but OUTGOING_PROXY is env" : "must be the http(s) URL of a proxy";
  if (!isProxyUrl(proxy.url)) context.addIssue({ code: "custom", path: [name], message });
}

function outgoingProxy(values: ProxyValues): OutgoingProxy | null {
  if (values.OUTGOING_PROXY !== "env") return null;
  return {
    url: values.https_proxy ?? values.HTTPS_PROXY ?? "",
    noProxy: values.no_proxy ?? values.NO_PROXY ?? "",
  };
}

function isProxyUrl(text: string): boolean {
  if (!/^https?:/i.test(text) || !URL.canParse(text)) return false;
  const { username, password } = new URL(text);
  return canDecode(username + password);
}

function canDecode(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

function isSmtpUrl(text: string): boolean {
  if (!/^smtps?:\/\//i.test(text) || !URL.canParse(text)) return false;
  const { hostname, username, password, pathname, search, hash } = new URL(text);
  if (!canDecode(username + password)) return false;
  return hostname !== "" && /^\/?$/.test(pathname) && search + hash === "";
}

type MailValues = Pick<z.infer<z.ZodObject<typeof shape>>, "SMTP_URL" | "MAIL_FROM">;

function checkMail({ SMTP_URL, MAIL_FROM }: MailValues, context: z.RefinementCtx): void {
  if (SMTP_URL === undefined || MAIL_FROM !== undefined) return;
  const message = "is missing, but SMTP_URL is set: the sender of the mails";
  context.addIssue({ code: "custom", path: ["MAIL_FROM"], message });
}

function mailServer({ SMTP_URL, MAIL_FROM }: MailValues): MailServer | null {
  if (SMTP_URL === undefined || MAIL_FROM === undefined) return null;
  const url = new URL(SMTP_URL);
  const secure = url.protocol === "smtps:";
  const [user, password] = [url.username, url.password].map(decodeURIComponent) as [string, string];
  const [, name = "", address = MAIL_FROM] = /^(.+) <(.+)>$/.exec(MAIL_FROM) ?? [];
  return {
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: Number(url.port) || (secure ? 465 : 587),
    secure,
    // Like http, clear text is for loopback only.
    requireTls: !secure && !loopbackHosts.has(url.hostname),
    login: user === "" ? null : { user, password },
    from: { name, address },
  };
}

/**
 * This server speaks plain http, so https needs a proxy in front. Express must know about it, or cookies and rate limits
 * would be wrong.
 */
const serverShape = z.object(shape).superRefine((values, context) => {
  if (values.BASE_URL.startsWith("https:") && values.TRUST_PROXY === 0) {
    const message = "must be 1 or more when BASE_URL is https: the number of proxies in front";
    context.addIssue({ code: "custom", path: ["TRUST_PROXY"], message });
  }
  checkProxy(values, context);
  checkMail(values, context);
});

/** Loads the server's configuration. Throws ConfigError with all problems at once. */
export function loadConfig(environment: Environment = readEnvironment([localFile])): Config {
  const values = parse(serverShape, environment);
  return Object.freeze({
    port: values.PORT,
    host: values.HOST,
    baseUrl: values.BASE_URL,
    databaseUrl: values.DATABASE_URL,
    sessionSecret: values.SESSION_SECRET,
    dataKey: values.DATA_KEY,
    formerDataKeys: values.DATA_KEY_FORMER,
    trustProxy: values.TRUST_PROXY,
    logLevel: values.LOG_LEVEL,
    metricsToken: values.METRICS_TOKEN,
    otlpEndpoint: values.OTEL_EXPORTER_OTLP_ENDPOINT ?? null,
    webhookSecrets: values.WEBHOOK_SECRETS,
    insecureAllowPrivateNetwork: values.INSECURE_ALLOW_PRIVATE_NETWORK === "1",
    outgoingProxy: outgoingProxy(values),
    forwardAuthAudiences: values.FORWARD_AUTH_AUDIENCES,
    mail: mailServer(values),
  });
}

/**
 * Loads the command line's configuration, which can do with less: without BASE_URL, printed links use the local default;
 * without DATA_KEY, the commands that encrypt or decrypt are refused. Throws ConfigError.
 */
export function loadToolConfig(environment: Environment = readEnvironment(toolFiles)): ToolConfig {
  const { DATABASE_URL, DATA_KEY_FORMER, INSECURE_ALLOW_PRIVATE_NETWORK, OUTGOING_PROXY } = shape;
  const { HTTPS_PROXY, https_proxy, NO_PROXY, no_proxy, SMTP_URL, MAIL_FROM } = shape;
  const optional = { BASE_URL: origin.default("http://localhost:3000"), DATA_KEY: dataKey.optional() };
  const proxy = { OUTGOING_PROXY, HTTPS_PROXY, https_proxy, NO_PROXY, no_proxy };
  const mail = { SMTP_URL, MAIL_FROM };
  const toolShape = z.object({
    DATABASE_URL,
    DATA_KEY_FORMER,
    INSECURE_ALLOW_PRIVATE_NETWORK,
    ...proxy,
    ...optional,
    ...mail,
  });
  const values = parse(toolShape.superRefine(checkProxy).superRefine(checkMail), environment);
  return Object.freeze({
    baseUrl: values.BASE_URL,
    databaseUrl: values.DATABASE_URL,
    dataKey: values.DATA_KEY ?? null,
    formerDataKeys: values.DATA_KEY_FORMER,
    insecureAllowPrivateNetwork: values.INSECURE_ALLOW_PRIVATE_NETWORK === "1",
    outgoingProxy: outgoingProxy(values),
    mail: mailServer(values),
  });
}

function parse<T extends z.ZodObject>(schema: T, environment: Environment): z.infer<T> {
  const problems: string[] = [];
  const raw: Environment = {};
  for (const name of Object.keys(schema.shape)) raw[name] = read(environment, name, problems);
  const parsed = schema.safeParse(raw);
  if (!parsed.success) {
    // Report a variable whose file cannot be read only once, with that reason.
    const unread = new Set(problems.map((problem) => problem.split(" ")[0]?.replace(/_FILE$/, "")));
    for (const issue of parsed.error.issues) {
      const name = String(issue.path[0]);
      if (!unread.has(name)) problems.push(`${name} ${issue.message}`);
    }
  }
  if (problems.length > 0 || !parsed.success) throw new ConfigError(problems.join("\n"));
  return parsed.data;
}

/** Returns the variable, or the content of the file that NAME_FILE names. Treats an empty value as absent. */
function read(environment: Environment, name: string, problems: string[]): string | undefined {
  const file = environment[`${name}_FILE`];
  if (!file) return environment[name] || undefined;
  if (environment[name]) {
    problems.push(`${name}_FILE and ${name} are both set: use one`);
    return undefined;
  }
  try {
    return readFileSync(file, "utf8").trim() || undefined;
  } catch {
    problems.push(`${name}_FILE names a file that cannot be read`);
    return undefined;
  }
}
