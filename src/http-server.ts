/**
 * The HTTP server around the application: what one client, or many slow ones, may hold. The limits are those of one process.
 * A proxy in front may have narrower ones.
 */
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { Socket } from "node:net";
import type { Log } from "./log.ts";

export interface HttpLimits {
  /** How long the header of a request may take. */
  headersMs: number;
  /** How long the body may take after the header. The protocol of the path answers a later one. */
  bodyMs: number;
  /** How long a request may take as a whole, in case nothing reads its body. */
  requestMs: number;
  /** How long a connection may be idle: longer than the 60 seconds of common proxies, which reuse connections. */
  idleMs: number;
  /** How often Node looks for requests that take too long. */
  checkMs: number;
  headerBytes: number;
  /** Further connections are closed at once. The limit leaves descriptors for the database and for outgoing calls. */
  connections: number;
}

export const httpLimits: HttpLimits = {
  headersMs: 20_000,
  bodyMs: 60_000,
  requestMs: 90_000,
  idleMs: 65_000,
  checkMs: 5_000,
  headerBytes: 16_384,
  connections: 4_000,
};

/** The body did not arrive in time. Its status is for the error handlers, as with errors of Express's body parsers. */
class BodyTimeoutError extends Error {
  override name = "BodyTimeoutError";
  readonly status = 408;
}

/** Creates the server. `handle` is the application. */
export function httpServer(handle: RequestListener, log: Log, limits: HttpLimits = httpLimits): Server {
  const server = createServer(
    {
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      keepAliveTimeout: limits.idleMs,
      connectionsCheckingInterval: limits.checkMs,
      maxHeaderSize: limits.headerBytes,
    },
    (req, res) => {
      const timer = setTimeout(() => endBody(req), limits.bodyMs);
      res.once("close", () => clearTimeout(timer));
      // The rest of a late body is not read, so the connection cannot be used again.
      req.once("error", () => res.headersSent || res.setHeader("Connection", "close"));
      handle(req, res);
    },
  );
  server.maxConnections = limits.connections;
  server.on("drop", warnOfDrops(log, limits.connections));
  server.on("clientError", answerUnreadable);
  return server;
}

/** Warns once a minute, so that a flood of connections does not fill the disk with lines. */
function warnOfDrops(log: Log, connections: number): () => void {
  let [dropped, warnedAt] = [0, 0];
  return () => {
    dropped += 1;
    if (Date.now() - warnedAt < 60_000) return;
    log.warn({ connections, dropped }, "server.connection_dropped");
    [dropped, warnedAt] = [0, Date.now()];
  };
}

/**
 * Ends the reading of a body that is late: its reader gets an error, and the application answers it. Express's parsers pass an
 * error on when they have read the rest of the body, so they also get its end.
 */
function endBody(req: IncomingMessage): void {
  if (req.complete) return;
  req.emit("error", new BodyTimeoutError("the body did not arrive in time"));
  req.emit("end");
}

/** By the code of Node's error; any other is a malformed request. */
const unreadable: Record<string, [status: string, sentence: string]> = {
  ERR_HTTP_REQUEST_TIMEOUT: ["408 Request Timeout", "The request did not arrive in time. Send it again."],
  HPE_HEADER_OVERFLOW: [
    "431 Request Header Fields Too Large",
    "The request's header is too large. In a browser, delete this site's cookies and open the page again.",
  ],
};

/** Answers a request whose header cannot be read, in plain text: no protocol of the application is known yet. */
function answerUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
  // Node keeps the answer that is being sent on this connection here; a second one would get into its middle.
  const { _httpMessage: answering } = socket as Socket & { _httpMessage?: { headersSent: boolean } | null };
  if (error.code === "ECONNRESET" || !socket.writable || answering?.headersSent) return void socket.destroy();
  const [status, sentence] = unreadable[error.code ?? ""] ?? [
    "400 Bad Request",
    "The request is not valid HTTP.",
  ];
  const text = `${sentence}\n`;
  const header = [
    "Content-Type: text/plain; charset=utf-8",
    `Content-Length: ${text.length}`,
    "Connection: close",
  ];
  socket.write(`HTTP/1.1 ${[status, ...header].join("\r\n")}\r\n\r\n${text}`);
  // An end alone would leave the client's half open for as long as it likes: Node no longer times this connection out.
  socket.destroySoon();
}
