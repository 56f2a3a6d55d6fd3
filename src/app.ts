import express, { type Express, type RequestHandler, type Router } from "express";
import type { Metric } from "prom-client";
import { incomingWebhooks } from "../config/webhooks.ts";
import { adminRoutes } from "./admin/routes.ts";
import type { Config } from "./config.ts";
import { assertionVerifier } from "./cross-app-access/assertion.ts";
import { resourceMetadataRoutes } from "./cross-app-access/metadata.ts";
import { crossAppAccessGrant } from "./cross-app-access/routes.ts";
import { type CallCounter, noCallCounter } from "./directory/call-counter.ts";
import { mailsOf } from "./directory/mails.ts";
import { type PasswordCost, passwordHasher } from "./directory/password-hash.ts";
import { refusalRecorder } from "./directory/sign-in-activity.ts";
import { paths } from "./endpoints.ts";
import { forwardAuthRoutes } from "./forward-auth/routes.ts";
import { customerGuideRoutes } from "./guide/customer-routes.ts";
import { guideRoutes } from "./guide/routes.ts";
import { recordAgentCalls } from "./inspector/describe/agent-calls.ts";
import { recordCrossAppAccess } from "./inspector/describe/cross-app-access.ts";
import { recordOidc } from "./inspector/describe/oidc.ts";
import { recordSaml } from "./inspector/describe/saml.ts"; // SAML
import { recordScim } from "./inspector/describe/scim.ts";
import { recordScimAuthorization } from "./inspector/describe/scim-authorization.ts";
import { recordSharedSignals } from "./inspector/describe/shared-signals.ts";
import { recordSignOut } from "./inspector/describe/sign-out.ts";
import { recordStreamManagement } from "./inspector/describe/stream-management.ts";
import { recordUniversalLogout } from "./inspector/describe/universal-logout.ts";
import { inspectorRoutes } from "./inspector/routes.ts";
import type { Log } from "./log.ts";
import { oauthRoutes } from "./oauth/routes.ts";
import { oidcRoutes } from "./oidc/routes.ts";
import { signOutUrlOf } from "./oidc/sign-out.ts";
import {
  activityTargets,
  apiOperations,
  apiRouters,
  mcpTools,
  productRoutes,
  webhookReceivers,
} from "./product.ts";
import { noRecorder, type Recorder } from "./recording.ts";
import { samlRoutes } from "./saml/routes.ts"; // SAML
import { scimRoutes } from "./scim/routes.ts";
import { consentRoutes } from "./scim-authorization/consent.ts";
import { provisioningGrants, tokenRevocation } from "./scim-authorization/grants.ts";
import { sharedSignalsRoutes } from "./shared-signals/routes.ts";
import { setVerifier } from "./shared-signals/token.ts";
import { transmitterRoutes } from "./shared-signals/transmitter-routes.ts";
import { recordRefusals } from "./sso/refusals.ts";
import type { Database } from "./store/database.ts";
import { sealer } from "./store/secrets.ts";
import { sessionStore } from "./store/session-store.ts";
import { configuredLimits } from "./trust/guarded-fetch.ts";
import { keyStore } from "./trust/jwks.ts";
import { oidcProviders } from "./trust/openid-providers.ts";
import { type GenerateKeys, generateRsaKeys } from "./trust/rsa-keys.ts";
import { type TxtLookup, txtLookup } from "./trust/txt-records.ts";
import { universalLogoutRoutes } from "./universal-logout/routes.ts";
import { tokenVerifier } from "./universal-logout/token.ts";
import { accountRoutes } from "./web/account.ts";
import { apiRoutes } from "./web/api.ts";
import { assets } from "./web/assets.ts";
import { errorPages, pageNotFound } from "./web/error-pages.ts";
import { leadToForm } from "./web/form-addresses.ts";
import { homeRoutes } from "./web/home.ts";
import { type HostRouter, hostRouters } from "./web/host-routers.ts";
import { knownDevices } from "./web/known-devices.ts";
import { localSignIns } from "./web/local-sign-in.ts";
import { loginRoutes } from "./web/login.ts";
import { mcpRoutes } from "./web/mcp.ts";
import { operations } from "./web/operations.ts";
import { organisationRoutes } from "./web/organisations.ts";
import { parkedSessions } from "./web/parked-sessions.ts";
import { passwordLimits } from "./web/password-limits.ts";
import { formBodies, ownOrganisation, refuseNul, requestContext, sameOrigin } from "./web/request.ts";
import { secondStepRoutes } from "./web/second-step.ts";
import { secondStepAccountRoutes } from "./web/second-step-account.ts";
import { securityHeaders } from "./web/security-headers.ts";
import { loadPerson, offerParked, sessionCookie } from "./web/sessions.ts";
import { setupRoutes } from "./web/setup.ts";
import { compressPages, pageContext, setUpViews } from "./web/views.ts";
import { webAuthn } from "./web/webauthn.ts";
import { webhookRoutes } from "./web/webhooks.ts";

export interface AppDeps {
  config: Config;
  database: Database;
  log: Log;
  /** Shows the tenants what their identity provider says, and what was said to it. */
  recorder?: Recorder;
  /** Counts the calls of provisioning clients. */
  calls?: CallCounter;
  /** Figures of background work for /metrics. */
  metrics?: readonly Metric[];
  /** Where domains are proved: the system's DNS. */
  lookUpTxt?: TxtLookup;
  /** Of new passwords. Only tests lower it; see directory/password-hash.ts. */
  passwordCost?: PasswordCost;
  /** The source of the keys with which the application signs. Only tests give one. */
  generateKeys?: GenerateKeys;
  /** Routers of a product that this application is embedded into. */
  hostRouters?: readonly HostRouter[];
  /** Pages of a program around this one. Absent in production. */
  extraRoutes?: Router;
  /** Adds that program's parts to our pages. Runs first, so that also the refusal of a request without a session has them. */
  dress?: RequestHandler;
  /** Traces each request. Absent without a collector. */
  observe?: RequestHandler;
}

/** A program around this one. */
export type Surroundings = Pick<AppDeps, "hostRouters" | "extraRoutes" | "dress">;

/** The hallway: everything that a request passes, in order. */
export function createApp({
  config,
  database,
  log,
  recorder = noRecorder,
  calls = noCallCounter,
  metrics = [],
  lookUpTxt = txtLookup(),
  passwordCost,
  generateKeys = generateRsaKeys,
  hostRouters: routers = [],
  extraRoutes,
  dress,
  observe,
}: AppDeps): Express {
  const { baseUrl, sessionSecret, metricsToken } = config;
  const [sessions, refusals] = [sessionStore(database), refusalRecorder(database)];
  const [passwords, mails] = [passwordHasher(passwordCost), mailsOf(config.mail !== null)];
  const { measure, countSignal, routes: operationRoutes } = operations(database, metricsToken, metrics);

  const guesses = passwordLimits(database, knownDevices({ secret: sessionSecret, baseUrl }));
  const limits = configuredLimits(config);
  const [providers, keys] = [oidcProviders(limits), keyStore(limits)];
  const shared = { database, sealer: sealer(config.dataKey, config.formerDataKeys), baseUrl, recorder };
  const oidc = { ...shared, providers, keys };
  const saml = samlRoutes({ ...shared, limits, generateKeys }); // SAML
  const local = withLocalSignIns({ ...shared, limits: guesses, mails });

  const app = newExpress(config);
  setUpViews(app, { baseUrl, sendsMail: mails.isOn });

  if (observe) app.use(observe);
  app.use(requestContext(log));
  app.use(measure);
  app.use(securityHeaders(baseUrl));
  if (dress) app.use(dress);
  app.use("/assets", assets());
  app.use(operationRoutes);

  // Also below two slashes: an administrator copied the origin with one at its end.
  const scimMounts = [paths.scim, `/${paths.scim}`];
  app.use(scimMounts, scimRoutes({ database, baseUrl, passwords, calls, onExchange: recordScim(recorder) }));
  const verifyToken = tokenVerifier(keys, providers.jwksUri);
  app.use(recordUniversalLogout(recorder));
  app.use(universalLogoutRoutes({ database, baseUrl, verifyToken }));

  const ofWebhooks = { database, log, secrets: config.webhookSecrets };
  app.use(webhookRoutes(ofWebhooks, incomingWebhooks, webhookReceivers));
  app.use(refuseNul);
  app.use(transmitterRoutes({ database, baseUrl }));
  app.use(recordSharedSignals(recorder));
  app.use(sharedSignalsRoutes({ database, verifySet: setVerifier(keys), countEvent: countSignal }));
  const verifyAssertion = assertionVerifier(keys, providers.jwksUri);
  app.use(recordCrossAppAccess(recorder));
  app.use(recordScimAuthorization(recorder));
  app.use(recordAgentCalls(recorder));
  const grants = [
    crossAppAccessGrant({ database, baseUrl, verifyAssertion }),
    ...provisioningGrants(shared),
  ] as const;
  app.use(oauthRoutes({ database, baseUrl, limits, grants, revokeToken: tokenRevocation(database) }));
  app.use(resourceMetadataRoutes(baseUrl));

  const api = apiRoutes({ database, baseUrl }, apiOperations, apiRouters);
  app.use(api.agents);
  app.use(mcpRoutes({ database, baseUrl, log }, mcpTools));
  const cookie = sessionCookie({ sessions, sealer: shared.sealer, secret: sessionSecret, baseUrl, log });
  const parked = parkedSessions({ sessions, secret: sessionSecret, baseUrl });
  const session = [cookie, offerParked(parked), loadPerson(sessions)];
  if (routers.length > 0) app.use(hostRouters(routers, { baseUrl, session }));
  app.use(sameOrigin(baseUrl));
  app.use(recordSaml(recorder)); // SAML
  app.use(saml.acs); // SAML
  app.use(compressPages(), formBodies());
  app.use(session);
  app.use(pageContext, ownOrganisation);
  app.use(api.people);

  if (extraRoutes) app.use(extraRoutes);
  app.use(homeRoutes(), organisationRoutes());
  app.use(guideRoutes({ baseUrl }));
  app.use(loginRoutes({ ...local, passwords, refusals }), setupRoutes({ ...local, passwords }));
  app.use(secondStepRoutes(local), secondStepAccountRoutes(local));
  app.use(recordSignOut(recorder));
  app.use(accountRoutes({ ...local, passwords, signOutUrl: signOutUrlOf(oidc) }));
  app.use(forwardAuthRoutes({ ...shared, generateKeys, audiences: config.forwardAuthAudiences }));
  app.use(recordOidc(recorder));
  app.use(oidcRoutes(oidc));
  app.use(saml.pages); // SAML
  app.use(consentRoutes({ database, baseUrl, allowLoopback: config.insecureAllowPrivateNetwork }));
  app.use(customerGuideRoutes({ database, baseUrl }));
  app.use(inspectorRoutes({ database, baseUrl, showsSource: config.insecureAllowPrivateNetwork }));
  app.use(recordStreamManagement(recorder));
  const forConsole = { limits, providers, generateKeys, lookUpTxt, verifyAssertion, activityTargets, mails };
  app.use(adminRoutes({ ...shared, ...forConsole }));
  for (const routes of productRoutes) app.use(routes({ database, baseUrl }));

  app.use(pageNotFound);
  app.use(api.errors);
  app.use(leadToForm(app));
  app.use(recordRefusals(refusals));
  app.use(errorPages);
  return app;
}

/** Adds the parts of a sign-in without an identity provider, for its pages and the account page. */
function withLocalSignIns<Deps extends Parameters<typeof localSignIns>[0]>(deps: Deps) {
  return { ...deps, signIns: localSignIns(deps), webAuthn: webAuthn(deps) };
}

function newExpress({ trustProxy }: Config): Express {
  const app = express();
  app.disable("x-powered-by");
  app.set("trust proxy", trustProxy);
  app.set("query parser", "simple");
  return app;
}
