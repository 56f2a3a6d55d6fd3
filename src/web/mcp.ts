/** The part of the MCP server that is the same for every product: tools become a server over Streamable HTTP. */
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream } from "node:stream/web";
import {
  type AuthInfo,
  createMcpHandler,
  McpServer,
  requireScopes,
  type ToolAnnotations,
} from "@modelcontextprotocol/server";
import { type ErrorRequestHandler, type Request, type RequestHandler, type Response, Router } from "express";
import type { z } from "zod";
import { brand } from "../../config/brand.ts";
import type { EntitlementId } from "../../config/entitlements.ts";
import { crossAppAccessUrls, paths } from "../endpoints.ts";
import type { Log } from "../log.ts";
import type { Database } from "../store/database.ts";
import { forTenant, type TenantStore } from "../store/tenant-store.ts";
import { type Acting, actingOf, resourceGuard } from "./access-tokens.ts";
import { checkEntitlement } from "./permissions.ts";
import { problemOf } from "./problems.ts";

/** A call of a tool, validated. */
interface McpCall<Input = unknown> {
  acting: Acting;
  /** Of the acting person's tenant. */
  store: TenantStore;
  requestId: string;
  input: Input;
}

/** A tool of the MCP server. */
export interface McpTool<Input extends z.ZodObject = z.ZodObject, Output extends z.ZodObject = z.ZodObject> {
  name: string;
  title: string;
  /** For the model: when to use the tool, and how. */
  description: string;
  scope: string;
  /** The person needs it, too. */
  entitlement?: EntitlementId;
  input: Input;
  output: Output;
  /** `readOnlyHint` tells the client that it may call the tool without asking the person. */
  annotations: ToolAnnotations;
  handle(call: McpCall<z.output<Input>>): Promise<z.input<Output>>;
}

/** Checks the types of a tool against its schemas. */
export function mcpTool<Input extends z.ZodObject, Output extends z.ZodObject>(
  tool: McpTool<Input, Output>,
): McpTool {
  return tool as unknown as McpTool;
}

/** The message of a request, and how its tool failed. */
interface McpExchange {
  /** The body, in the parts in which it was read. */
  received: Buffer[];
  /** The sentence for the model; null if no tool failed. */
  toolError: string | null;
}

declare module "express-serve-static-core" {
  interface Request {
    /** Set by the MCP server. The inspector reads it once the response is sent. */
    mcpExchange?: McpExchange;
  }
}

interface McpDeps {
  database: Database;
  baseUrl: string;
  log: Log;
}

const largestBody = 64 * 1024;

/**
 * The MCP server (https://modelcontextprotocol.io/specification/2026-07-28/basic/transports). It keeps no session, so any
 * replica answers any request, and older protocol versions work alike. A tool whose scope the token lacks is refused with
 * 403 and the scope, so that a client can ask for it.
 */
export function mcpRoutes({ database, baseUrl, log }: McpDeps, tools: readonly McpTool[]): Router {
  const handler = createMcpHandler(
    ({ authInfo }) => {
      const context = authInfo?.extra as McpContext | undefined;
      if (!context) throw new Error("the request is not behind the guard");
      return serverOf(tools, context, forTenant(database, context.acting.tenant.id));
    },
    {
      maxRequestBodySize: largestBody,
      // The tools never change while the server runs: nothing to subscribe to.
      maxSubscriptions: 0,
      onerror: (error) => log.info({ reason: error.message }, "mcp.refused"),
    },
  );
  const guard = resourceGuard(database, baseUrl, paths.mcp);
  const resourceMetadataUrl = crossAppAccessUrls(baseUrl).protectedResource(paths.mcp);
  const router = Router();
  for (const method of ["get", "post", "delete"] as const) {
    router[method](paths.mcp, ownOrigin(baseUrl), guard.authenticate, async (req, res) => {
      const acting = actingOf(req);
      const authInfo: AuthInfo = {
        token: "",
        clientId: acting.agent?.clientId ?? "",
        scopes: [...acting.scopes],
        resourceMetadataUrl,
        extra: { acting, request: req },
      };
      await answer(res, await handler.fetch(toFetch(req, res, baseUrl), { authInfo }));
    });
  }
  router.use(paths.mcp, answerErrors);
  return router;
}

/** JSON-RPC's error for what the server cannot do: the client reads the answer as a message. */
const internalError = -32_603;

const answerErrors: ErrorRequestHandler = (error: unknown, req, res, next) => {
  if (res.headersSent) return next(error);
  const message = messageOf(error, req);
  const { status = 500, retryAfter } = problemOf(error) ?? {};
  if (retryAfter !== undefined) res.set("Retry-After", String(retryAfter));
  res.status(status).set("Cache-Control", "no-store");
  res.json({ jsonrpc: "2.0", error: { code: internalError, message }, id: null });
};

/** The SDK hands it through with each request. */
type McpContext = {
  acting: Acting;
  request: Request;
};

/**
 * Refuses requests of other sites' pages (DNS rebinding; MCP transports, Security Warning). Clients that are not browsers
 * send no Origin.
 */
function ownOrigin(baseUrl: string): RequestHandler {
  return (req, res, next) => {
    const origin = req.get("origin");
    if (origin === undefined || origin === baseUrl) return next();
    const error = { code: -32_000, message: "Pages of other sites cannot use this server." };
    res.status(403).json({ jsonrpc: "2.0", error, id: null });
  };
}

function serverOf(tools: readonly McpTool[], { acting, request }: McpContext, store: TenantStore): McpServer {
  const server = new McpServer(
    { name: brand.productName.toLowerCase(), title: brand.productName, version: "1.0.0" },
    { capabilities: { tools: { listChanged: false } } },
  );
  for (const tool of tools) {
    const { name, title, description, scope, entitlement, input, output, annotations, handle } = tool;
    const config = { title, description, inputSchema: input, outputSchema: output, annotations };
    server.registerTool(name, { ...config, scopeChallenge: requireScopes(scope) }, async (given) => {
      try {
        if (entitlement) checkEntitlement(acting, entitlement);
        const result = await handle({ acting, store, requestId: request.id, input: given });
        return { structuredContent: result, content: [{ type: "text", text: JSON.stringify(result) }] };
      } catch (error) {
        const text = messageOf(error, request);
        if (request.mcpExchange) request.mcpExchange.toolError = text;
        return { isError: true, content: [{ type: "text", text }] };
      }
    });
  }
  return server;
}

/** A sentence that a model can act on. It never has the text of an unexpected error. */
function messageOf(error: unknown, req: Request): string {
  const problem = problemOf(error);
  if (problem) {
    req.log.info({ reason: problem.detail, status: problem.status }, "request.refused");
    return problem.detail;
  }
  req.log.error({ err: error }, "request.failed");
  return `Something went wrong on our side. Try again later. Reference: ${req.id}`;
}

/** The request as the SDK reads it. It ends when the client goes away. */
function toFetch(req: Request, res: Response, baseUrl: string): globalThis.Request {
  const gone = new AbortController();
  res.on("close", () => gone.abort());
  const headers = new Headers();
  for (const [name, value] of Object.entries(req.headers))
    if (typeof value === "string") headers.set(name, value);
  // The SDK gets what the token allows, and not the token.
  headers.delete("authorization");
  const received = Readable.from(keeping(req), { objectMode: false });
  const body = req.method === "POST" ? { body: Readable.toWeb(received) as BodyInit, duplex: "half" } : {};
  return new globalThis.Request(baseUrl + paths.mcp, {
    method: req.method,
    headers,
    signal: gone.signal,
    ...body,
  });
}

/** Passes the body on as it is read, and keeps it. */
async function* keeping(req: Request): AsyncGenerator<Buffer> {
  const exchange: McpExchange = { received: [], toolError: null };
  req.mcpExchange = exchange;
  for await (const part of req) {
    exchange.received.push(part);
    yield part;
  }
}

async function answer(res: Response, from: globalThis.Response): Promise<void> {
  res.status(from.status).set({ ...Object.fromEntries(from.headers), "Cache-Control": "no-store" });
  if (!from.body) return void res.end();
  // A client that goes away early is not an error.
  await pipeline(Readable.fromWeb(from.body as ReadableStream), res).catch(() => undefined);
}
