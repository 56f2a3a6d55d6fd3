import { fileURLToPath } from "node:url";
import express, { type Express, type RequestHandler } from "express";
import { clickPath, okta, signOnTab, strong } from "okta-labels/labels";
import { type Brand, brand } from "../../config/brand.ts";
import { connectionVariable, integration } from "../../config/integration.ts";
import { paths } from "../endpoints.ts";
import type { Role } from "../model.ts";
import { mixedScripts, visible } from "../visible.ts";
import { type PendingAnswer, takeAnswer } from "./answers.ts";

/** The roles as people read them. */
const roleNames: Record<Role, string> = { member: "Member", admin: "Admin", owner: "Owner" };

const folder = (name: string) => fileURLToPath(new URL(`../../${name}/`, import.meta.url));

/** Configures `res.render` with views/ and the helpers that every page needs. */
export function setUpViews(app: Express): void {
  app.set("views", folder("views"));
  app.set("view engine", "ejs");
  app.locals.brand = brand;
  app.locals.paths = paths;
  app.locals.formatDate = formatDate;
  app.locals.roleNames = roleNames;
  app.locals.visible = visible;
  app.locals.mixedScripts = mixedScripts;
  /** The app's name in Okta's catalog, and the label of the field there that takes the connection's key. */
  app.locals.catalogName = integration.displayName;
  app.locals.keyLabel = connectionVariable.label;
  /** Whether the app offers both protocols, so that its tab Sign On asks for one. */
  app.locals.hasProtocolChoice = Boolean(integration.oidc && integration.saml);
  Object.assign(app.locals, { okta, clickPath, signOnTab, strong });
}

/** Serves the files of public/, and the brand's colours as a stylesheet. */
export function assets(): RequestHandler {
  const router = express.Router();
  router.get("/brand.css", (_req, res) => {
    res.type("css").set("Cache-Control", "public, max-age=3600").send(brandStyles(brand));
  });
  router.use(express.static(folder("public"), { index: false, redirect: false, maxAge: "1h" }));
  return router;
}

/** Gives each page the signed-in person, and the answer to the form that led to it, which is shown once. */
export const pageContext: RequestHandler = (req, res, next) => {
  res.locals.person = req.person;
  res.locals.path = req.path;
  // On a shared computer, the browser's history or cache must not show one person's pages to the next.
  if (req.person) res.set("Cache-Control", "no-store");
  // A getter, so that only rendering a page consumes the answer, not every request. A page that no one sees keeps it.
  let taken: PendingAnswer | null | undefined;
  const answer = () => {
    if (taken === undefined) taken = takeAnswer(req);
    return taken;
  };
  Object.defineProperty(res.locals, "answer", { enumerable: true, get: answer });
  next();
};

/** The brand's colours as CSS, to load after tokens.css. */
export function brandStyles({ accent }: Brand): string {
  return `:root { --accent: light-dark(${accent.light}, ${accent.dark}); --on-accent: light-dark(${accent.onLight}, ${accent.onDark}); }
`;
}

/** Created once: creating a formatter takes longer than rendering a whole table row. */
const momentFormat = new Intl.DateTimeFormat("en-GB", {
  dateStyle: "medium",
  timeStyle: "short",
  timeZone: "UTC",
});

/** A time for people, in UTC: the server does not know the reader's time zone. */
function formatDate(at: number): string {
  return `${momentFormat.format(at)} UTC`;
}
