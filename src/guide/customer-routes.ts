import { type Request, type Response, Router } from "express";
import { paths } from "../endpoints.ts";
import { NotFoundError } from "../errors.ts";
import type { Connection } from "../model.ts";
import type { Database } from "../store/database.ts";
import { requireAdmin, signedIn, storeOf } from "../web/guards.ts";
import { type Capability, configuredFacts, type GuideReader, offeredGuides } from "./facts.ts";
import { type Pictures, readPictures, writeGuide } from "./guide.ts";
import { toHtml } from "./html.ts";

export interface CustomerGuideDeps {
  database: Database;
  /** The public origin, without a trailing slash. */
  baseUrl: string;
}

/** The guides for the administrators of one customer, with the values of their own connections filled in. */
export function customerGuideRoutes({ database, baseUrl }: CustomerGuideDeps): Router {
  const router = Router();
  const capabilities = offeredGuides(configuredFacts);
  const readerOf = (req: Request, key: string | null): GuideReader => {
    return { origin: baseUrl, tenant: signedIn(req).tenant.slug, key };
  };

  let pictures: Pictures | null = null;
  /** The page's title is the name of the file when the browser saves the guide as a PDF, so it names the connection. */
  const show = (res: Response, capability: Capability, reader: GuideReader) => {
    pictures ??= readPictures();
    const markdown = writeGuide(capability, reader, configuredFacts, pictures);
    const guide = toHtml(markdown, { imageBase: `${paths.guides}/` });
    res.render("guide/customer-guide", { title: `${guide.title} (${reader.key ?? reader.tenant})`, guide });
  };

  router.get(paths.admin.guides, requireAdmin, async (req, res) => {
    const connections = await storeOf(req, database).connections.list();
    res.render("guide/customer-guides", { title: "Guides", connections, capabilities });
  });

  /** The connection that the path names, if it has a guide of the capability. Throws NotFoundError. */
  const connectionOf = async (req: Request, capability: (connection: Connection) => Capability) => {
    const store = storeOf(req, database);
    const connection = await store.connections.byId(String(req.params.connection));
    if (!connection || !capabilities.includes(capability(connection)))
      throw new NotFoundError("There is no such guide.");
    return connection;
  };

  router.get(`${paths.admin.connections}/:connection/guide`, requireAdmin, async (req, res) => {
    const { type, key } = await connectionOf(req, (connection) => connection.type);
    show(res, type, readerOf(req, key));
  });

  router.get(`${paths.admin.connections}/:connection/guide/xaa`, requireAdmin, async (req, res) => {
    const { key } = await connectionOf(req, () => "xaa");
    show(res, "xaa", readerOf(req, key));
  });

  if (capabilities.includes("scim")) {
    router.get(paths.admin.provisioningGuide, requireAdmin, (req, res) => {
      show(res, "scim", readerOf(req, null));
    });
  }
  return router;
}
