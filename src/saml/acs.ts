import express, {
  type ErrorRequestHandler,
  type Request,
  type RequestHandler,
  type Response,
  Router,
} from "express";
import type { Checks } from "../checks.ts";
import { paths, samlUrls } from "../endpoints.ts";
import { ConflictError, NotFoundError, RefusedError } from "../errors.ts";
import { hashToken } from "../store/secrets.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { localPath } from "../web/guards.ts";
import { endTest } from "../web/sign-in-tests.ts";
import { type Assertion, readAssertion, skewMs } from "./assertion.ts";
import { arrivalOf, toIdentity } from "./attributes.ts";
import { checkEncrypted } from "./decryption.ts";
import { type KeyPair, keyPairsOf } from "./keys.ts";
import { refreshAfterFailure } from "./metadata-refresh.ts";
import { type Expected, type ReceivedResponse, readResponse } from "./response.ts";
import { verifySignatures } from "./service-provider.ts";
import {
  arrivals,
  type SamlDeps,
  type SentRequest,
  sentRequests,
  type Visit,
  visitedByEither,
} from "./visit.ts";

/** Base64 makes four bytes of three, and a form makes three characters of some. */
const bodyLimit = 512 * 1024;

/**
 * The assertion consumer service: where a provider has the browser post its response. The post comes from another site,
 * so that no session is seen here: what the response proves is kept, once, for the browser that brought it, and that
 * browser is sent on to /finish (finish.ts) by a GET, with which its session travels.
 */
export function acsRoutes(deps: SamlDeps): Router {
  const router = Router();
  const { acs, finish } = paths.saml(":connection");
  const form = express.urlencoded({ extended: false, limit: bodyLimit });

  router.post(acs, refuseLarge, form, async (req, res) => {
    const { RelayState: testId } = (req.body ?? {}) as Record<string, unknown>;
    const visit = await visitedByEither(deps, req, testId).catch(asRefused);
    if (visit.testId !== null) return await receiveTest(deps, visit, req, res);
    const ticket = await receive(deps, visit, req, res);
    const next = finish.replace(":connection", visit.connection.key);
    res.redirect(303, `${next}?${new URLSearchParams({ ticket })}`);
  });
  router.all(acs, () => {
    throw new RefusedError("saml-not-a-sign-in");
  });
  router.use(acs, bodyProblem);
  return router;
}

/** A response may be sent to a key that names no SAML connection: whoever sends it learns no more than that. */
function asRefused(error: unknown): never {
  throw error instanceof NotFoundError ? new RefusedError("connection-not-active") : error;
}

/** Keeps what the response proved. Returns the name it is kept under. */
async function receive(deps: SamlDeps, visit: Visit, req: Request, res: Response): Promise<string> {
  return await accept(deps, visit, req, res, async ({ inside, assertion, request, checks }) => {
    const identity = toIdentity(visit.connection, assertion, checks);
    visit.trace.identify(identity, "What it proves waits for the browser that brought it");
    const { RelayState: relayState } = req.body as Record<string, unknown>;
    const returnTo = request ? request.returnTo : localPath(relayState, deps.baseUrl);
    return await arrivals(deps, req, res).leave(inside, visit.connection.id, { identity, returnTo });
  });
}

/** Keeps what the response holds, or what is wrong with it, for whoever started the test. */
async function receiveTest(deps: SamlDeps, visit: Visit, req: Request, res: Response): Promise<void> {
  const arrival = await accept(deps, visit, req, res, async (accepted: Accepted) => {
    const name = "A test answers a request of ours";
    accepted.checks.demand(accepted.request !== null, { reason: "saml-request-unknown", name });
    return arrivalOf(visit, accepted.assertion, accepted.checks);
  }).catch((error: unknown) => {
    if (error instanceof RefusedError) return { values: {}, mapped: [], identity: null, problem: error };
    throw error;
  });
  await endTest(req, res, { ...deps, ...visit }, visit.testId ?? "", arrival);
}

/** What a response that passed everything holds, inside the transaction that uses it up. */
interface Accepted {
  inside: TenantStore;
  assertion: Assertion;
  /** The request that it answers; null when the sign-in began at the provider. */
  request: SentRequest | null;
  checks: Checks;
}

/** Applies the policy (docs/explanation/saml.md). */
async function accept<T>(
  deps: SamlDeps,
  visit: Visit,
  req: Request,
  res: Response,
  keep: (accepted: Accepted) => Promise<T>,
): Promise<T> {
  const { connection, store, trace } = visit;
  const checks: Checks = trace.checks;
  const body = (req.body ?? {}) as Record<string, unknown>;
  const isResponse = Object.keys(req.query).length === 0 && body.SAMLRequest === undefined;
  checks.demand(isResponse && body.SAMLResponse !== undefined, {
    reason: "saml-not-a-sign-in",
    name: "The form holds a response",
  });
  const { acsUrl, entityId } = samlUrls(deps.baseUrl, connection.key);
  const { idpEntityId, signed = "assertion" } = connection.settings;
  const expected: Expected = { acsUrl, entityId, idpEntityId, signed };
  const received = readResponse(body.SAMLResponse, expected, checks);
  const { isSigned, keyPair } = await opened(deps, visit, received, checks);
  checks.demand(isSigned[signed], { reason: "saml-signature-missing", name: `The ${signed} is signed` });
  const xml = await verified(deps, visit, req, res, { ...received, isSigned }, keyPair, checks);
  trace.assertionXml = xml;
  const { inResponseTo } = received;
  const assertion = readAssertion(xml, { ...expected, inResponseTo, now: Date.now() }, checks);
  checks.demand(inResponseTo !== null || connection.settings.idpInitiated !== false, {
    reason: "saml-unsolicited",
    name: "A sign-in may begin at the provider",
  });
  return await store.transaction(async (inside) => {
    await useUp(inside, connection.id, assertion, checks);
    const request =
      inResponseTo === null ? null : await answered(deps, inside, visit, req, res, inResponseTo, checks);
    if (request) checkAnswer(visit, request, assertion, body.RelayState, checks);
    return await keep({ inside, assertion, request, checks });
  });
}

/** What is signed, counting what is inside an encrypted assertion; and the key of ours that opened it. */
async function opened(
  deps: SamlDeps,
  { store, connection }: Visit,
  { encryptedAssertion, isSigned }: ReceivedResponse,
  checks: Checks,
): Promise<{ isSigned: ReceivedResponse["isSigned"]; keyPair: KeyPair | null }> {
  if (!encryptedAssertion) return { isSigned, keyPair: null };
  const accepts = connection.settings.encryptedAssertions ?? false;
  const keyPairs = accepts ? await keyPairsOf(store, deps.sealer, connection, deps.generateKeys) : [];
  const inside = await checkEncrypted(encryptedAssertion, keyPairs, checks);
  return { isSigned: { ...isSigned, assertion: inside.isSigned }, keyPair: inside.keyPair };
}

/** The XML that is signed. A key that changed at the provider is looked for in its metadata, once. */
async function verified(
  deps: SamlDeps,
  visit: Visit,
  req: Request,
  res: Response,
  received: ReceivedResponse,
  keyPair: KeyPair | null,
  checks: Checks,
): Promise<string> {
  const attempt = (connection: Visit["connection"]) =>
    verifySignatures(req, res, deps.baseUrl, connection, received, keyPair);
  return await checks.attempt("A certificate of the connection verifies every signature", () =>
    attempt(visit.connection).catch(async (error: unknown) => {
      const fresh = await refreshAfterFailure(deps, visit);
      if (!fresh) throw error;
      return await attempt(fresh);
    }),
  );
}

/** An assertion works once, at whichever replica (SAML Profiles §4.1.4.5). */
async function useUp(
  store: TenantStore,
  connectionId: string,
  { id, expiresAt }: Assertion,
  checks: Checks,
): Promise<void> {
  const isNew = await store.usedTokens.consume(hashToken(`${connectionId}/${id}`), expiresAt).then(
    () => true,
    (error: unknown) => {
      if (error instanceof ConflictError) return false;
      throw error;
    },
  );
  checks.demand(isNew, { reason: "saml-replayed", name: "The assertion was not used before" });
}

/** The request that is answered: of this browser, this connection and this tenant, and not answered before. */
async function answered(
  deps: SamlDeps,
  store: TenantStore,
  { connection }: Visit,
  req: Request,
  res: Response,
  requestId: string,
  checks: Checks,
): Promise<SentRequest> {
  const request = await sentRequests(deps, req, res)
    .comeBack(store, connection.id, requestId)
    .catch((error: unknown) => {
      if (error instanceof RefusedError) return null;
      throw error;
    });
  checks.demand(request !== null, {
    reason: "saml-request-unknown",
    name: "It answers a request of this browser",
  });
  return request;
}

function checkAnswer(
  { connection }: Visit,
  { relayState, sentAt }: SentRequest,
  { authenticatedAt }: Assertion,
  returned: unknown,
  checks: Checks,
): void {
  // SAML Bindings §3.4.3: what was sent along has to come back as it was.
  checks.demand(returned === relayState, {
    reason: "saml-request-unknown",
    name: "RelayState came back as it was sent",
  });
  const isFresh =
    !connection.settings.forceAuthn || (authenticatedAt !== null && authenticatedAt >= sentAt - skewMs);
  checks.demand(isFresh, {
    reason: "saml-expired",
    name: "The person signed in again, where that was asked",
  });
}

/** What says that it is too large is answered before it is read: the form's parser would wait for its end. */
const refuseLarge: RequestHandler = (req, _res, next) => {
  const isLarge = Number(req.get("content-length") ?? 0) > bodyLimit;
  next(isLarge ? new RefusedError("saml-malformed") : undefined);
};

/** What the form's parser refuses was no response. */
const bodyProblem: ErrorRequestHandler = (error: unknown, _req, _res, next) => {
  const status = (error as { status?: unknown } | null)?.status;
  const isRefused = typeof status === "number" && status >= 400 && status < 500;
  next(isRefused ? new RefusedError("saml-malformed", null, { cause: error }) : error);
};
