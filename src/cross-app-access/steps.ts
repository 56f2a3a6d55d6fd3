import type { Request } from "express";
import { judge } from "policy-list/policy";
import { crossAppAccessUrls } from "../endpoints.ts";
import { UnavailableError } from "../errors.ts";
import type { Connection, ConnectionSettings } from "../model.ts";
import { requireStep, type TokenRequest, tokenRequestOf, wordsIn } from "../oauth/token-request.ts";
import type { Database } from "../store/database.ts";
import { systemStore } from "../store/system-store.ts";
import { forTenant } from "../store/tenant-store.ts";
import { orgNames } from "../trust/issuer-names.ts";
import {
  type Assertion,
  type AssertionVerifier,
  type ConnectionOfIssuer,
  issuerOf,
  readAssertion,
} from "./assertion.ts";
import { type IssuedAccess, issueAccess } from "./issue.ts";
import { assertionRules, connectionRules, grantRules, resourceRules, switchRules } from "./policy.ts";
import { namesConnection, provesOrg, subjectAt } from "./subject.ts";

export interface AssertionDeps {
  database: Database;
  baseUrl: string;
  /** Verifies an assertion with the keys of one connection. */
  verifyAssertion: AssertionVerifier;
}

/** A token request with an assertion, and the findings of the steps. The inspector reads it once the response is sent. */
export interface AssertionRequest extends TokenRequest {
  assertion: Assertion | null;
  /** The active connections of the assertion's issuer, in any tenant. */
  ofIssuer: ConnectionOfIssuer[];
  /** Those of them that the org knows. Only their tenants may see a request that is refused. */
  ofOrg: ConnectionOfIssuer[];
  /** The one that the assertion is about, and the person's name there. */
  found: (ConnectionOfIssuer & { subject: string }) | null;
  /** Whether the org's key verified the assertion. */
  isVerified: boolean;
  /** The resources that the token is for, and whether the assertion can be used once only. */
  target: { resources: readonly string[]; isOnce: boolean } | null;
  /** Of the key that the token is bound to. */
  keyThumbprint: string | null;
  issued: IssuedAccess | null;
}

declare module "express-serve-static-core" {
  interface Request {
    assertionRequest?: AssertionRequest;
  }
}

/** Adds empty findings to a request, which stays the same object. */
export function newAssertionRequest(request: TokenRequest): AssertionRequest {
  return Object.assign(request, {
    assertion: null,
    ofIssuer: [],
    ofOrg: [],
    found: null,
    isVerified: false,
    target: null,
    keyThumbprint: null,
    issued: null,
  });
}

/** The request of this grant; at the first call, one without findings. */
export function assertionRequestOf(req: Request): AssertionRequest {
  req.assertionRequest ??= newAssertionRequest(tokenRequestOf(req));
  return req.assertionRequest;
}

/** The steps that judge an assertion, apart from HTTP. Each throws RuleBrokenError. */
export type Step = (request: AssertionRequest) => void | Promise<void>;

export const requireGrant: Step = (request) => {
  const token = request.parameters.get("assertion") ?? "";
  request.assertion = readAssertion(token);
  judge(grantRules, {
    assertion: token,
    isReadable: request.assertion !== null,
    mistyped: request.assertion?.mistyped ?? [],
  });
};

/**
 * Finds the connection by the issuer, and only then looks at a key.
 * @param onlyTenantId the one tenant whose connections are looked at; null for all.
 */
export function findIssuersConnection(
  { database, baseUrl }: AssertionDeps,
  onlyTenantId: string | null = null,
): Step {
  return async (request) => {
    const [assertion, client] = [requireStep(request.assertion), requireStep(request.client)];
    const { aud_tenant: key } = assertion.claims;
    const ofIssuer = await systemStore(database).connectionsOfIssuer(issuerOf(assertion));
    request.ofIssuer = ofIssuer.filter(({ tenantId }) => [null, tenantId].includes(onlyTenantId));
    const ofClient = request.ofIssuer.filter(({ tenantId }) => [null, tenantId].includes(client.tenantId));
    const ofTenant = ofClient.filter(({ connection }) => key === undefined || connection.key === key);
    const ofSubject = ofTenant.flatMap((one) => {
      const subject = subjectAt(assertion, one.connection, baseUrl);
      return subject === null ? [] : [{ ...one, subject }];
    });
    request.ofOrg = await knownToOrg({ database, baseUrl }, assertion, request.ofIssuer);
    const isOwn = client.tenantId !== null;
    const ofOrg = ofSubject.filter(({ connection }) => isOwn || request.ofOrg.some(sameAs(connection)));
    judge(connectionRules, {
      ofIssuer: request.ofIssuer.length,
      ofClient: ofClient.length,
      ofTenant: ofTenant.length,
      ofSubject: ofSubject.length,
      ofOrg: ofOrg.length,
    });
    const [only = null] = ofOrg;
    request.found = only;
    judge(switchRules, { isOn: only?.connection.settings?.crossAppAccess !== false });
  };
}

/**
 * The connections that the org itself knows. An attacker may connect their tenant to another customer's org: no one signs in by
 * that connection, but it would read what agents send, or keep them out of the right tenant. So the assertion names the tenant
 * or the service provider, or a person has signed in with this issuer. An org's other name is not proved by a sign-in.
 */
async function knownToOrg(
  { database, baseUrl }: Pick<AssertionDeps, "database" | "baseUrl">,
  assertion: Assertion,
  connections: readonly ConnectionOfIssuer[],
): Promise<ConnectionOfIssuer[]> {
  const { aud_tenant: key } = assertion.claims;
  const vouched: ConnectionOfIssuer[] = [];
  for (const one of connections) {
    const { connection, tenantId } = one;
    const isNamed = connection.key === key || namesConnection(assertion, connection, baseUrl);
    const isProved =
      provesOrg(connection) &&
      orgNames(connection.settings)[0] === issuerOf(assertion) &&
      (connection.testedAt !== null ||
        (await forTenant(database, tenantId).identities.haveSignedIn(connection.id)));
    if (isNamed || isProved) vouched.push(one);
  }
  return vouched;
}

const sameAs =
  ({ id }: Connection) =>
  ({ connection }: ConnectionOfIssuer) =>
    connection.id === id;

export function verifyAssertion({ baseUrl, verifyAssertion: verify }: AssertionDeps): Step {
  return async (request) => {
    const [assertion, { connection }] = [requireStep(request.assertion), requireStep(request.found)];
    // The store found the connection by the issuer in its settings.
    const settings = requireStep<ConnectionSettings>(connection.settings);
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
      clientId: requireStep(request.client).clientId,
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
    const granted = ownOf([requireStep(request.assertion).claims.resource ?? apiResource].flat());
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
    const { tenantId, connection, subject } = requireStep(request.found);
    request.issued = await issueAccess(forTenant(database, tenantId), {
      client: requireStep(request.client),
      connection,
      claims: requireStep(request.assertion).claims,
      subject,
      ...requireStep(request.target),
      keyThumbprint: request.keyThumbprint,
      scopes: wordsIn(request.parameters.get("scope")),
      requestId,
    });
  };
}
