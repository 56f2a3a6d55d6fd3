/**
 * The guides by which customers' Okta administrators configure single sign-on and provisioning.
 *
 * Owns: /guides/okta/{oidc,scim,xaa} and one for each further protocol, each also as .md and .pdf, and their pictures; the
 * same guides with a customer's own values under /admin (customer-routes.ts). Texts are Markdown templates in views/guide/.
 * Facts come from config/ and src/endpoints.ts (facts.ts), never from the texts. `npm run guide` (tools/guide) writes the
 * same guides to docs/guides/; it alone needs a browser, for PDFs and pictures.
 *
 * May import: the ground floor, store, web and config.
 */
import { fileURLToPath } from "node:url";
import { type RequestHandler, Router } from "express";
import { integration } from "../../config/integration.ts";
import { paths } from "../endpoints.ts";
import { NotFoundError } from "../errors.ts";
import { imageFolder } from "./drawings.ts";
import { type Capability, configuredFacts, offeredGuides } from "./facts.ts";
import { writeGuide } from "./guide.ts";
import { type GuideHtml, toHtml, withContents } from "./html.ts";

export interface GuideDeps {
  /** The public origin, without a trailing slash. Every URL that customers copy begins with it. */
  baseUrl: string;
}

const writtenFolder = fileURLToPath(new URL("../../docs/guides/", import.meta.url));
const allCustomers = { tenant: null, key: null };

/** The guides for all customers, with the integration variable as a placeholder for the connection's key. */
export function guideRoutes({ baseUrl }: GuideDeps): Router {
  const router = Router();
  const markdownOf = once((capability) => writeGuide(capability, { origin: baseUrl, ...allCustomers }));
  const htmlOf = once((capability) => toHtml(markdownOf(capability), { imageBase: `${paths.guides}/` }));

  for (const capability of offeredGuides(configuredFacts)) {
    const path = paths.guide(capability);
    router.get(path, (_req, res) => {
      const guide: GuideHtml = htmlOf(capability);
      // The PDF contains the URLs of production, so only production offers it.
      const pdf = baseUrl === integration.origin ? `${path}.pdf` : null;
      res.render("guide/page", { title: guide.title, guide, markdown: `${path}.md`, pdf });
    });
    router.get(`${path}.md`, (_req, res) => {
      res.type("text/markdown; charset=utf-8").send(withContents(markdownOf(capability)));
    });
    router.get(
      `${path}.pdf`,
      file(writtenFolder, () => `${capability}.pdf`),
    );
  }
  router.get(
    `${paths.guides}/images/:picture`,
    file(imageFolder, (req) => String(req.params.picture)),
  );
  return router;
}

/** Caches each capability's value, because templates and facts do not change while the program runs. */
function once<Value>(make: (capability: Capability) => Value): (capability: Capability) => Value {
  const cache = new Map<Capability, Value>();
  return (capability) => {
    const value = cache.get(capability) ?? make(capability);
    cache.set(capability, value);
    return value;
  };
}

/** Sends a file of a folder. Throws NotFoundError if it does not exist. */
function file(root: string, nameOf: (req: Parameters<RequestHandler>[0]) => string): RequestHandler {
  return (req, res, next) => {
    res.sendFile(nameOf(req), { root, maxAge: "1h", dotfiles: "deny" }, (error) => {
      if (error && !res.headersSent) next(new NotFoundError("There is no such file."));
    });
  };
}
