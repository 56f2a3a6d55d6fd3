import type { RequestHandler, Response } from "express";
import helmet from "helmet";

/**
 * Security headers. The content security policy allows this site's own files only: no inline script or style, no frames.
 * `form-action 'self'` applies to every hop of a redirect (CSP3 §6.4.1), so our forms cannot end at another origin: pages
 * that lead to an identity provider navigate by GET, or call allowFormsTo().
 */
export function securityHeaders(baseUrl: string, added: ContentSources = {}): RequestHandler {
  const https = baseUrl.startsWith("https:");
  const self = (name: keyof ContentSources) => ["'self'", ...(added[name] ?? [])];
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: self("scriptSrc"),
        styleSrc: self("styleSrc"),
        imgSrc: self("imgSrc"),
        fontSrc: self("fontSrc"),
        connectSrc: self("connectSrc"),
        formAction: ["'self'"],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    strictTransportSecurity: https ? { maxAge: 31_536_000, includeSubDomains: false } : false,
    referrerPolicy: { policy: "same-origin" },
    // Headers for Internet Explorer, Flash and prefetching, which only make each response longer.
    xDownloadOptions: false,
    xPermittedCrossDomainPolicies: false,
    xDnsPrefetchControl: false,
  });
}

/** Sources of scripts, styles, pictures, fonts and connections in addition to this site's own. */
export type ContentSources = Partial<
  Record<"scriptSrc" | "styleSrc" | "imgSrc" | "fontSrc" | "connectSrc", readonly string[]>
>;

/** Lets the forms of this page also end at other origins. For a page whose forms hold nothing that a person enters. */
export function allowFormsTo(res: Response, sources: readonly string[]): void {
  const policy = String(res.getHeader("Content-Security-Policy"));
  const allowed = ["'self'", ...new Set(sources)].join(" ");
  res.set("Content-Security-Policy", policy.replace("form-action 'self'", `form-action ${allowed}`));
}
