/**
 * SAML 2.0, where this application is the service provider (Web Browser SSO: SAML Profiles §4.1).
 *
 * Owns: /saml/{connection}/login, /acs, /finish and /metadata. A response passes well-formed.ts, response.ts,
 * signatures.ts and decryption.ts before a signature is verified (service-provider.ts, on the threads of verification.ts),
 * and assertion.ts and attributes.ts after that; finish.ts signs in. Single logout is not offered (Okta supports none):
 * see Universal Logout. May import: the ground floor, trust, directory, store and web.
 */
import { randomBytes } from "node:crypto";
import { type Request, type Response, Router } from "express";
import { paths } from "../endpoints.ts";
import { RefusedError } from "../errors.ts";
import { randomToken } from "../store/secrets.ts";
import { acsRoutes } from "./acs.ts";
import { finishRoutes } from "./finish.ts";
import { keyPairsOf } from "./keys.ts";
import { leaveForProvider } from "./service-provider.ts";
import { spMetadata } from "./sp-metadata.ts";
import { connectionOf, type SamlDeps, sentRequests, type Visit, visited, visitedByTest } from "./visit.ts";

export type { SamlDeps } from "./visit.ts";

/** The two halves of SAML: `acs` stands before the sessions, because it takes posts from other sites; `pages` behind. */
export function samlRoutes(deps: SamlDeps): { acs: Router; pages: Router } {
  const pages = Router();
  const { login, metadata } = paths.saml(":connection");

  pages.get(login, async (req, res) => {
    const { test, returnTo } = req.query;
    const visit = test === undefined ? await visited(deps, req) : await visitedByTest(deps, req, test);
    if (!visit) throw new RefusedError("sign-in-not-started-here");
    await leave(deps, visit, req, res, typeof returnTo === "string" ? returnTo : null);
  });

  // Served for drafts, too: Okta needs it before it gives its own.
  pages.get(metadata, async (req, res) => {
    const { store, connection } = await connectionOf(deps, req);
    const keyPairs = await keyPairsOf(store, deps.sealer, connection, deps.generateKeys);
    res.type("application/samlmetadata+xml").send(spMetadata(deps.baseUrl, connection, keyPairs));
  });

  pages.use(finishRoutes(deps));
  return { acs: acsRoutes(deps), pages };
}

async function leave(
  deps: SamlDeps,
  { store, connection, testId, trace }: Visit,
  req: Request,
  res: Response,
  returnTo: string | null,
): Promise<void> {
  const [keyPair] = await keyPairsOf(store, deps.sealer, connection, deps.generateKeys);
  // An ID of XML begins with a letter or an underscore, and cannot be guessed (SAML Core §1.3.4).
  const requestId = `_${randomBytes(20).toString("hex")}`;
  // A test is known by it when the answer comes, whatever else is wrong with that.
  const relayState = testId ?? randomToken();
  const kept = { relayState, returnTo, sentAt: Date.now() };
  await sentRequests(deps, req, res).leave(store, connection.id, kept, requestId);
  trace.passed = "The browser is sent to the provider";
  await leaveForProvider(req, res, deps.baseUrl, connection, { keyPair, requestId, relayState });
}
