import { AbstractStrategy } from "@node-saml/passport-saml";
import type { Request, RequestHandler } from "express";
import passport from "passport";
import { type AcceptedResponse, consume, type Ports } from "saml-policy/consume";
import { authnRequestUrl } from "saml-policy/request";
import type { ServiceProvider } from "saml-policy/rule";
import type { TestedSignIn } from "../directory/sign-in-tests.ts";
import { samlUrls } from "../endpoints.ts";
import { RefusedError, refusalOf } from "../errors.ts";
import type { ExternalIdentity } from "../model.ts";
import type { IdentifiedLogin } from "../sso/finish.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import type { SamlConnection } from "./attributes.ts";
import type { KeptRequest } from "./deps.ts";
import type { KeyPair } from "./keys.ts";

/** A browser that leaves: the request that it takes along. */
interface AuthnRequest {
  id: string;
  relayState: string;
  baseUrl: string;
  connection: SamlConnection;
  keyPair: KeyPair;
}

/** An accepted response: kept for the browser's next step, or the result of a test. */
type ConsumedResponse = { ticket: string } | { tested: TestedSignIn };

/** A browser that comes back: how to judge what it posts. */
interface ExpectedResponse {
  sp: ServiceProvider;
  ports: Ports<KeptRequest, TenantStore>;
  keep(accepted: AcceptedResponse<KeptRequest>, inside: TenantStore): Promise<ConsumedResponse>;
}

/** The values that the steps of one request share. The inspector reads them, too. */
interface SamlSteps {
  request?: AuthnRequest;
  expected?: ExpectedResponse;
  /** The XML that the signatures vouch for, once they are verified. */
  signedXml?: string;
  /** The person, once the response is accepted. */
  identity?: ExternalIdentity;
  arrival?: IdentifiedLogin;
}

declare module "express-serve-static-core" {
  interface Request {
    saml?: SamlSteps;
    /** Set by the strategy once the response is consumed. */
    consumedResponse?: ConsumedResponse;
  }
}

/** The service provider as a passport strategy: it redirects a browser that leaves, and judges what one brings back. */
class SamlStrategy extends AbstractStrategy {
  static override readonly newSamlProviderOnConstruct = false;

  constructor() {
    super({ callbackUrl: "", issuer: "", idpCert: "" }, neverCalled, neverCalled);
  }

  override authenticate(req: Request): void {
    const { request, expected } = req.saml ?? {};
    const work = expected
      ? consume({ form: req.body ?? {}, query: req.query }, expected.sp, expected.ports, expected.keep).then(
          (consumed) => this.success(consumed),
        )
      : request && signedRequestUrl(request).then((url) => this.redirect(url));
    if (!work) throw new Error("a request or an expected response is needed before the strategy runs");
    work.catch((error: unknown) => this.error(refusalOf(error) as Error));
  }
}

/** passport-saml would call it for messages that it reads itself; here it reads none. */
function neverCalled(): void {
  throw new RefusedError("saml-not-a-sign-in");
}

/** The provider's address with a signed AuthnRequest. */
async function signedRequestUrl(request: AuthnRequest): Promise<string> {
  const { id, relayState, baseUrl, connection, keyPair } = request;
  const { ssoUrl, certificates, forceAuthn = false } = connection.settings;
  const sp = { ...samlUrls(baseUrl, connection.key), certificates, forceAuthn };
  return await authnRequestUrl(sp, { id, relayState, ssoUrl, privateKey: keyPair.privateKey });
}

/** Passport's middleware around the strategy. It is a passport of its own, so that nothing is registered globally. */
export function authenticateBySaml(): RequestHandler {
  const own = new passport.Passport().use("saml", new SamlStrategy());
  return own.authenticate("saml", {
    session: false,
    assignProperty: "consumedResponse",
    authInfo: false,
  }) as RequestHandler;
}
