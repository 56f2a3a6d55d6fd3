import { createHash } from "node:crypto";

/** A response with its body. Redirects are never followed. */
export interface WebAnswer {
  method: string;
  /** Path and query of the request. */
  path: string;
  status: number;
  headers: Headers;
  text: string;
  body: Buffer;
  /** The body's digest, in hex. */
  sha256: string;
  /** From the request to the last byte, in milliseconds. */
  ms: number;
}

interface WebRequest {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

/** Sends requests to a deployment. */
export interface Web {
  send(url: string, request?: WebRequest): Promise<WebAnswer>;
}

/** The server did not respond: the connection failed, broke off, or timed out. */
export class NoAnswerError extends Error {
  override name = "NoAnswerError";
}

/** The check was stopped. */
export class InterruptedError extends Error {
  override name = "InterruptedError";
}

/** Okta closes a connection that is silent for this long (Okta: "SCIM technical FAQs"). */
const timeoutMs = 60_000;
const maxBytes = 20_000_000;
/** A stopped check waits this long for the current request, which may be creating a person. */
const graceMs = 5_000;

/** @param interrupt stops the check: no request begins after it. */
export function openWeb(interrupt: AbortSignal = new AbortController().signal): Web {
  const cutOff = new AbortController();
  interrupt.addEventListener("abort", () => setTimeout(() => cutOff.abort(), graceMs).unref(), {
    once: true,
  });
  return {
    async send(url, { method = "GET", headers = {}, body: sent } = {}) {
      if (interrupt.aborted) throw new InterruptedError("the check was stopped");
      const { pathname, search } = new URL(url);
      const path = pathname + search;
      const started = performance.now();
      try {
        const answer = await fetch(url, {
          method,
          redirect: "manual",
          headers: { "user-agent": "oin-check", ...headers },
          ...(sent === undefined ? {} : { body: sent }),
          signal: AbortSignal.any([cutOff.signal, AbortSignal.timeout(timeoutMs)]),
        });
        const body = await readBody(answer);
        const ms = performance.now() - started;
        const text = body.toString("utf8");
        const sha256 = createHash("sha256").update(body).digest("hex");
        return {
          method,
          path,
          status: answer.status,
          headers: answer.headers,
          text,
          body,
          sha256,
          ms,
        };
      } catch (error) {
        if (cutOff.signal.aborted) throw new InterruptedError("the check was stopped", { cause: error });
        throw new NoAnswerError(`${method} ${path}: ${failure(error)}`, { cause: error });
      }
    },
  };
}

async function readBody(answer: Response): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of answer.body ?? []) {
    size += chunk.length;
    if (size > maxBytes) throw new Error(`the answer has more than ${maxBytes / 1_000_000} MB`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function failure(error: unknown): string {
  const { name, message, cause } = error as Error & { cause?: { code?: string; message?: string } };
  if (name === "TimeoutError") return `no answer within ${timeoutMs / 1000} seconds`;
  const code = cause?.code ?? cause?.message ?? message;
  const words = meanings.find(([pattern]) => pattern.test(code))?.[1];
  return words ? `${words} (${code})` : code;
}

/** The commonest failures in words. */
const meanings: readonly (readonly [code: RegExp, words: string])[] = [
  [/^(ENOTFOUND|EAI_AGAIN)$/, "no such host name"],
  [/^ECONNREFUSED$/, "nothing listens at this host and port"],
  [/^(ECONNRESET|UND_ERR_SOCKET|EPIPE)$/, "the server closed the connection"],
  [/^(ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT|EHOSTUNREACH|ENETUNREACH)$/, "the host cannot be reached"],
  [/SELF_SIGNED|UNABLE_TO_|CERT_/, "the certificate is not trusted"],
  [/^(ERR_SSL|EPROTO|HPE_)/, "the server does not speak the protocol of the address, http or https"],
];

/** A response in the report's words: "GET /scim/v2/Users: 404 text/html". */
export function shown({ method, path, status, headers }: WebAnswer): string {
  const type = headers.get("content-type")?.split(";")[0] ?? "";
  const location = status >= 300 && status < 400 ? headers.get("location") : null;
  const to = location ? ` to ${location.split("?")[0]}` : "";
  return `${method} ${readablePath(path)}: ${status}${type ? ` ${type}` : ""}${to}`;
}

function readablePath(path: string): string {
  try {
    return decodeURIComponent(path.replaceAll("+", " "));
  } catch {
    return path;
  }
}

export function isRedirect({ status, headers }: WebAnswer): boolean {
  return status >= 300 && status < 400 && headers.has("location");
}

const loopbackHosts = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Whether a URL points to this machine, where http is acceptable and TLS cannot be judged. */
export function isLoopback(url: string): boolean {
  const { hostname } = new URL(url);
  return loopbackHosts.has(hostname) || hostname.endsWith(".localhost");
}
