import type { Profile, SamlConfig } from "@node-saml/node-saml";
import { Strategy, type VerifyWithoutRequest } from "@node-saml/passport-saml";
import type { Request, Response } from "express";
import passport from "passport";
import { samlUrls } from "../endpoints.ts";
import { RefusedError } from "../errors.ts";
import type { SamlConnection } from "./attributes.ts";
import type { KeyPair } from "./keys.ts";
import type { ReceivedResponse } from "./response.ts";

/** Nothing is remembered by node-saml: requests and assertions are kept in the database, where all replicas see them. */
const noCache = {
  saveAsync: () => Promise.resolve(null),
  getAsync: () => Promise.resolve(null),
  removeAsync: () => Promise.resolve(null),
};

/**
 * passport-saml's strategy for one connection and one request, because passport writes its callbacks into it. node-saml
 * signs requests and verifies signatures; what a verified assertion may say is the policy of this room (assertion.ts), so
 * node-saml's own looser checks are switched off, and every rule stands in one place.
 */
function strategyFor(
  baseUrl: string,
  { key, settings }: SamlConnection,
  more: Partial<SamlConfig>,
): Strategy {
  const { acsUrl, entityId } = samlUrls(baseUrl, key);
  const options = {
    ...{ callbackUrl: acsUrl, issuer: entityId, entryPoint: settings.ssoUrl, idpCert: settings.certificates },
    ...({ signatureAlgorithm: "sha256", digestAlgorithm: "sha256" } as const),
    ...{ identifierFormat: null, disableRequestedAuthnContext: true },
    ...{ audience: false as const, acceptedClockSkewMs: -1, cacheProvider: noCache },
    forceAuthn: settings.forceAuthn ?? false,
    ...more,
  };
  return new Strategy(options, handOver, refuseLogout);
}

const handOver: VerifyWithoutRequest = (profile, done) => done(null, { ...profile });
const refuseLogout: VerifyWithoutRequest = (_profile, done) => done(new RefusedError("saml-not-a-sign-in"));

/** Sends the browser to the provider with a signed AuthnRequest, by the redirect binding (SAML Bindings §3.4). */
export async function leaveForProvider(
  req: Request,
  res: Response,
  baseUrl: string,
  connection: SamlConnection,
  { keyPair, requestId, relayState }: { keyPair: KeyPair; requestId: string; relayState: string },
): Promise<void> {
  const strategy = strategyFor(baseUrl, connection, {
    privateKey: keyPair.privateKey,
    generateUniqueId: () => requestId,
    additionalAuthorizeParams: { RelayState: relayState },
  });
  await new Promise<void>((resolve, reject) => {
    res.once("finish", resolve);
    passport.authenticate(strategy, { session: false }, reject)(req, res, reject);
  });
}

/**
 * Verifies every signature of a response with the connection's certificates, never with one that came along, and returns
 * the XML of the assertion from the bytes that are signed. Throws RefusedError `saml-signature-not-valid`.
 */
export async function verifySignatures(
  req: Request,
  res: Response,
  baseUrl: string,
  connection: SamlConnection,
  { isSigned }: ReceivedResponse,
  keyPair: KeyPair | null,
): Promise<string> {
  const strategy = strategyFor(baseUrl, connection, {
    wantAuthnResponseSigned: isSigned.response,
    wantAssertionsSigned: isSigned.assertion,
    ...(keyPair ? { decryptionPvk: keyPair.privateKey } : {}),
  });
  const profile = await new Promise<Profile | null>((resolve, reject) => {
    const done = (error: unknown, user: unknown) =>
      error
        ? reject(new RefusedError("saml-signature-not-valid", null, { cause: error }))
        : resolve(user as Profile);
    passport.authenticate(strategy, { session: false }, done)(req, res, () => resolve(null));
  });
  const xml = profile?.getAssertionXml?.();
  if (!xml) throw new RefusedError("saml-signature-not-valid");
  return xml;
}
