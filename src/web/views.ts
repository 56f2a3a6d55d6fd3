import { fileURLToPath } from "node:url";
import compression from "compression";
import ejs from "ejs";
import type { Express, RequestHandler } from "express";
import { clickPath, okta, signOnTab, strong } from "okta-labels/labels";
import { brand } from "../../config/brand.ts";
import type { EntitlementId } from "../../config/entitlements.ts";
import { connectionVariable, integration } from "../../config/integration.ts";
import { paths } from "../endpoints.ts";
import type { Role } from "../model.ts";
import { connectionTypes, protocolName } from "../sign-in-protocols.ts";
import { visible } from "../visible.ts";
import { type PendingAnswer, takeAnswer } from "./answers.ts";
import { asset } from "./assets.ts";
import { dayOf, dayText, formatDate, formatDuration } from "./moments.ts";
import { type Render, renderMarked } from "./organisations.ts";
import { hasEntitlement } from "./permissions.ts";
import { ui } from "./ui.ts";
import { browserName, signedInWith } from "./user-agents.ts";

/** The roles as people read them. */
const roleNames: Record<Role, string> = { member: "Member", admin: "Admin", owner: "Owner" };

const folder = (name: string) => fileURLToPath(new URL(`../../${name}/`, import.meta.url));

/** Configures `res.render` with views/ and the helpers that every page needs. */
export function setUpViews(
  app: Express,
  { baseUrl, sendsMail }: { baseUrl: string; sendsMail: boolean },
): void {
  app.set("views", folder("views"));
  app.set("view engine", "ejs");
  // EJS would read from a page's value `settings` whether it may keep compiled views. A page may have a value of that name.
  app.engine("ejs", (path, values, done) =>
    ejs.renderFile(path, values, { cache: app.enabled("view cache") }, done),
  );
  app.locals.brand = brand;
  app.locals.paths = paths;
  Object.assign(app.locals, { asset, baseUrl, sendsMail });
  Object.assign(app.locals, { dayOf, dayText, formatDate, formatDuration, ui });
  Object.assign(app.locals, { browserName, protocolName, roleNames, signedInWith, visible });
  /** The app's name in Okta's catalog, and the label of the field there that takes the connection's key. */
  app.locals.catalogName = integration.displayName;
  app.locals.keyLabel = connectionVariable.label;
  /** Whether the app offers several protocols, so that its tab Sign On asks for one. */
  app.locals.hasProtocolChoice = connectionTypes.filter((type) => integration[type]).length > 1;
  Object.assign(app.locals, { okta, clickPath, signOnTab, strong });
}

/**
 * Compresses pages. Not the answers to posted forms, and not the pages that show a secret (noTransform): the length of a
 * compressed page tells whether a text in the URL is also in the secret (BREACH). Everything else is left as it is: SCIM,
 * tokens, the API, MCP and event streams.
 */
export function compressPages(): RequestHandler {
  return compression({
    filter: (req, res) =>
      req.method === "GET" && /^text\/(html|markdown)\b/.test(String(res.getHeader("Content-Type"))),
  });
}

/** The Cache-Control of a page that shows a secret. Proxies do not compress it either (RFC 9111 §5.2.2.6). */
export const noTransform = "no-store, no-transform";

/**
 * Gives each page the signed-in person, their other organisations, and the answer to the form that led to it, which is shown
 * once.
 */
export const pageContext: RequestHandler = (req, res, next) => {
  res.locals.person = req.person;
  res.locals.path = req.path;
  res.locals.may = (id: EntitlementId) => req.person !== null && hasEntitlement(req.person, id);
  // On a shared computer, the browser's history or cache must not show one person's pages to the next.
  if (req.person) res.set("Cache-Control", "no-store");
  // A getter, so that only rendering a page consumes the answer, not every request. A page that no one sees keeps it.
  let taken: PendingAnswer | null | undefined;
  const answer = () => {
    if (taken === undefined) {
      taken = takeAnswer(req);
      if (taken?.secrets) res.set("Cache-Control", noTransform);
    }
    return taken;
  };
  Object.defineProperty(res.locals, "answer", { enumerable: true, get: answer });
  res.locals.organisations = [];
  const render = res.render.bind(res) as Render;
  res.render = ((...page: Parameters<Render>) =>
    renderMarked(req, res, render)(...page)) as typeof res.render;
  next();
};
