import type { RequestHandler } from "express";
import { authnRequestForm } from "saml-policy/request";
import { samlUrls } from "../endpoints.ts";
import { allowFormsTo } from "../web/security-headers.ts";
import type { AuthnRequest } from "./deps.ts";

/** The sender and the request, as the package takes them for either binding. */
export function requestParts(request: AuthnRequest): Parameters<typeof authnRequestForm> {
  const { id, relayState, baseUrl, connection, keyPair, forceAuthn } = request;
  const { ssoUrl, certificates } = connection.settings;
  const sp = { ...samlUrls(baseUrl, connection.key), certificates, forceAuthn };
  return [sp, { id, relayState, ssoUrl, privateKey: keyPair.privateKey }];
}

/**
 * The step for a provider that takes requests by the POST binding only (SAML Bindings §3.5): a page whose form the browser
 * sends at once, or by its button without JavaScript. Redirects are left to the next step.
 */
export const leaveByForm: RequestHandler = async (req, res, next) => {
  const { request } = req.saml ?? {};
  if (!request?.connection.settings.requestByPost) return next();
  const { ssoUrl } = request.connection.settings;
  const form = await authnRequestForm(...requestParts(request));
  req.saml = { ...req.saml, form };
  // The provider may redirect the form between hosts of its own, and browsers check each of them.
  allowFormsTo(res, ["https:", new URL(ssoUrl).protocol]);
  res.set("Cache-Control", "no-store");
  res.render("leaving-by-form", { title: "Signing in", url: ssoUrl, fields: Object.entries(form) });
};
