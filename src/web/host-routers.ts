import { type NextFunction, type Request, type RequestHandler, type Response, Router } from "express";
import { ownFolders } from "../endpoints.ts";
import { pageNotFound } from "./error-pages.ts";
import { formBodies, isFromOwnPages, sameOrigin } from "./request.ts";
import { type ContentSources, securityHeaders } from "./security-headers.ts";

/** An Express router of another program, mounted with what it needs. Its errors become the application's answers. */
export interface HostRouter {
  /** The first parts of its paths, such as "invoices". It sees whole paths, and no request of another folder. */
  folders: readonly string[];
  router: RequestHandler;
  /** "router": it parses bodies itself. Otherwise forms are parsed, of at most 32 kB, as for the application's pages. */
  bodies?: "router";
  /**
   * "any": other sites and programs may send what changes something, such as a webhook, and the router authenticates them.
   * These requests have no session. Otherwise they are refused.
   */
  origins?: "any";
  /** More than this site's own files, for its pages. A router that needs a nonce sets the header itself. */
  contentSources?: ContentSources;
}

/**
 * Mounts the routers. Mount it before the same-origin check and the parser of forms.
 * @param session loads the session and the person. Throws for a folder that the application or another router has.
 */
export function hostRouters(
  routers: readonly HostRouter[],
  { baseUrl, session }: { baseUrl: string; session: readonly RequestHandler[] },
): RequestHandler {
  const byFolder = new Map<string, RequestHandler>();
  for (const one of routers) {
    const chain = chainOf(one, baseUrl, session);
    for (const folder of one.folders) {
      if (!/^[a-z0-9][a-z0-9._-]*$/.test(folder))
        throw new Error(`"${folder}" is not the first part of a path`);
      if (ownFolders.has(folder) || byFolder.has(folder)) throw new Error(`/${folder} is mounted already`);
      byFolder.set(folder, chain);
    }
  }
  return (req, res, next) => {
    // Case-insensitive, as routes are.
    const chain = byFolder.get((req.path.split("/")[1] ?? "").toLowerCase());
    if (chain) chain(req, res, next);
    else next();
  };
}

function chainOf(
  { router, bodies, origins, contentSources }: HostRouter,
  baseUrl: string,
  session: readonly RequestHandler[],
): RequestHandler {
  const chain = Router();
  if (contentSources) chain.use(securityHeaders(baseUrl, contentSources));
  if (origins !== "any") chain.use(sameOrigin(baseUrl));
  if (bodies !== "router") chain.use(formBodies());
  const withSession = Router().use(...session);
  // Without the session, another site cannot act as the person whose browser sends its request.
  chain.use((req: Request, res: Response, next: NextFunction) =>
    isFromOwnPages(req, baseUrl) ? withSession(req, res, next) : next(),
  );
  return chain.use(router, pageNotFound);
}
