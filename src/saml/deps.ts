import type { SentRequest } from "saml-policy/assertion-rules";
import type { AcceptedResponse, Ports } from "saml-policy/consume";
import type { AuthnRequestForm } from "saml-policy/request";
import type { ServiceProvider } from "saml-policy/rule";
import type { TestedSignIn } from "../directory/sign-in-tests.ts";
import type { ExternalIdentity } from "../model.ts";
import type { ConfiguredConnection } from "../sso/connection.ts";
import type { IdentifiedLogin, PendingSignIns } from "../sso/sign-in.ts";
import type { Database } from "../store/database.ts";
import type { Sealer } from "../store/secrets.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import type { FetchLimits } from "../trust/guarded-fetch.ts";
import type { GenerateKeys } from "../trust/rsa-keys.ts";
import type { KeyPair } from "./keys.ts";

export type SamlConnection = ConfiguredConnection<"saml">;

export interface SamlDeps {
  database: Database;
  sealer: Sealer;
  generateKeys: GenerateKeys;
  baseUrl: string;
  /** For metadata URLs. */
  limits: FetchLimits;
}

/** A request that was sent, as it is kept until the response comes. */
export interface KeptRequest extends SentRequest {
  returnTo: string | null;
  /** See IdentifiedLogin. */
  againFor: string | null;
}

/** The dependencies of the steps. */
export interface StepDeps extends SamlDeps {
  /** Requests on their way to the provider, whose site posts the response. */
  requests: PendingSignIns<KeptRequest>;
  /** Accepted responses on their way from the ACS, which sees no session, to /finish, which does. */
  acceptedSignIns: PendingSignIns<IdentifiedLogin>;
}

/** A browser that leaves: the request that it takes along. */
export interface AuthnRequest {
  id: string;
  relayState: string;
  baseUrl: string;
  connection: SamlConnection;
  keyPair: KeyPair;
  /** Whether the person has to sign in even though they have a session at the provider. */
  forceAuthn: boolean;
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
  /** The form by which the request leaves, if the provider takes it by POST only. */
  form?: AuthnRequestForm;
  expected?: ExpectedResponse;
  /** The XML that the signatures vouch for, once they are verified. */
  signedXml?: string;
  /** The person, once the response is accepted. */
  identity?: ExternalIdentity;
  accepted?: IdentifiedLogin;
  /** The ticket under which the accepted sign-in is kept while the person is asked. */
  nextTicket?: string;
}

declare module "express-serve-static-core" {
  interface Request {
    saml?: SamlSteps;
    /** Set by the strategy once the response is consumed. */
    consumedResponse?: ConsumedResponse;
  }
}
