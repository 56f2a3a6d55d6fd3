import { type KeyObject, verify, X509Certificate } from "node:crypto";
import { inflateRawSync } from "node:zlib";
import type { Element } from "@xmldom/xmldom";
import { cachingProblem } from "./caching.ts";
import { cookieProblems, cookiesSeen } from "./cookies.ts";
import { destinationOf } from "./destination.ts";
import { attributeOf, tagsOf } from "./markup.ts";
import type { CheckReport } from "./report.ts";
import { acsIndexes, postBinding, type SpMetadata, stableNameIds } from "./saml-metadata.ts";
import { shown, type Web, type WebAnswer } from "./web.ts";
import { below, isNamed, isWeak, ns, rootOf, signatureAlgorithms, signingCertificates } from "./xml.ts";

export interface SamlSignIn {
  /** The deployment. */
  url: string;
  signInUrl: string;
  acsUrl: string;
  entityId: string;
  /** null if it could not be read. */
  metadata: SpMetadata | null;
}

/** An AuthnRequest with the parameters of its binding, redirect or POST (SAML Bindings §3.4, §3.5). */
interface SentAuthnRequest {
  destination: string;
  request: Element;
  relayState: string;
  /** Algorithms of its signature; empty if it is not signed. */
  algorithms: string[];
  /** The signed part of a redirect's query, and its signature; null for the POST binding, or without one. */
  signed: { query: string; algorithm: string; signature: string } | null;
}

const maxRequestBytes = 100_000;
/** Okta refuses a request whose clock is further away. */
const clockMs = 300_000;

export async function checkSamlSignIn(signIn: SamlSignIn, web: Web, report: CheckReport): Promise<void> {
  const answer = await web.send(signIn.signInUrl);
  const sent = requestOf(answer, signIn.signInUrl);
  const away = sent !== null && new URL(sent.destination).origin !== signIn.url;
  report.judge("saml-sign-in", away, `${shown(answer)}${sent ? "" : ", without an AuthnRequest"}`);
  if (!sent) {
    report.gaveUp("saml", `the sign-in URL leads nowhere: ${shown(answer)}`);
    return;
  }
  const kept = cachingProblem(answer);
  report.judge("saml-not-cached", kept === null, kept ?? shown(answer));
  const faults = cookieProblems(answer, signIn.signInUrl, "cross-site-post");
  report.judge("saml-cookies", faults.length === 0, faults.join("; ") || cookiesSeen(answer));
  judgeRequest(sent, signIn, report);
  judgeBehaviour(sent, report);
  const second = requestOf(await web.send(signIn.signInUrl), signIn.signInUrl);
  const ids = [sent, second].flatMap((one) => one?.request.getAttribute("ID") ?? []);
  report.judge("saml-request-id", new Set(ids).size === 2, `IDs of two requests: ${idsSeen(ids)}`);
}

function requestOf(answer: WebAnswer, base: string): SentAuthnRequest | null {
  return byRedirect(answer, base) ?? byForm(answer);
}

function idsSeen(ids: readonly string[]): string {
  if (ids.length < 2) return "one is absent";
  return ids[0] === ids[1] ? "the same" : "different";
}

/** Compares a request with the Wizard's values and the metadata. */
function judgeRequest(sent: SentAuthnRequest, wizard: SamlSignIn, report: CheckReport): void {
  const { request, destination, algorithms } = sent;
  const wrong = requestProblems(sent, wizard);
  report.judge("saml-request", wrong.length === 0, wrong.length ? wrong.join("; ") : `to ${destination}`);
  const index = request.getAttribute("AssertionConsumerServiceIndex");
  if (index && wizard.metadata)
    report.judge(
      "saml-acs-index",
      acsIndexes(wizard.metadata.role).includes(index),
      `the request names ${index}`,
    );
  const invalid = signatureProblem(sent, wizard.metadata);
  if (invalid !== null) report.judge("saml-request-signature", false, invalid);
  const weak = algorithms.filter(isWeak);
  const promised = wizard.metadata?.role.getAttribute("AuthnRequestsSigned") === "true";
  const unsigned = promised
    ? "not signed, but the metadata promises it"
    : "not signed, which Okta does not ask for";
  report.judge(
    "saml-request-signature",
    weak.length === 0 && !(promised && algorithms.length === 0),
    algorithms.length === 0 ? unsigned : algorithms.join(", "),
  );
}

/** Okta verifies a signed request with the certificate that the customer uploads: one of the metadata's. */
function signatureProblem({ signed }: SentAuthnRequest, metadata: SpMetadata | null): string | null {
  const [, digest] = /(sha(?:256|384|512))$/i.exec(signed?.algorithm ?? "") ?? [];
  const keys = metadata ? signingCertificates(metadata.role).flatMap(keyOf) : [];
  if (!signed || !digest || keys.length === 0) return null;
  const [data, signature] = [Buffer.from(signed.query), Buffer.from(signed.signature, "base64")];
  const isBy = (key: KeyObject) => verify(digest, data, { key, dsaEncoding: "ieee-p1363" }, signature);
  return keys.some(isBy) ? null : "no certificate of the metadata verifies the request's signature";
}

/** The key of a certificate in base64; none if it cannot be read, which saml-certificate judges. */
function keyOf(base64: string): KeyObject[] {
  try {
    return [new X509Certificate(Buffer.from(base64, "base64")).publicKey];
  } catch {
    return [];
  }
}

function requestProblems(
  { request, destination, algorithms }: SentAuthnRequest,
  wizard: SamlSignIn,
): string[] {
  const issuer = below(request, ns.assertion, "Issuer")[0]?.textContent?.trim() ?? "";
  const attribute = (name: string) => request.getAttribute(name) ?? "";
  const acsUrl = attribute("AssertionConsumerServiceURL");
  const to = attribute("Destination");
  // Only a signed request must say where it goes (SAML Bindings §3.4.5.2 and §3.5.5.2).
  const mayOmit = algorithms.length === 0;
  const drift = Math.abs(Date.parse(attribute("IssueInstant")) - Date.now());
  const checks: [holds: boolean, otherwise: string][] = [
    [
      issuer === wizard.entityId,
      `Issuer is ${issuer || "absent"}, the Wizard's entity ID ${wizard.entityId}`,
    ],
    [
      // Without it, Okta takes the index, or the default ACS URL.
      ["", wizard.acsUrl].includes(acsUrl),
      `AssertionConsumerServiceURL is ${acsUrl}, the Wizard's ${wizard.acsUrl}`,
    ],
    [
      to === destination || (to === "" && mayOmit),
      `Destination is ${to || "absent"}, sent to ${destination}`,
    ],
    [
      /^[A-Za-z_][\w.-]*$/.test(attribute("ID")),
      "ID is not a letter or _, and then letters, digits, period, _ or hyphen",
    ],
    [attribute("Version") === "2.0", `Version is ${attribute("Version") || "absent"}`],
    [drift < clockMs, `IssueInstant is ${attribute("IssueInstant") || "absent"}`],
    [
      ["", postBinding].includes(attribute("ProtocolBinding")),
      `ProtocolBinding is ${attribute("ProtocolBinding")}, and Okta responds by HTTP-POST`,
    ],
  ];
  return checks.flatMap(([holds, otherwise]) => (holds ? [] : [otherwise]));
}

/** Judges what the request asks of Okta. */
function judgeBehaviour({ request, relayState }: SentAuthnRequest, report: CheckReport): void {
  const isTrue = (name: string) => ["true", "1"].includes(request.getAttribute(name) ?? "");
  const forced = isTrue("ForceAuthn");
  report.judge("saml-force-authn", !forced, forced ? "ForceAuthn is true" : "ForceAuthn is absent or false");
  const passive = isTrue("IsPassive");
  report.judge("saml-is-passive", !passive, passive ? "IsPassive is true" : "IsPassive is absent or false");
  const [format = ""] = below(request, ns.protocol, "NameIDPolicy").flatMap(
    (policy) => policy.getAttribute("Format") || [],
  );
  report.judge(
    "saml-name-id",
    format === "" || stableNameIds.includes(format),
    `NameIDPolicy asks for ${format || "no format"}`,
  );
  const bytes = Buffer.byteLength(relayState);
  const opaque = bytes <= 80 && !/^https?:|\//.test(relayState);
  report.judge("saml-relay-state", opaque, relayState === "" ? "absent" : `${bytes} bytes`);
}

function byRedirect(answer: WebAnswer, base: string): SentAuthnRequest | null {
  const target = destinationOf(answer, base);
  const deflated = target?.searchParams.get("SAMLRequest");
  if (!target || !deflated) return null;
  const request = requestIn(() =>
    inflateRawSync(Buffer.from(deflated, "base64"), { maxOutputLength: maxRequestBytes }),
  );
  const algorithm = target.searchParams.get("SigAlg");
  if (!request) return null;
  return {
    destination: withoutMessage(target),
    request,
    relayState: target.searchParams.get("RelayState") ?? "",
    algorithms: algorithm === null ? [] : [algorithm],
    signed: signedPart(target),
  };
}

/** A redirect signs these parameters, in this order, as they are encoded in the address (SAML Bindings §3.4.4.1). */
function signedPart({ search, searchParams }: URL): SentAuthnRequest["signed"] {
  const [algorithm, signature] = [searchParams.get("SigAlg"), searchParams.get("Signature")];
  if (!algorithm || !signature) return null;
  const parameters = search.slice(1).split("&");
  const query = ["SAMLRequest", "RelayState", "SigAlg"]
    .flatMap((name) => parameters.find((one) => one.startsWith(`${name}=`)) ?? [])
    .join("&");
  return { query, algorithm, signature };
}

/** The address without the binding's parameters. */
function withoutMessage(target: URL): string {
  const address = new URL(target);
  for (const name of ["SAMLRequest", "RelayState", "SigAlg", "Signature"]) address.searchParams.delete(name);
  return address.href;
}

function byForm({ text }: WebAnswer): SentAuthnRequest | null {
  const inputs = tagsOf(text, "input");
  const field = (name: string) => {
    const input = inputs.find((tag) => attributeOf(tag, "name") === name);
    return input === undefined ? null : attributeOf(input, "value");
  };
  const actions = tagsOf(text, "form").flatMap((tag) => attributeOf(tag, "action") ?? []);
  // Forms of the page itself, such as a search, have a path.
  const action = actions.find((one) => URL.canParse(one));
  const encoded = field("SAMLRequest");
  if (!action || encoded === null) return null;
  const request = requestIn(() => Buffer.from(encoded, "base64"));
  if (!request) return null;
  return {
    destination: action,
    request,
    relayState: field("RelayState") ?? "",
    algorithms: signatureAlgorithms(request),
    signed: null,
  };
}

function requestIn(read: () => Buffer): Element | null {
  try {
    const root = rootOf(read().toString("utf8"));
    return isNamed(root, ns.protocol, "AuthnRequest") ? root : null;
  } catch {
    return null;
  }
}
