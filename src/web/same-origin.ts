import type { RequestHandler } from "express";
import { acceptsCrossSite } from "../endpoints.ts";
import { loggedPath } from "./request.ts";

/**
 * Prevents cross-site request forgery without tokens in forms: refuses state-changing requests that another site made the
 * browser send. Fetch metadata (Sec-Fetch-Site) names the sending site; browsers without it send Origin with every POST.
 * A client that sends neither is not a browser with our cookie; it can use the protocol endpoints (`acceptsCrossSite`),
 * which read no session.
 */
export function sameOrigin(baseUrl: string): RequestHandler {
  return (req, _res, next) => {
    if (["GET", "HEAD", "OPTIONS"].includes(req.method) || acceptsCrossSite(req.path)) return next();
    const site = req.get("sec-fetch-site");
    const allowed = site === undefined ? req.get("origin") === baseUrl : site === "same-origin";
    if (allowed) return next();
    req.log.warn({ site, path: loggedPath(req.originalUrl) }, "request.cross_site_refused");
    next(new CrossSiteError());
  };
}

export class CrossSiteError extends Error {
  override name = "CrossSiteError";
}
