import { STATUS_CODES } from "node:http";
import { inflateRawSync } from "node:zlib";
import { type Request, type RequestHandler, Router } from "express";
import { outcomes } from "policy-list/policy";
import {
  children,
  type Element,
  elementsOf,
  type Node,
  ns,
  parseXml,
  readForm,
  textOf,
} from "saml-policy/parse";
import { policy } from "saml-policy/policy";
import { paths } from "../../endpoints.ts";
import { type BrokenRule, RefusedError } from "../../errors.ts";
import type { Message, MessagePart, RecordedCheck, Recorder, Route } from "../../recording.ts";
import { arrivalRules, mappedNames } from "../../saml/sign-in.ts";
import { connectionActive, ssoOf } from "../../sso/connection.ts";
import { checksOf, isAmong, type NamedRule, readableName, unexplained, verdictOf } from "./rules.ts";

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
  /** The source file that handled it. */
  file: string;
  checks: RecordedCheck[];
  /** The summary if every check passed. */
  passed: string;
  request: MessagePart;
  response: MessagePart | null;
  route: Route;
  /** Values that it shares with other messages of its sign-in. */
  keys: readonly unknown[];
  people?: string[];
}

function messageOf(req: Request): Message {
  const { connection, testId } = ssoOf(req, "saml");
  const { step, file, checks, passed, request, response, route, keys, people = [] } = describe(req);
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
    request,
    response,
    ...verdictOf(checks, passed),
    secrets: secretsIn(req),
  };
}

function describe(req: Request): DescribedStep {
  if (req.path.endsWith("/acs")) return responseStep(req);
  if (req.path.endsWith("/finish")) return signInStep(req);
  const sent = formPart(req) ?? redirectPart(req);
  return {
    step: "Authentication request",
    file: "saml/routes.ts",
    checks: checksOrFault(req, [connectionActive]),
    passed: "The browser is sent to the provider",
    request: requestPart(req),
    response: sent ?? statusPart(req),
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
  return {
    step: "Response",
    file: "saml/sign-in.ts",
    checks: checksOrFault(req, responsePolicy(isEncrypted)),
    passed: isTest ? "The result of the test is kept" : "Kept until the browser that brought it comes back",
    request: {
      ...requestPart(req),
      json: { RelayState: formOf(req).RelayState },
      ...(xml === "" ? {} : { xml }),
    },
    response: statusPart(req),
    route: { from: "okta", to: "product", carried: true },
    keys: [roots[0]?.getAttribute("InResponseTo"), ticketIn(req)],
    people: roots.flatMap(elementsOf).flatMap((element) => nameIdOf(element) ?? []),
  };
}

function signInStep(req: Request): DescribedStep {
  const { error, foundBy } = ssoOf(req);
  const checks = checksOrFault(req, [connectionActive, ...arrivalRules]);
  if (req.saml?.arrival && (error || foundBy)) {
    checks.push({
      name: "The directory lets the person in",
      verdict: foundBy === null ? "failed" : "passed",
      detail: error instanceof RefusedError ? error.reason : null,
    });
  }
  return {
    step: "Sign-in",
    file: "directory/sign-in.ts",
    checks,
    passed: foundBy
      ? `Signed in, found by ${foundBy}`
      : "The person is asked whether to change who is signed in",
    request: requestPart(req),
    response: statusPart(req),
    route: fromBrowser,
    keys: [formOf(req).ticket, req.query.ticket, req.saml?.nextTicket],
  };
}

/** The ticket with which the browser goes on; a test has none. */
function ticketIn({ consumedResponse: consumed }: Request): string | undefined {
  return consumed && "ticket" in consumed ? consumed.ticket : undefined;
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
  if (!error || isAmong(rules, broken) || req.saml?.arrival) return checksOf(rules, broken);
  return [unexplained(error instanceof RefusedError ? error.reason : null)];
}

function requestPart({ method, path }: Request): MessagePart {
  return { head: [`${method} ${path}`] };
}

function statusPart({ res }: Request): MessagePart | null {
  return res ? { head: [`${res.statusCode} ${STATUS_CODES[res.statusCode]}`] } : null;
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
function redirectPart(req: Request): MessagePart | null {
  const { res } = req;
  const location = res?.get("location");
  if (!res || !location || !URL.canParse(location)) return null;
  const { origin, pathname, searchParams } = new URL(location);
  const request = searchParams.get("SAMLRequest");
  const head = [`${res.statusCode} ${STATUS_CODES[res.statusCode]}`, `Location: ${origin}${pathname}`];
  if (request === null) return { head };
  const xml = inflateRawSync(Buffer.from(request, "base64")).toString("utf8");
  const [RelayState, SigAlg] = [searchParams.get("RelayState"), searchParams.get("SigAlg")];
  const mapped = mappedNames(ssoOf(req, "saml").connection.settings);
  return { head, json: { RelayState, SigAlg }, xml: shownXml(rootOf(xml), mapped) };
}

/** Our request, from the form that the browser posts to the provider (SAML Bindings §3.5.4). */
function formPart(req: Request): MessagePart | null {
  const { form, request } = req.saml ?? {};
  if (!form || !request) return null;
  const { settings } = request.connection;
  const xml = Buffer.from(form.SAMLRequest, "base64").toString("utf8");
  return {
    head: ["200 OK", `A form for POST ${settings.ssoUrl}`],
    json: { RelayState: form.RelayState },
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

/** Texts that are known to be harmless. Values of mapped attributes are shown, too; everything else is hidden. */
const shownTexts = new Set(
  "Issuer NameID Audience AuthnContextClassRef AuthenticatingAuthority StatusMessage".split(" "),
);
const shownXmlAttributes = new Set(
  `ID Version IssueInstant Destination InResponseTo Recipient Consent Method NotBefore NotOnOrAfter SessionNotOnOrAfter
AuthnInstant Format NameFormat NameQualifier SPNameQualifier Name FriendlyName Algorithm URI AllowCreate
AssertionConsumerServiceURL ProtocolBinding ForceAuthn IsPassive ProviderName`.split(/\s/),
);
const notMapped = "[not mapped]";
const certificateLength = 40;

/** XML as the inspector shows it: indented, and without personal data that is not mapped to a field of this application. */
function shownXml(element: Element, mapped: ReadonlySet<string>, depth = 0): string {
  const indent = "  ".repeat(depth);
  const open = [element.tagName, ...xmlAttributes(element)].join(" ");
  const inside = Array.from(element.childNodes).filter((node): node is Element => node.nodeType === 1);
  const text = element.textContent?.trim() ?? "";
  if (element.localName === "AttributeValue" && !isMapped(element, mapped))
    return `${indent}<${open}>${notMapped}</${element.tagName}>`;
  if (inside.length > 0) {
    const lines = inside.map((child) => shownXml(child, mapped, depth + 1));
    return [`${indent}<${open}>`, ...lines, `${indent}</${element.tagName}>`].join("\n");
  }
  return text === ""
    ? `${indent}<${open}/>`
    : `${indent}<${open}>${escaped(shownText(element, text))}</${element.tagName}>`;
}

function isMapped(value: Element, mapped: ReadonlySet<string>): boolean {
  const parent: Node | null = value.parentNode;
  const name = parent?.nodeType === 1 ? (parent as Element).getAttribute("Name") : null;
  return name !== null && mapped.has(name) && children(value, ns.assertion, "NameID").length === 0;
}

function shownText({ localName }: Element, text: string): string {
  if (localName === "AttributeValue" || shownTexts.has(localName ?? "")) return text;
  // A certificate is public, but long.
  if (localName === "X509Certificate") return `${text.slice(0, certificateLength)}…`;
  return ["SignatureValue", "DigestValue", "CipherValue"].includes(localName ?? "")
    ? "[redacted]"
    : notMapped;
}

function xmlAttributes(element: Element): string[] {
  return Array.from(element.attributes).map(({ name, localName, value }) => {
    const isShown =
      name.startsWith("xmlns") ||
      name.startsWith("xsi:") ||
      shownXmlAttributes.has(name) ||
      (element.localName === "StatusCode" && localName === "Value");
    return `${name}="${isShown ? escaped(value) : notMapped}"`;
  });
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
