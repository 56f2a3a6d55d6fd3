import { type Profile, SAML, type SamlConfig } from "@node-saml/node-saml";
import { AbstractStrategy, type VerifyWithoutRequest } from "@node-saml/passport-saml";
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
 * node-saml as this room uses it: it signs requests and verifies signatures. What was signed is handed over as it is,
 * before node-saml judges it by rules that are looser than ours (assertion.ts), so that every rule stands in one place.
 */
class SignedMessages extends SAML {
  /** What was signed is parsed once, by whoever reads it; node-saml is needed for what it has to decrypt. */
  protected override async getSignedAssertion(signedXml: string): Promise<string | null> {
    return this.options.decryptionPvk ? await super.getSignedAssertion(signedXml) : signedXml;
  }

  protected override processValidlySignedAssertionAsync(xml: string) {
    const profile = { issuer: "", nameID: "", nameIDFormat: "", getAssertionXml: () => xml };
    return Promise.resolve({ profile, loggedOut: false });
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
      ...{ callbackUrl: acsUrl, issuer: entityId, entryPoint: settings.ssoUrl },
      ...{ idpCert: settings.certificates, cacheProvider: noCache },
      ...{ signatureAlgorithm: "sha256", digestAlgorithm: "sha256" },
      ...{ identifierFormat: null, disableRequestedAuthnContext: true },
      forceAuthn: settings.forceAuthn ?? false,
      ...more,
    };
    super(options, handOver, refuseLogout);
    this._saml = new SignedMessages(options);
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
