import { fileURLToPath } from "node:url";
import express, { type Express, type RequestHandler } from "express";
import { type Brand, brand } from "../../config/brand.ts";
import { paths } from "../endpoints.ts";
import { mixedScripts, visible } from "../visible.ts";

const folder = (name: string) => fileURLToPath(new URL(`../../${name}/`, import.meta.url));

/** Makes `res.render` find views/, and gives every page what its frame needs. */
export function setUpViews(app: Express): void {
  app.set("views", folder("views"));
  app.set("view engine", "ejs");
  app.locals.brand = brand;
  app.locals.paths = paths;
  app.locals.formatDate = formatDate;
  app.locals.visible = visible;
  app.locals.mixedScripts = mixedScripts;
}

/** Files that never change while the program runs, and the brand's colours as a stylesheet. */
export function assets(): RequestHandler {
  const router = express.Router();
  router.get("/brand.css", (_req, res) => {
    res.type("css").set("Cache-Control", "public, max-age=3600").send(brandStyles(brand));
  });
  router.use(express.static(folder("public"), { index: false, redirect: false, maxAge: "1h" }));
  return router;
}

/** Hands the person and the message that waits for them to the page; a message is shown once. */
export const pageContext: RequestHandler = (req, res, next) => {
  res.locals.person = req.person;
  res.locals.path = req.path;
  // What one person sees must not be shown to the next one by a shared machine's history or a cache.
  if (req.person) res.set("Cache-Control", "no-store");
  // Taken when a page is rendered: a request for something else must not use the message up.
  const takeFlash = () => {
    const { flash = null } = req.session;
    delete req.session.flash;
    return flash;
  };
  Object.defineProperty(res.locals, "flash", { enumerable: true, get: takeFlash });
  next();
};

/** The brand's colours, for what is loaded after app.css. */
export function brandStyles({ accent }: Brand): string {
  return `:root { --accent: ${accent.light}; --on-accent: ${accent.onLight}; }
@media (prefers-color-scheme: dark) { :root { --accent: ${accent.dark}; --on-accent: ${accent.onDark}; } }
`;
}

/** Made once: to make one takes longer than to render the line of a table that the date is for. */
const momentFormat = new Intl.DateTimeFormat("en-GB", {
  dateStyle: "medium",
  timeStyle: "short",
  timeZone: "UTC",
});

/** A moment as people read it, the same for everybody and everywhere: the server knows no reader's time zone. */
function formatDate(at: number): string {
  return `${momentFormat.format(at)} UTC`;
}
