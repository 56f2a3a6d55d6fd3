import { type Profile, SAML, type SamlConfig } from "@node-saml/node-saml";
import { AbstractStrategy, type VerifyWithoutRequest } from "@node-saml/passport-saml";
import type { Request, Response } from "express";
import passport from "passport";
import { samlUrls } from "../endpoints.ts";
import { RefusedError } from "../errors.ts";
import type { SamlConnection } from "./attributes.ts";
import type { KeyPair } from "./keys.ts";
import { noCache } from "./no-cache.ts";
import type { ReceivedResponse } from "./response.ts";
import { verifyOnThread } from "./verification.ts";

/** node-saml as passport uses it here: it signs requests, and has signatures verified on another thread. */
class ServiceProvider extends SAML {
  override async validatePostResponseAsync({ SAMLResponse = "" }: Record<string, string>) {
    const { issuer, callbackUrl, idpCert, decryptionPvk } = this.options;
    const { wantAuthnResponseSigned, wantAssertionsSigned } = this.options;
    const xml = await verifyOnThread({
      response: SAMLResponse,
      options: {
        issuer,
        callbackUrl,
        idpCert,
        wantAuthnResponseSigned,
        wantAssertionsSigned,
        ...(decryptionPvk === undefined ? {} : { decryptionPvk }),
      },
    });
    const profile = { issuer: "", nameID: "", nameIDFormat: "", getAssertionXml: () => xml };
    return { profile, loggedOut: false };
  }
}

const handOver: VerifyWithoutRequest = (profile, done) => done(null, { ...profile });
const refuseLogout: VerifyWithoutRequest = (_profile, done) => done(new RefusedError("saml-not-a-sign-in"));

/** passport-saml's strategy for one connection and one request, because passport writes its callbacks into it. */
class ConnectionStrategy extends AbstractStrategy {
  static override readonly newSamlProviderOnConstruct = false;

  constructor(baseUrl: string, { key, settings }: SamlConnection, more: Partial<SamlConfig>) {
    const { acsUrl, entityId } = samlUrls(baseUrl, key);
    const options: SamlConfig = {
      callbackUrl: acsUrl,
      issuer: entityId,
      entryPoint: settings.ssoUrl,
      idpCert: settings.certificates,
      cacheProvider: noCache,
      signatureAlgorithm: "sha256",
      digestAlgorithm: "sha256",
      identifierFormat: null,
      disableRequestedAuthnContext: true,
      forceAuthn: settings.forceAuthn ?? false,
      ...more,
    };
    super(options, handOver, refuseLogout);
    this._saml = new ServiceProvider(options);
  }
}

/** Sends the browser to the provider with a signed AuthnRequest, by the redirect binding (SAML Bindings §3.4). */
export async function leaveForProvider(
  req: Request,
  res: Response,
  baseUrl: string,
  connection: SamlConnection,
  { keyPair, requestId, relayState }: { keyPair: KeyPair; requestId: string; relayState: string },
): Promise<void> {
  const strategy = new ConnectionStrategy(baseUrl, connection, {
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
 * the bytes that are signed: XML of the assertion, or of the response around it. Throws RefusedError `saml-signature-not-valid`.
 */
export async function verifySignatures(
  req: Request,
  res: Response,
  baseUrl: string,
  connection: SamlConnection,
  { isSigned }: ReceivedResponse,
  keyPair: KeyPair | null,
): Promise<string> {
  const strategy = new ConnectionStrategy(baseUrl, connection, {
    wantAuthnResponseSigned: isSigned.response,
    wantAssertionsSigned: isSigned.assertion,
    ...(keyPair ? { decryptionPvk: keyPair.privateKey } : {}),
  });
  const profile = await new Promise<Profile | null>((resolve, reject) => {
    const done = (error: unknown, user: unknown) => (error ? reject(error) : resolve(user as Profile));
    passport.authenticate(strategy, { session: false }, done)(req, res, () => resolve(null));
  });
  const xml = profile?.getAssertionXml?.();
  if (!xml) throw new RefusedError("saml-signature-not-valid");
  return xml;
}
