/**
 * OAuth 2.0 for SCIM: an owner lets Okta provision their organisation, instead of copying a token (RFC 6749 §4.1; Okta:
 * Authentication settings).
 *
 * Owns: the authorization endpoint with its page (this file), and the grants of the token endpoint (grants.ts): a code and a
 * refresh token. policy.ts has the rules. src/oauth/ has the endpoint and authenticates the client. May import: the ground
 * floor, directory, store, web and oauth.
 */
import { randomUUID } from "node:crypto";
import { type ErrorRequestHandler, type Request, type RequestHandler, type Response, Router } from "express";
import { judge, RuleBrokenError } from "policy-list/policy";
import { checkSourceName } from "../directory/provisioning-tokens.ts";
import { defaultSourceName } from "../directory/tenants.ts";
import { paths } from "../endpoints.ts";
import { InvalidError } from "../errors.ts";
import { hashToken, randomToken } from "../store/secrets.ts";
import { answerForm, answerProblems, leave, submittedForm } from "../web/answers.ts";
import { requireFreshSignIn } from "../web/fresh-sign-in.ts";
import { requireSignIn, signedIn, storeOf } from "../web/guards.ts";
import { formField } from "../web/request.ts";
import { endSession } from "../web/sessions.ts";
import {
  type AuthorizationDeps,
  authorizationOf,
  errorForClient,
  readAuthorization,
  responseUrl,
} from "./consent-request.ts";
import { consentRules, ownerRules } from "./policy.ts";

/** RFC 6749 §4.1.2 recommends ten minutes at most. Okta redeems a code at once. */
const codeLifetimeMs = 60_000;
/** The place of the page's answers. */
const at = "consent";
const backToOkta = { title: "Back to Okta", action: "Continue to Okta" };

export function consentRoutes(deps: AuthorizationDeps): Router {
  const router = Router();
  const read = [noStore, readAuthorization(deps), requireSignIn];
  const allowed = [requireOwner, requireFreshSignIn];
  router.get(paths.authorize, ...read, ...allowed, showConsent(deps));
  router.post(paths.authorize, ...read, leaveUnlessAllowed(deps), requireSame, ...allowed, allowSource(deps));
  router.use(paths.authorize, answerRefusals(deps));
  return router;
}

const noStore: RequestHandler = (_req, res, next) => {
  res.set("Cache-Control", "no-store");
  next();
};

const requireOwner: RequestHandler = (req, _res, next) => {
  judge(ownerRules, { isOwner: signedIn(req).role === "owner" });
  next();
};

function showConsent({ database }: AuthorizationDeps): RequestHandler {
  return async (req, res) => {
    const { tenant } = signedIn(req);
    const sources = await storeOf(req, database).sources.list();
    const form = submittedForm(res, at) ?? { values: { source: defaultSourceName }, problems: {}, notes: {} };
    const title = `Let Okta provision ${tenant.name}?`;
    const shown = { address: req.originalUrl, shown: shownPerson(req), sources, form };
    res.render("authorize", { title, stylesheets: ["admin.css"], ...shown });
  };
}

/** The person and the organisation of the page, which the form sends back. */
function shownPerson(req: Request): string {
  const { tenant, user } = signedIn(req);
  return `${tenant.id}/${user.id}`;
}

/** Leaves without a permission, which any person may do, or lets "Allow" pass. */
function leaveUnlessAllowed({ baseUrl }: AuthorizationDeps): RequestHandler {
  return async (req, res, next) => {
    const decision = formField(req, "decision");
    if (decision === "allow") return next();
    if (decision === "switch") return await switchAccount(req, res);
    req.log.info({ tenantId: signedIn(req).tenant.id }, "scim_authorization.denied");
    leave(res, responseUrl(authorizationOf(req), baseUrl, { error: "access_denied" }), backToOkta);
  };
}

const requireSame: RequestHandler = (req, _res, next) => {
  judge(consentRules, { isSame: formField(req, "shown") === shownPerson(req) });
  next();
};

function allowSource(deps: AuthorizationDeps): RequestHandler {
  return async (req, res) => {
    const source = formField(req, "source").trim();
    try {
      checkSourceName(source);
    } catch (error) {
      if (!(error instanceof InvalidError)) throw error;
      const problem = { values: { source }, problems: { source: error.message }, notes: {} };
      return await answerProblems({ req, res }, { page: req.originalUrl, at }, problem);
    }
    const code = await allow(deps, req, source);
    const request = authorizationOf(req);
    request.code = code;
    leave(res, responseUrl(request, deps.baseUrl, { code }), backToOkta);
  };
}

/** Signs out here only, and asks for another sign-in that leads back to the same question. */
async function switchAccount(req: Request, res: Response): Promise<void> {
  await endSession(req);
  res.redirect(303, `${paths.login}?${new URLSearchParams({ returnTo: req.originalUrl })}`);
}

/** Creates the code that the client redeems. */
async function allow({ database }: AuthorizationDeps, req: Request, sourceName: string): Promise<string> {
  const { tenant, user } = signedIn(req);
  const { clientId, redirectUri, challenge } = authorizationOf(req);
  const [id, code] = [randomUUID(), randomToken()];
  await storeOf(req, database).transaction(async (store) => {
    await store.provisioningCodes.create({
      id,
      codeHash: hashToken(code),
      clientId,
      redirectUri,
      challenge,
      sourceName,
      userId: user.id,
      accessEpoch: user.accessEpoch,
      expiresAt: Date.now() + codeLifetimeMs,
    });
    const actor = { actorKind: "admin" as const, actor: user.loginName, actorId: user.id };
    const entry = { action: "grant.allowed", targetId: id, changed: [sourceName], requestId: req.id };
    await store.activity.record({ ...actor, ...entry });
  });
  req.log.info({ tenantId: tenant.id, userId: user.id, clientId }, "scim_authorization.allowed");
  return code;
}

/** The page for a person, by the rule that broke. */
const refusalTexts: Readonly<Record<string, { title: string; text: string }>> = {
  "authorize-owner": {
    title: "Only an owner can allow this",
    text: "Okta asks to provision your organisation. Sign in as an owner, or ask one to connect Okta.",
  },
};

const brokenRequest = {
  title: "This request is not from Okta",
  text: "Nothing was allowed, and you were not sent anywhere. Start again in the Okta Admin Console, on the Provisioning tab of the app.",
};

/**
 * A client learns of its mistakes at its redirect URI. With a wrong client or redirect URI, the person sees a page and the
 * browser goes nowhere, or we would be an open redirector (RFC 6749 §4.1.2.1).
 */
function answerRefusals({ baseUrl }: AuthorizationDeps): ErrorRequestHandler {
  return async (error: unknown, req, res, next) => {
    if (!(error instanceof RuleBrokenError) || res.headersSent) return next(error);
    const { id } = error.rule;
    req.log.warn({ rule: id, reason: error.message }, "scim_authorization.refused");
    const code = errorForClient(error);
    if (code !== null && req.authorization) {
      const description = error.rule.name;
      const url = responseUrl(req.authorization, baseUrl, { error: code, error_description: description });
      if (req.method === "POST") return leave(res, url, backToOkta);
      return res.redirect(303, url);
    }
    if (id === "consent-same") {
      const text =
        "You have signed in with another account since this page was opened. Check the organisation.";
      return await answerForm(req, res, req.originalUrl, { kind: "problem", text, at });
    }
    const page = refusalTexts[id] ?? brokenRequest;
    const canSwitch = id === "authorize-owner";
    res.status(canSwitch ? 403 : 400);
    res.render("authorize-refused", { ...page, rule: id, canSwitch, address: req.originalUrl });
  };
}
