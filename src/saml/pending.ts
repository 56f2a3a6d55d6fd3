import type { SentRequest } from "saml-policy/assertion-rules";
import type { IdentifiedLogin } from "../sso/finish.ts";
import { type PendingSignIns, pendingSignIns } from "../sso/pending.ts";
import type { Sealer } from "../store/secrets.ts";

/** A request that was sent, as it is kept until the response comes. */
export interface KeptRequest extends SentRequest {
  returnTo: string | null;
}

interface PendingDeps {
  sealer: Sealer;
  baseUrl: string;
}

/** Requests on their way to the provider, whose site posts the response. */
export function sentRequests(deps: PendingDeps): PendingSignIns<KeptRequest> {
  return pendingSignIns<KeptRequest>(deps, { name: "saml-request", byCrossSitePost: true });
}

/** Accepted responses on their way from the ACS, which sees no session, to /finish, which does. */
export function arrivals(deps: PendingDeps): PendingSignIns<IdentifiedLogin> {
  return pendingSignIns<IdentifiedLogin>(deps, { name: "saml-arrival", byCrossSitePost: false });
}
