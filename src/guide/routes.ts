/**
 * The configuration guides that customers' Okta administrators follow.
 *
 * Owns: /guides/okta/{oidc,saml,scim}, each also as .md and .pdf, and their pictures; the same guides with a customer's
 * own values under /admin (customer-routes.ts). Texts are Markdown templates in
 * views/guide/; facts come from config/ and src/endpoints.ts (facts.ts), never from the texts. tools/guide, `npm run
 * guide`, writes the same guides to docs/guides/; only it needs a browser, for PDFs and pictures.
 *
 * May import: the ground floor, store, web and config.
 */
import { fileURLToPath } from "node:url";
import { type RequestHandler, Router } from "express";
import { integration } from "../../config/integration.ts";
import { paths } from "../endpoints.ts";
import { NotFoundError } from "../errors.ts";
import { type Capability, configuredFacts, offeredGuides } from "./facts.ts";
import { imageFolder, writeGuide } from "./guide.ts";
import { type GuideHtml, toHtml, withContents } from "./html.ts";

export interface GuideDeps {
  /** The public origin, without a trailing slash: what customers copy begins with it. */
  baseUrl: string;
}

const writtenFolder = fileURLToPath(new URL("../../docs/guides/", import.meta.url));
const forEverybody = { tenant: null, key: null };

/** The guides for every customer, with the placeholder of the integration variable where their connection's key goes. */
export function guideRoutes({ baseUrl }: GuideDeps): Router {
  const router = Router();
  const markdownOf = once((capability) => writeGuide(capability, { origin: baseUrl, ...forEverybody }));
  const htmlOf = once((capability) => toHtml(markdownOf(capability), { imageBase: `${paths.guides}/` }));

  for (const capability of offeredGuides(configuredFacts)) {
    const path = paths.guide(capability);
    router.get(path, (_req, res) => {
      const guide: GuideHtml = htmlOf(capability);
      // The printed guide was written for the origin in production.
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

/** What never changes while the program runs is made at most once. */
function once<Made>(make: (capability: Capability) => Made): (capability: Capability) => Made {
  const made = new Map<Capability, Made>();
  return (capability) => {
    const value = made.get(capability) ?? make(capability);
    made.set(capability, value);
    return value;
  };
}

/** Sends a file of a folder; one that is not there is a page that is not there. */
function file(root: string, nameOf: (req: Parameters<RequestHandler>[0]) => string): RequestHandler {
  return (req, res, next) => {
    res.sendFile(nameOf(req), { root, maxAge: "1h", dotfiles: "deny" }, (error) => {
      if (error && !res.headersSent) next(new NotFoundError("There is no such file."));
    });
  };
}
