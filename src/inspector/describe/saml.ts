import { inflateRawSync } from "node:zlib";
import { type Request, type RequestHandler, Router } from "express";
import { outcomes } from "policy-list/policy";
import { children, type Element, elementsOf, ns, parseXml, readForm, textOf } from "saml-policy/parse";
import { policy } from "saml-policy/policy";
import { paths } from "../../endpoints.ts";
import { type BrokenRule, RefusedError } from "../../errors.ts";
import type { Message, MessageFact, MessagePart, RecordedCheck, Recorder, Route } from "../../recording.ts";
import { finishRules, mappedNames } from "../../saml/sign-in.ts";
import { connectionActive, ssoOf } from "../../sso/connection.ts";
import { repeatedSignInRules } from "../../sso/sign-in.ts";
import { decisionFacts, decisionText } from "./decision.ts";
import { signatureGroup } from "./groups.ts";
import { redirectPart, statusPart } from "./parts.ts";
import {
  checksOf,
  directoryCheck,
  isAmong,
  type NamedRule,
  readableName,
  unexplained,
  verdictOf,
} from "./rules.ts";
import { responseFacts, signedParts } from "./saml-summary.ts";
import { shownXml } from "./saml-xml.ts";

/** Records every message of a SAML sign-in once its response is sent. Mount it before the SAML routes. */
export function recordSaml(recorder: Recorder): RequestHandler {
  const router = Router();
  const watch: RequestHandler = (req, res, next) => {
    res.once("finish", () => {
      if (req.sso) recorder.record(req.sso.store.tenantId, () => messageOf(req));
    });
    next();
  };
  for (const path of Object.values(paths.saml(":connection"))) router.use(path, watch);
  return router;
}

/** The part of a message that depends on the address. */
interface DescribedStep {
  step: string;
  /** The source file that handled it, and the function in it. */
  file: string;
  handler: string;
  checks: RecordedCheck[];
  /** The summary if every check passed. */
  passed: string;
  request: MessagePart;
  response: MessagePart | null;
  route: Route;
  /** Values that it shares with other messages of its sign-in. */
  keys: readonly unknown[];
  people?: string[];
  facts?: MessageFact[];
}

function messageOf(req: Request): Message {
  const { connection, testId } = ssoOf(req, "saml");
  const { step, file, handler, facts = [], checks, passed, ...described } = describe(req);
  const { request, response, route, keys, people = [] } = described;
  const { identity } = req.saml ?? {};
  const names = identity ? [identity.loginName, identity.subject, identity.profile.email] : [];
  return {
    protocol: "saml",
    step,
    requestId: req.id,
    connectionKey: connection.key,
    flow: {
      kind: testId === null ? "sign-in" : "test",
      keys: keys.flatMap((key) => (typeof key === "string" && key !== "" ? [key] : [])),
    },
    at: req.receivedAt,
    ms: null,
    route,
    person: readableName([...names, ...people]),
    people: [...new Set([...names, ...people].filter((name) => name !== null))],
    file: `src/${file}`,
    handler,
    facts,
    request,
    response,
    ...verdictOf(checks, passed),
    secrets: secretsIn(req),
  };
}

function describe(req: Request): DescribedStep {
  if (req.path.endsWith("/acs")) return responseStep(req);
  if (req.path.endsWith("/finish")) return signInStep(req);
  const sent = formPart(req) ?? requestInRedirect(req);
  return {
    step: "Authentication request",
    file: "saml/routes.ts",
    handler: "beginLogin",
    checks: checksOrFault(req, [connectionActive]),
    passed: "The browser is sent to the provider",
    request: requestPart(req),
    response: sent ?? statusPart(req.res),
    // A refused browser stays here.
    route: sent ? { from: "product", to: "okta", carried: true } : fromBrowser,
    keys: [req.saml?.request?.id],
  };
}

const fromBrowser: Route = { from: "browser", to: "product", carried: false };

function responseStep(req: Request): DescribedStep {
  const mapped = mappedNames(ssoOf(req, "saml").connection.settings);
  const roots = shownRoots(req);
  const isEncrypted = roots.some((root) => children(root, ns.assertion, "EncryptedAssertion").length > 0);
  const xml = roots.map((root) => shownXml(root, mapped)).join("\n\n");
  const isTest = ssoOf(req).testId !== null;
  const form = formOf(req);
  const checks = checksOrFault(req, responsePolicy(isEncrypted)).map((check) =>
    check.group === signatureGroup ? { ...check, group: signedGroup(roots, isEncrypted) } : check,
  );
  return {
    step: "Response",
    file: "saml/sign-in.ts",
    handler: "acsSteps",
    checks,
    facts: responseFacts(roots, mapped),
    passed: isTest ? "The result of the test is kept" : "Accepted; waiting for the browser to return",
    request: {
      ...requestPart(req),
      ...(Object.keys(form).length > 0 ? { form } : {}),
      ...(xml === "" ? {} : { xml }),
    },
    response: statusPart(req.res),
    route: { from: "okta", to: "product", carried: true },
    keys: [roots[0]?.getAttribute("InResponseTo"), ticketIn(req)],
    people: roots.flatMap(elementsOf).flatMap((element) => nameIdOf(element) ?? []),
  };
}

function signInStep(req: Request): DescribedStep {
  const { error, decision } = ssoOf(req);
  const checks = checksOrFault(req, [connectionActive, ...finishRules, ...repeatedSignInRules]);
  if (req.saml?.accepted && (error || decision))
    checks.push(directoryCheck(decision !== null, error instanceof RefusedError ? error.reason : null));
  return {
    step: "Sign-in",
    file: "directory/sign-in.ts",
    handler: "signIn",
    facts: decisionFacts(decision),
    checks,
    passed: decision ? decisionText(decision) : "The person is asked whether to change who is signed in",
    request: requestPart(req),
    response: statusPart(req.res),
    route: fromBrowser,
    keys: [formOf(req).ticket, req.query.ticket, req.saml?.nextTicket],
  };
}

/** The ticket with which the browser goes on; a test has none. */
function ticketIn({ consumedResponse: consumed }: Request): string | undefined {
  return consumed && "ticket" in consumed ? consumed.ticket : undefined;
}

/** The heading of the rules about how the response is signed: by which parts have a signature that they can be about. */
function signedGroup([response]: readonly Element[], isEncrypted: boolean): string {
  if (isEncrypted) return "Signature of the response";
  const parts = response ? signedParts(response) : [];
  if (parts.length > 1) return "Signatures of response and assertion";
  return parts[0] ? `Signature of the ${parts[0].name}` : signatureGroup;
}

/** The rules that a response had to keep, in order. */
function responsePolicy(isEncrypted: boolean): NamedRule[] {
  const phases = policy.filter((phase) => isEncrypted || !phase.isEncryption);
  return [connectionActive, ...phases.flatMap(({ rules }) => rules)];
}

/** The rule that ended the sign-in, or the test; null if none did. */
function brokenRule(req: Request): BrokenRule | null {
  const { consumedResponse: consumed } = req;
  const error = consumed && "tested" in consumed ? consumed.tested.problem : ssoOf(req).error;
  return error instanceof RefusedError ? error.broken : null;
}

/** An error that no rule explains does not tell which rules held, unless it came after all of them. */
function checksOrFault(req: Request, rules: readonly NamedRule[]): RecordedCheck[] {
  const { error } = ssoOf(req);
  const broken = brokenRule(req);
  if (!error || isAmong(rules, broken) || req.saml?.accepted) return checksOf("saml", rules, broken);
  return [unexplained(error instanceof RefusedError ? error.reason : null)];
}

function requestPart({ method, path }: Request): MessagePart {
  return { head: [`${method} ${path}`] };
}

function formOf(req: Request): Record<string, unknown> {
  return Object(req.body);
}

/**
 * The response, and the assertion that was encrypted in it once its signature is verified. XML that the policy refused to
 * parse is not parsed here either.
 */
function shownRoots(req: Request): Element[] {
  const rules = responsePolicy(true);
  const broken = brokenRule(req);
  if (ssoOf(req).error && !isAmong(rules, broken)) return [];
  const isParsed = outcomes(rules, broken).some(
    ({ id, outcome }) => id === "well-formed" && outcome === "passed",
  );
  if (!isParsed) return [];
  const response = rootOf(readForm({ form: formOf(req), query: req.query }).xml);
  const isEncrypted = children(response, ns.assertion, "EncryptedAssertion").length > 0;
  const signedXml = req.saml?.signedXml;
  return isEncrypted && signedXml !== undefined ? [response, rootOf(signedXml)] : [response];
}

function rootOf(xml: string): Element {
  const { documentElement } = parseXml(xml);
  if (!documentElement) throw new Error("a document without an element");
  return documentElement;
}

function nameIdOf(element: Element): string | null {
  return element.localName === "NameID" ? textOf(element) : null;
}

/** Our request, from the address that the browser is sent to (SAML Bindings §3.4.4.1). */
function requestInRedirect(req: Request): MessagePart | null {
  const part = redirectPart(req.res);
  const request = part?.query.SAMLRequest;
  if (!part || request === undefined) return part && { head: part.head };
  const xml = inflateRawSync(Buffer.from(request, "base64")).toString("utf8");
  const mapped = mappedNames(ssoOf(req, "saml").connection.settings);
  return { ...part, xml: shownXml(rootOf(xml), mapped) };
}

/** Our request, from the form that the browser posts to the provider (SAML Bindings §3.5.4). */
function formPart(req: Request): MessagePart | null {
  const { form, request } = req.saml ?? {};
  if (!form || !request) return null;
  const { settings } = request.connection;
  const xml = Buffer.from(form.SAMLRequest, "base64").toString("utf8");
  return {
    head: ["200 OK", `A form for POST ${settings.ssoUrl}`],
    form: { ...form },
    xml: shownXml(rootOf(xml), mappedNames(settings)),
  };
}

/** Values with which another browser could go on with the sign-in. A RelayState that is an address is not one of them. */
function secretsIn(req: Request): string[] {
  const { SAMLResponse, RelayState, ticket } = formOf(req);
  const location = req.res?.get("location") ?? "";
  const query = URL.canParse(location, "http://relative")
    ? new URL(location, "http://relative").searchParams
    : null;
  const states = [RelayState, query?.get("RelayState"), req.saml?.form?.RelayState].filter(
    (state) => !/^(\/|https?:)/.test(String(state)),
  );
  const others = [SAMLResponse, ticket, req.query.ticket, query?.get("ticket"), query?.get("Signature")];
  return [...states, ...others].filter((value) => typeof value === "string" && value !== "").map(String);
}
