import type { SentRequest } from "saml-policy/assertion-rules";
import type { IdentifiedLogin } from "../sso/finish.ts";
import type { PendingSignIns } from "../sso/pending.ts";
import type { Database } from "../store/database.ts";
import type { Sealer } from "../store/secrets.ts";
import type { FetchLimits } from "../trust/guarded-fetch.ts";
import type { GenerateKeys } from "./keys.ts";

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
}

/** The dependencies of the steps. */
export interface StepDeps extends SamlDeps {
  /** Requests on their way to the provider, whose site posts the response. */
  requests: PendingSignIns<KeptRequest>;
  /** Accepted responses on their way from the ACS, which sees no session, to /finish, which does. */
  arrivals: PendingSignIns<IdentifiedLogin>;
}
