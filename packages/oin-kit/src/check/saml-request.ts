import { inflateRawSync } from "node:zlib";
import type { Element } from "@xmldom/xmldom";
import { destinationOf } from "./destination.ts";
import type { CheckReport } from "./report.ts";
import { shown, type Web, type WebAnswer } from "./web.ts";
import { below, isNamed, isWeak, ns, rootOf, signatureAlgorithms } from "./xml.ts";

export interface SamlSignIn {
  /** The deployment. */
  url: string;
  signInUrl: string;
  acsUrl: string;
  entityId: string;
}

/** An AuthnRequest with the parameters of its binding, redirect or POST (SAML Bindings §3.4, §3.5). */
interface SentAuthnRequest {
  destination: string;
  request: Element;
  relayState: string;
  /** Algorithms of its signature; empty if it is not signed. */
  algorithms: string[];
}

const maxRequestBytes = 100_000;

export async function checkSamlSignIn(signIn: SamlSignIn, web: Web, report: CheckReport): Promise<void> {
  const answer = await web.send(signIn.signInUrl);
  const sent = byRedirect(answer, signIn.signInUrl) ?? byForm(answer);
  const away = sent !== null && new URL(sent.destination).origin !== signIn.url;
  if (answer.status >= 400 && answer.status < 500 && answer.status !== 404) {
    report.gaveUp("saml", `the sign-in URL leads nowhere: ${shown(answer)}. Is the connection active?`);
    return;
  }
  report.judge("saml-sign-in", away, `${shown(answer)}${sent ? "" : ", without an AuthnRequest"}`);
  if (sent) judgeRequest(sent, signIn, report);
}

function judgeRequest(
  { request, destination, relayState, algorithms }: SentAuthnRequest,
  wizard: SamlSignIn,
  report: CheckReport,
): void {
  const issuer = below(request, ns.assertion, "Issuer")[0]?.textContent?.trim() ?? "";
  const acsUrl = request.getAttribute("AssertionConsumerServiceURL") ?? "";
  const to = request.getAttribute("Destination") ?? "";
  const wrong = [
    ...(issuer === wizard.entityId
      ? []
      : [`Issuer is ${issuer || "absent"}, the Wizard's entity ID ${wizard.entityId}`]),
    ...(acsUrl === wizard.acsUrl
      ? []
      : [`AssertionConsumerServiceURL is ${acsUrl || "absent"}, the Wizard's ${wizard.acsUrl}`]),
    ...(to === destination ? [] : [`Destination is ${to || "absent"}, sent to ${destination}`]),
    ...(/^[A-Za-z_]/.test(request.getAttribute("ID") ?? "") ? [] : ["ID does not begin with a letter or _"]),
  ];
  report.judge("saml-request", wrong.length === 0, wrong.length ? wrong.join("; ") : `to ${destination}`);
  const weak = algorithms.filter(isWeak);
  const signed = algorithms.length === 0 ? "not signed, which Okta does not ask for" : algorithms.join(", ");
  report.judge("saml-request-signature", weak.length === 0, signed);
  const forced = request.getAttribute("ForceAuthn") === "true";
  report.judge("saml-force-authn", !forced, forced ? "ForceAuthn is true" : "ForceAuthn is absent or false");
  const opaque = Buffer.byteLength(relayState) <= 80 && !/^https?:|\//.test(relayState);
  report.judge(
    "saml-relay-state",
    opaque,
    relayState === "" ? "absent" : `${Buffer.byteLength(relayState)} bytes`,
  );
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
  };
}

/** The address without the binding's parameters. */
function withoutMessage(target: URL): string {
  const address = new URL(target);
  for (const name of ["SAMLRequest", "RelayState", "SigAlg", "Signature"]) address.searchParams.delete(name);
  return address.href;
}

function byForm({ text }: WebAnswer): SentAuthnRequest | null {
  const field = (name: string) =>
    new RegExp(`name=["']${name}["'][^>]*value=["']([^"']*)["']`, "i").exec(text)?.[1] ?? null;
  const action = /<form[^>]*action=["']([^"']*)["']/i.exec(text)?.[1];
  const encoded = field("SAMLRequest");
  if (!action || encoded === null || !URL.canParse(action)) return null;
  const request = requestIn(() => Buffer.from(encoded, "base64"));
  if (!request) return null;
  return {
    destination: action,
    request,
    relayState: field("RelayState") ?? "",
    algorithms: signatureAlgorithms(request),
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
