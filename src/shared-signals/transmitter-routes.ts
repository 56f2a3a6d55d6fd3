import { Router } from "express";
import { paths, signalTransmitterUrls } from "../endpoints.ts";
import { NotFoundError } from "../errors.ts";
import type { Database } from "../store/database.ts";
import { systemStore } from "../store/system-store.ts";

/** How long receivers may keep our keys, in seconds. Shorter than publishedMs, so that they have a key before it signs. */
const maxAgeSeconds = 300;

/**
 * Our identity as a transmitter: each connection key is an issuer with its own keys, so that no tenant can speak for another
 * one (SSF 1.0 §7). Both documents are missing while the signals are off.
 */
export function transmitterRoutes({ database, baseUrl }: { database: Database; baseUrl: string }): Router {
  const router = Router();
  const keysAt = async (key: string): Promise<string[]> => {
    const keys = await systemStore(database).signalKeysAt(key);
    if (keys.length === 0) throw new NotFoundError("There is no such transmitter.");
    return keys;
  };

  router.get(paths.signalTransmitter(":connection").wellKnown, async (req, res) => {
    await keysAt(req.params.connection as string);
    const { issuer, jwksUri } = signalTransmitterUrls(baseUrl, req.params.connection as string);
    res.set("Cache-Control", `public, max-age=${maxAgeSeconds}`).json({ issuer, jwks_uri: jwksUri });
  });

  router.get(paths.signalTransmitter(":connection").keys, async (req, res) => {
    const keys = (await keysAt(req.params.connection as string)).map((key) => JSON.parse(key) as object);
    res.set("Cache-Control", `public, max-age=${maxAgeSeconds}`).json({ keys });
  });
  return router;
}
