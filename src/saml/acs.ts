import express, { type ErrorRequestHandler, type Request, type RequestHandler } from "express";
import type { Ports } from "saml-policy/consume";
import type { ServiceProvider } from "saml-policy/rule";
import { paths, samlUrls } from "../endpoints.ts";
import { ConflictError, NotFoundError, RefusedError } from "../errors.ts";
import {
  type ConfiguredConnection,
  requireActive,
  type SsoContext,
  ssoOf,
  useTest,
} from "../sso/connection.ts";
import { endTest } from "../sso/test-sign-in.ts";
import { hashToken } from "../store/secrets.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { localPath } from "../web/guards.ts";
import { testedSignIn, toIdentity } from "./attributes.ts";
import type { KeptRequest, StepDeps } from "./deps.ts";
import { keyPairsOf } from "./keys.ts";
import { refreshCertificates } from "./metadata-refresh.ts";

/** Base64 makes four bytes of three, and the form's encoding makes three characters of some of them. */
const bodyLimit = 512 * 1024;

/** Rejects oversized requests by Content-Length; the body parser would first read the whole upload. */
export const refuseLarge: RequestHandler = (req, _res, next) => {
  const isLarge = Number(req.get("content-length") ?? 0) > bodyLimit;
  next(isLarge ? new RefusedError("saml-malformed") : undefined);
};

export const formBody: RequestHandler = express.urlencoded({ extended: false, limit: bodyLimit });

/** Makes an unknown connection look like an inactive one, so that the ACS does not reveal which keys exist. */
export function findForAcs(find: RequestHandler): RequestHandler {
  return async (req, res, next) => {
    try {
      await find(req, res, next);
    } catch (error) {
      throw error instanceof NotFoundError ? new RefusedError("connection-not-active") : error;
    }
  };
}

/** A body that the parser refuses is not a form with a response. */
export const notAForm: ErrorRequestHandler = (error: unknown, _req, _res, next) => {
  const status = (error as { status?: unknown } | null)?.status;
  const isRefused = typeof status === "number" && status >= 400 && status < 500;
  next(isRefused ? new RefusedError("saml-malformed", null, { cause: error }) : error);
};

export const notASignIn: RequestHandler = () => {
  throw new RefusedError("saml-not-a-sign-in");
};

/**
 * The steps of the assertion consumer service (ACS), to which the provider has the browser post its response. The post
 * comes from another site, so no session is visible here. The accepted response is kept, once, for the browser that
 * brought it, and that browser goes on to /finish by a GET, with which its session travels.
 */
export function acsSteps(deps: StepDeps) {
  const { sealer, baseUrl, arrivals } = deps;

  /** A response belongs to a test if RelayState names one that is under way. Otherwise the connection has to be active. */
  const testOrActive: RequestHandler = async (req, res, next) => {
    const isTest = await useTest(req, (req.body as Record<string, unknown> | undefined)?.RelayState);
    return isTest ? next() : requireActive(req, res, next);
  };

  const expectResponse: RequestHandler = (req, _res, next) => {
    const sso = ssoOf(req, "saml");
    const { connection, testId } = sso;
    req.saml = {
      expected: {
        sp: serviceProviderOf(sso, baseUrl),
        ports: portsOf(deps, req),
        async keep({ assertion, request, relayState }, inside) {
          if (testId !== null) return { tested: testedSignIn(connection, assertion) };
          const identity = toIdentity(connection, assertion);
          req.saml = { ...req.saml, identity };
          const returnTo = request ? request.returnTo : localPath(relayState, baseUrl);
          return { ticket: await arrivals.begin(req, { identity, returnTo }, { store: inside }) };
        },
      },
    };
    next();
  };

  const continueSignIn: RequestHandler = async (req, res) => {
    const { consumedResponse: consumed } = req;
    if (!consumed) throw new Error("the strategy has to run before this step");
    if ("tested" in consumed) return await endTest(req, res, sealer, consumed.tested);
    const { finish } = paths.saml(ssoOf(req).connection.key);
    res.redirect(303, `${finish}?${new URLSearchParams({ ticket: consumed.ticket })}`);
  };

  return { testOrActive, expectResponse, continueSignIn };
}

function serviceProviderOf({ connection, testId }: SsoContext<"saml">, baseUrl: string): ServiceProvider {
  const { settings, key } = connection;
  const { acsUrl, entityId } = samlUrls(baseUrl, key);
  return {
    acsUrl,
    entityId,
    idpEntityId: settings.idpEntityId,
    certificates: settings.certificates,
    signed: settings.signed ?? "assertion",
    acceptsEncrypted: settings.encryptedAssertions ?? false,
    idpInitiated: settings.idpInitiated !== false,
    forceAuthn: settings.forceAuthn ?? false,
    isTest: testId !== null,
  };
}

/** The policy's ports over the tenant's store. */
function portsOf(deps: StepDeps, req: Request): Ports<KeptRequest, TenantStore> {
  const { store, connection } = ssoOf(req, "saml");
  return {
    now: Date.now,
    async decryptionKeys() {
      const keyPairs = await keyPairsOf(store, deps.sealer, connection, deps.generateKeys);
      return keyPairs.map(({ privateKey }) => privateKey);
    },
    refreshCertificates: () => refreshCertificates(store, connection, deps.limits),
    onVerified(signedXml) {
      req.saml = { ...req.saml, signedXml };
    },
    transaction: (work) =>
      store.transaction((inside) =>
        work(
          {
            replay: { consume: (id, expiresAt) => consumeAssertion(inside, connection, id, expiresAt) },
            requests: { take: (id) => deps.requests.resume(req, id, inside) },
          },
          inside,
        ),
      ),
  };
}

/** Returns false if the assertion was consumed before, at this replica or another. */
async function consumeAssertion(
  store: TenantStore,
  { id: connectionId }: ConfiguredConnection,
  assertionId: string,
  expiresAt: number,
): Promise<boolean> {
  try {
    await store.usedTokens.consume(hashToken(`${connectionId}/${assertionId}`), expiresAt);
    return true;
  } catch (error) {
    if (error instanceof ConflictError) return false;
    throw error;
  }
}
