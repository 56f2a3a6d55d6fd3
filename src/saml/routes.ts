/**
 * SAML 2.0, where this application is the service provider (Web Browser SSO: SAML Profiles §4.1).
 *
 * Owns: /saml/{connection}/login sends the browser to the provider; /acs takes the response that the provider has it
 * post; /finish signs in; /metadata tells the provider about us. sign-in.ts has their steps, and packages/saml-policy has
 * every rule for a response. Single logout is not offered, because Okta does not support it for new integrations: see
 * Universal Logout.
 * May import: the ground floor, trust, directory, store, web, sso and config.
 */
import { type RequestHandler, Router } from "express";
import { newRequestId } from "saml-policy/request";
import { paths } from "../endpoints.ts";
import {
  findConnection,
  lookUpConnection,
  requireActive,
  requireActiveOrTest,
  ssoOf,
} from "../sso/connection.ts";
import { pendingSignIns, signsInAgain } from "../sso/sign-in.ts";
import { endWithError } from "../sso/test-sign-in.ts";
import { randomToken } from "../store/secrets.ts";
import { navigationOnly } from "../web/request.ts";
import type { KeptRequest, SamlDeps, StepDeps } from "./deps.ts";
import { keyPairsOf } from "./keys.ts";
import { leaveByForm } from "./request-form.ts";
import {
  acsSteps,
  authenticateBySaml,
  findForAcs,
  finishSteps,
  formBody,
  notAForm,
  notASignIn,
  refuseLarge,
} from "./sign-in.ts";
import { spMetadata } from "./sp-metadata.ts";

/** The two halves of SAML: mount `acs` before the sessions, because it takes posts from other sites; `pages` after them. */
export function samlRoutes(deps: SamlDeps): { acs: Router; pages: Router } {
  const { login, acs, finish, metadata } = paths.saml(":connection");
  const findSaml = findConnection(deps.database, "saml");
  const activeOrTest = requireActiveOrTest(({ query }) => query.test);
  const authenticate = authenticateBySaml();
  const stepDeps: StepDeps = {
    ...deps,
    requests: pendingSignIns<KeptRequest>(deps, { name: "saml-request", byCrossSitePost: true }),
    acceptedSignIns: pendingSignIns(deps, { name: "saml-arrival", byCrossSitePost: false }),
  };
  const { testOrActive, expectResponse, continueSignIn } = acsSteps(stepDeps);
  const { resumeAccepted, askIfOtherPerson, signIn } = finishSteps(stepDeps);

  const posts = Router();
  const find = findForAcs(findSaml);
  posts.post(acs, refuseLarge, formBody, find, testOrActive, expectResponse, authenticate, continueSignIn);
  posts.all(acs, notASignIn);
  posts.use(acs, notAForm, endWithError(deps.sealer));

  const pages = Router();
  pages.get(login, navigationOnly, findSaml, activeOrTest, beginLogin(stepDeps), leaveByForm, authenticate);
  pages.get(finish, navigationOnly, findSaml, requireActive, resumeAccepted, askIfOtherPerson, signIn);
  pages.post(finish, findSaml, requireActive, resumeAccepted, signIn);
  pages.get(metadata, publishMetadata(deps));
  pages.use(endWithError(deps.sealer));
  return { acs: posts, pages };
}

/** Keeps the request that the browser takes to the provider. */
function beginLogin({ sealer, baseUrl, generateKeys, requests }: StepDeps): RequestHandler {
  return async (req, _res, next) => {
    const { store, connection, testId } = ssoOf(req, "saml");
    const [keyPair] = await keyPairsOf(store, sealer, connection, generateKeys);
    const id = newRequestId();
    // The RelayState of a test is its id, so that even a bad response ends at the right test.
    const relayState = testId ?? randomToken();
    const { returnTo } = req.query;
    const againFor = signsInAgain(req);
    const forceAuthn = againFor !== null || connection.settings.forceAuthn === true;
    const kept = { relayState, returnTo: typeof returnTo === "string" ? returnTo : null, sentAt: Date.now() };
    await requests.begin(req, { ...kept, forceAuthn, againFor }, { id });
    req.saml = { request: { id, relayState, baseUrl, connection, keyPair, forceAuthn } };
    next();
  };
}

/** Drafts have metadata, too: Okta asks for it before it shows its own. */
function publishMetadata({ database, sealer, baseUrl, generateKeys }: SamlDeps): RequestHandler {
  return async (req, res) => {
    const { store, connection } = await lookUpConnection(database, "saml", req.params.connection);
    const keyPairs = await keyPairsOf(store, sealer, connection, generateKeys);
    res.type("application/samlmetadata+xml").send(spMetadata(baseUrl, connection, keyPairs));
  };
}
