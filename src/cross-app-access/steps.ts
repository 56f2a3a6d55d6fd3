import { judge } from "policy-list/policy";
import { crossAppAccessUrls } from "../endpoints.ts";
import { UnavailableError } from "../errors.ts";
import type { OidcSettings, SamlSettings } from "../model.ts";
import type { Database } from "../store/database.ts";
import { systemStore } from "../store/system-store.ts";
import { forTenant } from "../store/tenant-store.ts";
import { type AssertionVerifier, issuerOf, readAssertion, subjectAt } from "./assertion.ts";
import { issueAccess, wordsIn } from "./issue.ts";
import { assertionRules, connectionRules, grantRules, resourceRules, switchRules } from "./policy.ts";
import { known, type TokenRequest } from "./token-request.ts";

export interface AssertionDeps {
  database: Database;
  baseUrl: string;
  /** Verifies an assertion with the keys of one connection. */
  verifyAssertion: AssertionVerifier;
}

/** The steps that judge an assertion, apart from HTTP. Each throws RuleBrokenError. */
export type Step = (request: TokenRequest) => void | Promise<void>;

export const requireGrant: Step = (request) => {
  const grantType = request.parameters.get("grant_type") ?? "";
  const token = request.parameters.get("assertion") ?? "";
  request.assertion = readAssertion(token);
  judge(grantRules, {
    grantType,
    assertion: token,
    isReadable: request.assertion !== null,
    mistyped: request.assertion?.mistyped ?? [],
  });
};

/**
 * Finds the connection by the issuer, and only then looks at a key.
 * @param onlyTenantId the one tenant whose connections are looked at; null for all.
 */
export function findConnection(
  { database, baseUrl }: AssertionDeps,
  onlyTenantId: string | null = null,
): Step {
  return async (request) => {
    const [assertion, client] = [known(request.assertion), known(request.client)];
    const { aud_tenant: key } = assertion.claims;
    const ofIssuer = await systemStore(database).connectionsOfIssuer(issuerOf(assertion));
    request.ofIssuer = ofIssuer.filter(({ tenantId }) => [null, tenantId].includes(onlyTenantId));
    const ofClient = request.ofIssuer.filter(({ tenantId }) => [null, tenantId].includes(client.tenantId));
    const ofTenant = ofClient.filter(({ connection }) => key === undefined || connection.key === key);
    const ofSubject = ofTenant.flatMap((one) => {
      const subject = subjectAt(assertion, one.connection, baseUrl);
      return subject === null ? [] : [{ ...one, subject }];
    });
    judge(connectionRules, {
      ofIssuer: request.ofIssuer.length,
      ofClient: ofClient.length,
      ofTenant: ofTenant.length,
      ofSubject: ofSubject.length,
    });
    const [only = null] = ofSubject;
    request.found = only;
    judge(switchRules, { isOn: only?.connection.settings?.crossAppAccess !== false });
  };
}

export function verifyAssertion({ baseUrl, verifyAssertion: verify }: AssertionDeps): Step {
  return async (request) => {
    const [assertion, { connection }] = [known(request.assertion), known(request.found)];
    // The store found the connection by the issuer in its settings.
    const settings = known<OidcSettings | SamlSettings>(connection.settings);
    const finding = await verify(assertion, settings).catch((error: unknown) => {
      if (!(error instanceof UnavailableError)) throw error;
      return { ruleId: "keys-available", found: error.message };
    });
    request.isVerified = finding === null;
    judge(assertionRules, {
      finding,
      typ: assertion.typ,
      claims: assertion.claims,
      issuer: crossAppAccessUrls(baseUrl).issuer,
      clientId: known(request.client).clientId,
      now: Date.now() / 1000,
    });
  };
}

/** The origin is another name of the API: clients use it that know no more than where we are. */
export function requireResource(baseUrl: string): Step {
  const { apiResource, mcpResource } = crossAppAccessUrls(baseUrl);
  const identifiers = new Map([[baseUrl, apiResource]]);
  for (const own of [apiResource, mcpResource]) identifiers.set(own, own);
  const ownOf = (named: readonly string[]) => named.map((one) => identifiers.get(one) ?? null);
  return (request) => {
    const granted = ownOf([known(request.assertion).claims.resource ?? apiResource].flat());
    const asked = ownOf(request.resources);
    judge(resourceRules, {
      areOurs: !granted.includes(null),
      areCovered: asked.every((one) => one !== null && granted.includes(one)),
    });
    const resources = (asked.length > 0 ? asked : granted).filter((one) => one !== null);
    request.target = { resources: [...new Set(resources)], isOnce: resources.includes(mcpResource) };
  };
}

/** Decides about the person and the scopes, and issues the token. */
export function issueToken(database: Database, requestId: string): Step {
  return async (request) => {
    const { tenantId, connection, subject } = known(request.found);
    request.issued = await issueAccess(forTenant(database, tenantId), {
      client: known(request.client),
      connection,
      claims: known(request.assertion).claims,
      subject,
      ...known(request.target),
      keyThumbprint: request.keyThumbprint,
      scopes: wordsIn(request.parameters.get("scope")),
      requestId,
    });
  };
}
