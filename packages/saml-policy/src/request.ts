import { randomBytes } from "node:crypto";
import { SAML } from "@node-saml/node-saml";
import type { ServiceProvider } from "./rule.ts";

/** A request to authenticate a person, for the browser to take along. */
export interface LeavingRequest {
  /** From newRequestId(). Keep it: the response has to name it. */
  id: string;
  relayState: string;
  /** The identity provider's address for requests by the binding. */
  ssoUrl: string;
  /** PKCS #8, PEM; null leaves the request unsigned. */
  privateKey: string | null;
}

/** An XML ID begins with a letter or an underscore; this one cannot be guessed (SAML Core §1.3.4). */
export function newRequestId(): string {
  return `_${randomBytes(20).toString("hex")}`;
}

type Sender = Pick<ServiceProvider, "acsUrl" | "entityId" | "certificates" | "forceAuthn">;

/** The provider's address with an AuthnRequest, by the redirect binding (SAML Bindings §3.4). */
export async function authnRequestUrl(sp: Sender, request: LeavingRequest): Promise<string> {
  return await samlFor(sp, request).getAuthorizeUrlAsync(request.relayState, undefined, {});
}

/** The fields of a form that a browser posts to the provider. */
export interface AuthnRequestForm {
  SAMLRequest: string;
  RelayState: string;
}

/** A form with an AuthnRequest, which is signed inside the XML, by the POST binding (SAML Bindings §3.5.4). */
export async function authnRequestForm(sp: Sender, request: LeavingRequest): Promise<AuthnRequestForm> {
  const { relayState: RelayState } = request;
  // Only the redirect binding compresses.
  const saml = samlFor(sp, request, { skipRequestCompression: true });
  const { SAMLRequest } = await saml.getAuthorizeMessageAsync(RelayState, undefined, {});
  return { SAMLRequest: String(SAMLRequest), RelayState };
}

function samlFor(sp: Sender, { id, ssoUrl, privateKey }: LeavingRequest, binding = {}): SAML {
  return new SAML({
    callbackUrl: sp.acsUrl,
    issuer: sp.entityId,
    entryPoint: ssoUrl,
    idpCert: [...sp.certificates],
    ...(privateKey === null ? {} : { privateKey }),
    signatureAlgorithm: "sha256",
    digestAlgorithm: "sha256",
    identifierFormat: null,
    disableRequestedAuthnContext: true,
    forceAuthn: sp.forceAuthn,
    ...binding,
    generateUniqueId: () => id,
    // node-saml's own cache would set a timer for each request; the application keeps its requests.
    cacheProvider: { saveAsync: noValue, getAsync: noValue, removeAsync: noValue },
  });
}

const noValue = () => Promise.resolve(null);
